// An origin that counts how many requests it has at once: those that have come, are not answered yet, and whose
// connection is open. What a proxy's killed process has left behind is not among them once the kernel has closed it.
// Checks (/healthz) are answered at once and counted apart; a request for a WebSocket is at hand until its connection
// ends. Thousands of connections in one thread.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "tests/integration/support/loop_server.h"

namespace proxytest {

class CountingServer : public LoopServer {
 public:
  // Each request is answered after that time.
  explicit CountingServer(std::chrono::milliseconds delay, std::string name = "counted");
  ~CountingServer() override { stop(); }

  std::size_t present() const { return present_; }
  std::size_t most() const { return most_; }  // that were present at a time
  std::vector<std::string> targets();         // of the requests, in the order in which they came
  void stick();                               // requests are read, and that is all
  void resume();                              // those that wait are answered at once

  std::size_t checks() const { return checks_; }
  std::chrono::milliseconds longestPause();  // between two checks

 private:
  class Connection;
  using Clock = std::chrono::steady_clock;

  std::unique_ptr<LoopConnection> makeConnection(Descriptor socket, std::uint64_t number) override;
  void begin(std::uint64_t number, std::string target);
  void count();
  void end() { --present_; }
  void answer(std::uint64_t number);
  void noteCheck();

  const std::chrono::milliseconds delay_;
  const std::string name_;  // the body of its answers
  std::atomic<std::size_t> present_ = 0;
  std::atomic<std::size_t> most_ = 0;
  std::atomic<std::size_t> checks_ = 0;
  // The loop's:
  std::vector<std::string> targets_ = {};
  bool stuck_ = false;
  std::vector<std::uint64_t> held_ = {};  // connections whose requests wait for resume()
  std::vector<Clock::time_point> checkedAt_ = {};
};

}  // namespace proxytest
