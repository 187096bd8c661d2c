// What is seen of balancers and children from outside, at one moment: plain values, which anybody may keep and compare.
// It knows neither where they come from (take_snapshot) nor how they are shown (json, prometheus). Pure.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "common/cache/store.h"
#include "mod_revproxy/balancer/member.h"
#include "mod_revproxy/status/counters.h"

namespace revproxy {

using proxycommon::WallTime;

// What a member is to new requests just now, the worst that can be said of it.
enum class Condition {
  kOk,
  kStarting,  // is back, and gets a part of its weight yet
  kFull,      // has as many requests in flight as its limit allows
  kDraining,
  kProbing,  // was ejected; one request tries it, or the next one will
  kEjected,
  kDown,  // active checks say so
  kStopped,
};

struct HistogramValues {
  std::array<std::uint64_t, Histogram::kBounds.size() + 1> counts{};  // of each span alone, as in Histogram
  std::uint64_t sum = 0;                                              // microseconds

  std::uint64_t total() const { return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}); }
};

// The fields are those of MemberCounters.
struct MemberTotals {
  std::uint64_t requests = 0;
  std::array<std::uint64_t, 6> responses{};
  std::array<std::uint64_t, kErrorKinds> errors{};
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t dials = 0;
  std::uint64_t reuses = 0;
  std::uint64_t poolWaits = 0;
  std::uint64_t ejections = 0;
  std::uint64_t returns = 0;
  std::uint64_t tunnels = 0;
  HistogramValues latency;
};

// The fields are those of BalancerCounters.
struct BalancerTotals {
  std::uint64_t requests = 0;
  std::array<std::uint64_t, 6> answers{};
  std::uint64_t retries = 0;
  std::uint64_t retriesRefused = 0;
  std::uint64_t queued = 0;
  std::uint64_t queueTimeouts = 0;
  std::uint64_t queueOverflows = 0;
  std::uint64_t panics = 0;
  std::uint64_t noMember = 0;
  HistogramValues queueWait;
};

struct HealthStatus {
  std::optional<WallTime> checkedAt;  // none: not yet
  std::uint32_t status = 0;           // of the last answer; 0: none has come
  std::uint64_t checks = 0;
  std::uint64_t failed = 0;
};

struct EjectionStatus {
  std::uint32_t level = 0;        // how often in a row
  std::optional<WallTime> until;  // none: it is not ejected
};

// A member, or one address of a member whose name has several.
struct MemberStatus {
  std::string name;  // of all members of its balancer it alone has it
  std::string url;
  std::string route;
  std::uint32_t weight = 0;           // hundredths
  std::uint32_t effectiveWeight = 0;  // hundredths; less while it starts
  unsigned set = 0;
  MemberRole role = MemberRole::kActive;
  Condition condition = Condition::kOk;
  std::string why;                // for people; empty: there is nothing to say
  std::optional<WallTime> since;  // none: since it began, or nobody knows
  std::uint64_t inFlight = 0;
  std::uint64_t limit = 0;  // 0: none
  MemberTotals totals;
  std::optional<HealthStatus> health;  // none: it is not checked
  EjectionStatus ejection;
};

// The fields are those of CacheCounters.
struct CacheTotals {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t stale = 0;
  std::uint64_t revalidated = 0;
  std::uint64_t collapsed = 0;
  std::uint64_t passes = 0;
  std::uint64_t stored = 0;
  std::uint64_t storedBytes = 0;
};

// The cache of a mapping.
struct MappingCache {
  std::string prefix;
  std::string definedAt;  // "FILE:LINE"
  CacheTotals totals;
};

struct BalancerStatus {
  std::string name;
  std::string definedAt;  // "FILE:LINE"
  std::string method;
  bool isPlain = false;
  BalancerTotals totals;
  std::uint64_t inFlight = 0;  // of all its members
  std::uint64_t limit = 0;     // 0: none
  bool hasQueue = false;       // it or a member has a limit, so that requests may have to wait
  std::uint64_t waiting = 0;
  std::vector<MappingCache> caches;  // of the mappings that lead to it; those that have been asked
  std::vector<MemberStatus> members;
};

struct ChildStatus {
  pid_t process = 0;
  std::uint32_t tunnels = 0;
  std::uint32_t parked = 0;
  std::uint32_t idle = 0;  // connections that wait in its pool
  bool isLeader = false;   // checks members and asks for their names, for all
};

// A store of the cache.
struct StoreStatus {
  std::string name;
  std::string kind;  // "lmdb", "socache"
  proxycommon::StoreFigures figures;
};

struct StatusSnapshot {
  WallTime generatedAt;
  std::string version;
  std::vector<ChildStatus> children;  // those that live
  std::vector<BalancerStatus> balancers;
  std::vector<StoreStatus> stores;
};

}  // namespace revproxy
