// What follows from the results of checks: so many in a row, and a member is up or down. Pure.
#pragma once

#include <string>

#include "mod_revproxy/health/health_check.h"
#include "mod_revproxy/health/health_state.h"
#include "mod_revproxy/health/probe.h"

namespace revproxy {

enum class HealthChange { kNone, kUp, kDown };

// By the one child that checks. A member that has not been checked counts as up, and is up by its first success, which
// is no change; `rise` and `fall` are at least 1.
HealthChange noteProbe(HealthState& state, const ProbeResult& result, unsigned rise, unsigned fall,
                       proxycommon::Clock::time_point now);

// What the log is told, once for each change.
struct HealthNews {
  std::string member;    // "http://10.0.0.7:8080"
  std::string balancer;  // "app"
  HealthChange change;   // not kNone
  unsigned checks;       // in a row that have led to it
  std::string why;       // of the last failure; of kDown
};
// "member http://… of balancer app is down: 3 checks in a row failed (refused: …)"
std::string describe(const HealthNews& news);

}  // namespace revproxy
