// An origin that takes its time: each request, without a body, is answered with a small fixed one after a delay. It can
// be made to answer nothing until it is told to go on. Thousands of connections in one thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/support/loop_server.h"

namespace proxytest {

class SlowServer : public LoopServer {
 public:
  static constexpr std::string_view kBody = "slowly but surely\n";

  // `fields` are lines of its answers' heads, each with its CRLF.
  explicit SlowServer(std::chrono::milliseconds delay, std::string fields = "");
  ~SlowServer() override { stop(); }

  std::size_t requests() const { return requests_; }
  void stick();   // requests are read, and that is all
  void resume();  // those that wait are answered at once

 private:
  class Connection;

  std::unique_ptr<LoopConnection> makeConnection(Descriptor socket, std::uint64_t number) override;
  void asked(std::uint64_t number);
  void answer(std::uint64_t number);

  const std::chrono::milliseconds delay_;
  const std::string fields_;
  std::atomic<std::size_t> requests_ = 0;
  bool stuck_ = false;                    // the loop's
  std::vector<std::uint64_t> held_ = {};  // connections whose requests wait for resume()
};

}  // namespace proxytest
