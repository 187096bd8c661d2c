// See loop_server.h.
#include "tests/integration/support/loop_server.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include "tests/integration/support/port.h"

namespace proxytest {

LoopServer::LoopServer() : listener_(listenOnLoopback(port_)) {}

void LoopServer::start() {
  loop_.call([this] { loop_.watch(listener_.get(), EPOLLIN, *this); });
}

void LoopServer::stop() {
  loop_.stop();
}

LoopConnection* LoopServer::find(std::uint64_t number) const {
  const auto found = connections_.find(number);
  return found != connections_.end() && found->second->open() ? found->second.get() : nullptr;
}

void LoopServer::ready(std::uint32_t) {
  while (true) {
    Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) return;
    sendAtOnce(socket);
    const std::uint64_t number = ++lastNumber_;
    auto connection = makeConnection(std::move(socket), number);
    connection->whenClosed([this, number] { drop(number); });
    connections_[number] = std::move(connection);
    ++accepted_;
    ++open_;
  }
}

// The connection is what calls this, so it goes later.
void LoopServer::drop(std::uint64_t number) {
  --open_;
  loop_.post([this, number] { connections_.erase(number); });
}

}  // namespace proxytest
