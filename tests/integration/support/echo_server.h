// An origin that sends back what comes, on thousands of connections in one thread: clear or under TLS, at once or
// behind a WebSocket handshake. What comes faster than it can be sent back is not read.
#pragma once

#include "tests/integration/support/loop_server.h"

namespace proxytest {

class EchoServer : public LoopServer {
 public:
  enum class Speaks { kEcho, kWebSocket };  // kWebSocket: 101 to a request that asks for it, 426 to any other

  explicit EchoServer(Speaks speaks = Speaks::kEcho, const Certificate* certificate = nullptr);
  ~EchoServer() override { stop(); }

 private:
  std::unique_ptr<LoopConnection> makeConnection(Descriptor socket, std::uint64_t number) override;

  Speaks speaks_;
  TlsContext tls_;
};

}  // namespace proxytest
