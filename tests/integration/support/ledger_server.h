// An origin that keeps a ledger: how often it has seen each request, by its X-Id field. It closes connections that have
// been idle for a while, or resets some under a request, as the test says. Thousands of connections in one thread.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "tests/integration/support/loop_server.h"

namespace proxytest {

struct LedgerRules {
  std::chrono::milliseconds idleLimit{0};  // 0: none
  int resetEvery = 0;                      // of the requests on connections that had one before; 0: none
  std::string extraFields = {};            // of each response
};

class LedgerServer : public LoopServer {
 public:
  explicit LedgerServer(LedgerRules rules);
  ~LedgerServer() override { stop(); }

  // How often the requests were seen whose id begins so, the one that was seen most often, and how many ids there were.
  struct Count {
    int ids = 0;
    int most = 0;
    int sum = 0;
  };
  Count count(const std::string& prefix);
  int closedIdle() const { return closedIdle_; }
  int resets() const { return resets_; }

 private:
  class Connection;

  std::unique_ptr<LoopConnection> makeConnection(Descriptor socket, std::uint64_t number) override;

  const LedgerRules rules_;
  std::map<std::string, int> seen_;  // the loop's
  int reusedRequests_ = 0;           // the loop's
  std::atomic<int> closedIdle_ = 0;
  std::atomic<int> resets_ = 0;
};

}  // namespace proxytest
