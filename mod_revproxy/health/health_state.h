// What active checks have found of a member, in memory that all children share. Zero at first: not checked, and up.
#pragma once

#include <atomic>
#include <cstdint>

namespace revproxy {

enum class Health : std::uint32_t { kUnknown, kUp, kDown };

// Written by the child that checks. Times are of Clock, in milliseconds.
struct HealthState {
  std::atomic<std::uint32_t> health;     // a Health
  std::atomic<std::uint32_t> successes;  // in a row
  std::atomic<std::uint32_t> failures;   // in a row
  std::atomic<std::int64_t> checkedAt;
  std::atomic<std::int64_t> changedAt;
  std::atomic<std::int64_t> returnedAt;  // from down to up
  std::atomic<std::uint32_t> why;        // of the last failure: an ErrorKind, plus one
  std::atomic<std::uint32_t> status;     // of the last answer
  std::atomic<std::uint64_t> checks;
  std::atomic<std::uint64_t> failed;

  bool isDown() const { return health.load(std::memory_order_relaxed) == static_cast<std::uint32_t>(Health::kDown); }
};

}  // namespace revproxy
