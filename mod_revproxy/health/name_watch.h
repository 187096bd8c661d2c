// NameWatch: asks for the names of members again whenever their time to live is over, in the one child that leads, and
// publishes what they lead to. Where nobody answers, what was known stays.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/reactor/loop_task.h"
#include "mod_revproxy/backend.h"
#include "mod_revproxy/health/name_question.h"
#include "mod_revproxy/named_address.h"

namespace revproxy {

struct WatchedName {
  NameQuestion question;
  std::string nameServers;   // as readNameServers() gives them; empty: the system's
  milliseconds floor{1000};  // bounds of the time to live
  milliseconds ceiling{60'000};
  std::string member;    // for the log
  std::string balancer;  // likewise
  // What all children are to know: resolvedMember.publish(…). What that has changed.
  std::function<AddressChange(const std::vector<NamedAddress>&)> publish;
};

// What the log is told: when addresses come or go, and once when a name can no longer be resolved, and when it can be
// again.
struct NameNews {
  enum class Kind { kChanged, kLost, kFound };
  Kind kind;
  std::string host;
  std::string member;
  std::string balancer;
  AddressChange change;  // of kChanged
  std::string why;       // of kLost
};
// "member http://app.test of balancer app: app.test has 10.0.0.1:80 now, and 10.0.0.2:80 no longer"
std::string describe(const NameNews& news);

struct NameWatchSeams {
  std::function<bool()> isLeader;  // as the monitor's
  std::function<void(const NameNews&)> tell;
};

// Any thread. As the monitor: what it was given is called on the loops' threads, one call at a time, and not any more
// once stop() has returned; it must not call stop() itself. The loops outlive it, or have been stopped for good and not
// been destroyed.
class NameWatch {
 public:
  NameWatch(std::vector<proxycommon::LoopServices> loops, NameWatchSeams seams, std::vector<WatchedName> names);
  ~NameWatch();
  void stop();

 private:
  struct State;
  class Watched;
  static proxycommon::Task<void> watch(proxycommon::LoopServices loop, std::shared_ptr<State> state,
                                       const WatchedName& name);

  std::shared_ptr<State> state_;
  std::vector<proxycommon::LoopTask> tasks_;
};

}  // namespace revproxy
