// See counting_server.h.
#include "tests/integration/support/counting_server.h"

#include <algorithm>
#include <utility>

#include "tests/integration/support/http_text.h"
#include "tests/integration/support/web_socket.h"

namespace proxytest {

class CountingServer::Connection : public LoopConnection {
 public:
  Connection(CountingServer& server, Descriptor socket, std::uint64_t number)
      : LoopConnection(server.loop(), std::move(socket), nullptr, AsyncSocket::Side::kServer),
        server_(server),
        number_(number) {}

  void answer(const std::string& name) {
    if (!std::exchange(isAsked_, false)) return;
    server_.end();
    send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(name.size()) + "\r\n\r\n" + name);
  }

 private:
  void received(std::string_view bytes) override {
    if (isTunnel_) return send(bytes);
    input_ += bytes;
    for (std::size_t end = 0; (end = input_.find("\r\n\r\n")) != std::string::npos;) {
      const std::string head = input_.substr(0, end + 4);
      input_.erase(0, end + 4);
      ask(head);
    }
  }

  void ask(const std::string& head) {
    const std::size_t begin = head.find(' ') + 1;
    const std::string target = head.substr(begin, head.find(' ', begin) - begin);
    if (target == "/healthz") {
      server_.noteCheck();
      return send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
    isAsked_ = true;
    const HeaderList fields = parseHeaders(head);
    isTunnel_ = headerValue(fields, "Upgrade").has_value();
    if (!isTunnel_) return server_.begin(number_, target);
    server_.count();
    send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
         webSocketAccept(headerValue(fields, "Sec-WebSocket-Key").value_or("")) + "\r\n\r\n");
  }

  void ended(bool) override {
    if (std::exchange(isAsked_, false)) server_.end();
    close();
  }

  CountingServer& server_;
  const std::uint64_t number_;
  std::string input_;
  bool isAsked_ = false;
  bool isTunnel_ = false;
};

CountingServer::CountingServer(std::chrono::milliseconds delay, std::string name)
    : delay_(delay), name_(std::move(name)) {
  start();
}

std::unique_ptr<LoopConnection> CountingServer::makeConnection(Descriptor socket, std::uint64_t number) {
  return std::make_unique<Connection>(*this, std::move(socket), number);
}

void CountingServer::begin(std::uint64_t number, std::string target) {
  targets_.push_back(std::move(target));
  count();
  if (stuck_) return held_.push_back(number);
  loop().after(delay_, [this, number] { answer(number); });
}

// Later: that a connection was closed before may be among what the loop has yet to be told.
void CountingServer::count() {
  ++present_;
  loop().after(std::chrono::milliseconds{0}, [this] { most_ = std::max(most_.load(), present_.load()); });
}

void CountingServer::answer(std::uint64_t number) {
  if (auto* connection = static_cast<Connection*>(find(number))) connection->answer(name_);
}

void CountingServer::noteCheck() {
  checkedAt_.push_back(Clock::now());
  ++checks_;
}

std::vector<std::string> CountingServer::targets() {
  return loop().call([this] { return targets_; });
}

std::chrono::milliseconds CountingServer::longestPause() {
  return loop().call([this] {
    Clock::duration longest{0};
    for (std::size_t check = 1; check < checkedAt_.size(); ++check)
      longest = std::max(longest, checkedAt_[check] - checkedAt_[check - 1]);
    return std::chrono::ceil<std::chrono::milliseconds>(longest);
  });
}

void CountingServer::stick() {
  loop().call([this] { stuck_ = true; });
}

void CountingServer::resume() {
  loop().call([this] {
    stuck_ = false;
    for (const std::uint64_t number : std::exchange(held_, {})) answer(number);
  });
}

}  // namespace proxytest
