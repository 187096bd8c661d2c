// See slow_server.h.
#include "tests/integration/support/slow_server.h"

#include <utility>

namespace proxytest {

class SlowServer::Connection : public LoopConnection {
 public:
  Connection(SlowServer& server, Descriptor socket, std::uint64_t number)
      : LoopConnection(server.loop(), std::move(socket), nullptr, AsyncSocket::Side::kServer),
        server_(server),
        number_(number) {}

 private:
  void received(std::string_view bytes) override {
    head_ += bytes;
    for (std::size_t end = 0; (end = head_.find("\r\n\r\n")) != std::string::npos;) {
      head_.erase(0, end + 4);
      server_.asked(number_);
    }
  }
  void ended(bool) override { close(); }

  SlowServer& server_;
  std::uint64_t number_;
  std::string head_;
};

SlowServer::SlowServer(std::chrono::milliseconds delay, std::string fields)
    : delay_(delay), fields_(std::move(fields)) {
  start();
}

std::unique_ptr<LoopConnection> SlowServer::makeConnection(Descriptor socket, std::uint64_t number) {
  return std::make_unique<Connection>(*this, std::move(socket), number);
}

void SlowServer::asked(std::uint64_t number) {
  ++requests_;
  loop().after(delay_, [this, number] { answer(number); });
}

void SlowServer::answer(std::uint64_t number) {
  if (stuck_) return held_.push_back(number);
  LoopConnection* connection = find(number);
  if (connection == nullptr) return;
  connection->send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(kBody.size()) +
                   "\r\n" + fields_ + "\r\n" + std::string(kBody));
}

void SlowServer::stick() {
  loop().call([this] { stuck_ = true; });
}

void SlowServer::resume() {
  loop().call([this] {
    stuck_ = false;
    const std::vector<std::uint64_t> held = std::move(held_);
    held_.clear();
    for (const std::uint64_t number : held) answer(number);
  });
}

}  // namespace proxytest
