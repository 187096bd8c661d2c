// Monitor: checks members on event loops, each at its own pace, in the one child that leads; the others wait to take
// over. It knows neither httpd nor balancers: what it is to check, and whom to tell, it is given.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/net/connector.h"
#include "common/reactor/loop_task.h"
#include "mod_revproxy/health/health_check.h"
#include "mod_revproxy/health/health_state.h"
#include "mod_revproxy/health/health_transition.h"

namespace revproxy {

// One member, or one place of a member whose name has several addresses.
struct HealthTarget {
  // Whom a check dials: asked before each.
  struct Dialled {
    proxycommon::ConnectPlan connect;
    std::string address;  // for the log, of a member that has several; else empty
  };
  std::string member;  // for the log, as is the next
  std::string balancer;
  std::function<Result<std::optional<Dialled>>()> dial;  // nullopt: nobody is there just now, and nothing is checked
  std::string host;                                      // of the Host field
  std::string target;                                    // of the request: backend.targetFor(check.uri)
  bool speaksHttp2 = false;
  HealthState* state = nullptr;        // shared memory: outlives the process
  const HealthCheck* check = nullptr;  // outlives the monitor's loops
};

struct MonitorSeams {
  // Whether this child leads; asked before each check, where it does not a few times a second.
  std::function<bool()> isLeader;
  std::function<void(const HealthNews&)> changed;
};

// Any thread. What it was given is called on the loops' threads, one call at a time, and not any more once stop() has
// returned; it must not call stop() itself. The loops outlive it, or have been stopped for good and not been destroyed.
class Monitor {
 public:
  Monitor(std::vector<proxycommon::LoopServices> loops, MonitorSeams seams, std::vector<HealthTarget> targets);
  ~Monitor();
  // No more checks; what is under way is dropped.
  void stop();

 private:
  struct State;
  using SharedState = std::shared_ptr<State>;
  static proxycommon::Task<void> watch(proxycommon::LoopServices loop, SharedState state, const HealthTarget& target);
  static proxycommon::Task<void> checkOnce(proxycommon::LoopServices loop, SharedState state,
                                           const HealthTarget& target);

  SharedState state_;
  std::vector<proxycommon::LoopTask> tasks_;
};

// `share` is in [0, 1). From one check to the next: the interval, a tenth more or less.
milliseconds nextCheck(milliseconds interval, double share);
// Until the first one: within half the interval, and a second.
milliseconds firstCheck(milliseconds interval, double share);

}  // namespace revproxy
