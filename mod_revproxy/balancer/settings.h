// BalancerSettings: what RevProxySet says in a <RevProxyBalancer>, the parameters of its members aside. Const once
// read. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mod_revproxy/balancer/ejection.h"
#include "mod_revproxy/balancer/sticky.h"
#include "mod_revproxy/status_range.h"

namespace revproxy {

struct BalancerSettings {
  std::string method = "byrequests";
  std::string hash;            // the expression of hash=, as written
  unsigned balanceFactor = 0;  // hash-balance-factor=, percent; 0: any
  StickySettings sticky;
  Setting<unsigned> maxAttempts;  // members that one request is tried on; default: all there are
  unsigned retryBudget = 20;      // percent of requests
  EjectionPolicy ejection;
  std::vector<StatusRange> failOnStatus;
  bool failOnTimeout = false;  // a response that does not begin in time is a failure of the member
  std::size_t limit = 0;       // requests in flight, over all children; 0: no limit
  std::size_t queue = 1000;    // how many may wait where there is a limit
  milliseconds queueTimeout{5000};
  milliseconds slowStart{0};
  milliseconds resolveFloor{1000};  // bounds of the time to live of names
  milliseconds resolveCeiling{60'000};

  // "method=leastconn". False: its key is none of these. The error says what may be written.
  Result<bool> set(std::string_view assignment);
  static std::string names();

  bool failsOn(int status) const;
};

}  // namespace revproxy
