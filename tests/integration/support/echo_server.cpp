// See echo_server.h.
#include "tests/integration/support/echo_server.h"

#include "tests/integration/support/http_text.h"
#include "tests/integration/support/web_socket.h"

namespace proxytest {
namespace {

constexpr std::size_t kMostQueued = 256 * 1024;
constexpr const char* kNotAsked = "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n";

std::string switching(const HeaderList& request) {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
         webSocketAccept(headerValue(request, "Sec-WebSocket-Key").value_or("")) + "\r\n\r\n";
}

class EchoConnection : public LoopConnection {
 public:
  EchoConnection(EventLoop& loop, Descriptor socket, const TlsContext& tls, bool upgraded)
      : LoopConnection(loop, std::move(socket), tls, AsyncSocket::Side::kServer), upgraded_(upgraded) {}

 private:
  void received(std::string_view bytes) override {
    if (!upgraded_) return shakeHands(bytes);
    send(bytes);
    if (queued() > kMostQueued) setReading(false);
  }
  void flushed() override { setReading(true); }
  void ended(bool) override { closeWhenFlushed(); }

  void shakeHands(std::string_view bytes) {
    head_ += bytes;
    const std::size_t end = head_.find("\r\n\r\n");
    if (end == std::string::npos) return;
    const HeaderList headers = parseHeaders(head_.substr(0, end + 4));
    const std::string behind = head_.substr(end + 4);
    head_ = {};
    upgraded_ = equalsIgnoringCase(headerValue(headers, "Upgrade").value_or(""), "websocket");
    send(upgraded_ ? switching(headers) : kNotAsked);
    if (!behind.empty()) received(behind);
  }

  bool upgraded_;
  std::string head_;
};

}  // namespace

EchoServer::EchoServer(Speaks speaks, const Certificate* certificate)
    : speaks_(speaks), tls_(certificate != nullptr ? makeTlsServerContext(*certificate) : nullptr) {
  start();
}

std::unique_ptr<LoopConnection> EchoServer::makeConnection(Descriptor socket, std::uint64_t) {
  return std::make_unique<EchoConnection>(loop(), std::move(socket), tls_, speaks_ == Speaks::kEcho);
}

}  // namespace proxytest
