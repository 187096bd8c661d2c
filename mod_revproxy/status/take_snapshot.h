// A snapshot, from what children share. Pure; reads numbers alone, and never waits: what is counted meanwhile may be in
// it or not, each number by itself.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/cache/cache_counters.h"
#include "common/shared/child_table.h"
#include "mod_revproxy/balancer.h"
#include "mod_revproxy/status/snapshot.h"

namespace revproxy {

// One moment by both clocks: shared memory has times of the steady one.
struct Moment {
  Clock::time_point steady;
  WallTime wall;

  static Moment now() { return {Clock::now(), std::chrono::floor<milliseconds>(std::chrono::system_clock::now())}; }
};

// A mapping that leads to a balancer.
struct MappingView {
  std::string prefix;
  std::string definedAt;                    // "FILE:LINE"
  const proxycommon::CacheCounters* cache;  // that children share
};

// A balancer's configuration, and what there is of it now.
struct BalancerView {
  const Balancer& balancer;
  const SharedBalancer& shared;
  std::shared_ptr<const Endpoints> endpoints;
  std::vector<MappingView> mappings;  // in any order
};
// Precondition: the balancer, which must outlive the view, is prepared.
inline BalancerView viewOf(const Balancer& balancer, std::vector<MappingView> mappings) {
  return {balancer, balancer.shared(), balancer.endpoints(), std::move(mappings)};
}

// Any thread of any process. It costs as much as there are members, times children. `leader`: the process that leads;
// 0: none does. `stores`: those of the cache, as they are shown.
StatusSnapshot takeSnapshot(std::span<const BalancerView> balancers,
                            std::span<const proxycommon::ChildCounters> children, pid_t leader, const Moment& now,
                            std::vector<StoreStatus> stores = {});

}  // namespace revproxy
