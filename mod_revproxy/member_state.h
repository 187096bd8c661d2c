// All that children share of a member and of a balancer. Blocks of shared memory; zero at first.
#pragma once

#include <new>

#include "common/shared/child_rows.h"
#include "common/shared/claims.h"
#include "common/shared/wait_line.h"
#include "mod_revproxy/balancer/ejection.h"
#include "mod_revproxy/balancer/method.h"
#include "mod_revproxy/balancer/retry_budget.h"
#include "mod_revproxy/health/health_state.h"
#include "mod_revproxy/status/counters.h"

namespace revproxy {

// Of one address of a member, or of the member where it is dialled by its name.
struct alignas(64) MemberState {
  MethodState method;
  EjectionState ejection;
  HealthState health;
  MemberCounters counters;
};

// For another one that comes to be counted in its place. Precondition: nobody is sent there.
inline void forget(MemberState& state) {
  new (&state) MemberState{};
}

struct alignas(64) BalancerState {
  BalancerMethodState method;
  RetryBudgetState retryBudget;
  BalancerCounters counters;
};

// A process's way to what is shared of one member.
struct SharedMember {
  MemberState* state = nullptr;
  proxycommon::ChildRows inFlight;
  proxycommon::Claims limit;  // none: no limit
};

struct SharedBalancer {
  BalancerState* state = nullptr;
  proxycommon::Claims limit;   // none: no limit
  proxycommon::WaitLine line;  // none: neither it nor a member has a limit
};

}  // namespace revproxy
