// Clients of thousands of tunnels in one thread: opens them through a proxy, by CONNECT or by an upgrade, sends a text
// of its own down each, and sees whether just that comes back.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/support/event_loop.h"

namespace proxytest {

// What opens a tunnel, and the status that says that it is open.
struct TunnelOpening {
  int proxyPort = 0;
  std::string head;
  int status = 200;
  bool tls = false;  // to the proxy
  int atOnce = 256;  // no more than these wait for their answer
};

TunnelOpening connectThrough(int proxyPort, const std::string& authority);
TunnelOpening upgradeThrough(int proxyPort, const std::string& target);  // target: a path, or an absolute URL

class TunnelSwarm {
 public:
  explicit TunnelSwarm(TunnelOpening opening);
  ~TunnelSwarm();
  TunnelSwarm(const TunnelSwarm&) = delete;
  TunnelSwarm& operator=(const TunnelSwarm&) = delete;

  // Begins to open that many more, and waits until each has been answered, or closed, or the limit is over. Returns
  // how many are open, of all.
  int open(int count, std::chrono::milliseconds limit);

  // Returns how many tunnels gave back just what was sent down.
  int pingAll(std::chrono::milliseconds limit);

  int isOpen() const { return open_; }
  int closedByOther() const { return closedByOther_; }  // tunnels, after they were open
  std::map<int, int> refusals();                        // by status; 0 for no answer at all
  std::string report();                                 // all of that, for the message of a failed test
  void closeAll();

 private:
  class Tunnel;

  void openNext();
  void answered(int status);
  void lost(bool wasOpen, bool wasPinged);
  void echoed(bool right);

  const TunnelOpening opening_;
  const std::shared_ptr<void> tls_;
  EventLoop loop_;
  std::vector<std::unique_ptr<Tunnel>> tunnels_;
  std::map<int, int> refusals_;
  int toBegin_ = 0;
  int round_ = 0;
  std::atomic<int> unanswered_ = 0;
  std::atomic<int> open_ = 0;
  std::atomic<int> closedByOther_ = 0;
  std::atomic<int> pinged_ = 0;
  std::atomic<int> right_ = 0;
};

}  // namespace proxytest
