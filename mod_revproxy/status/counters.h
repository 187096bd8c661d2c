// What is counted of balancers and members, in memory that all children share. Zero at first; it only grows.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "common/base/clock.h"
#include "common/base/error.h"

namespace revproxy {

using Counter = std::atomic<std::uint64_t>;

inline void count(Counter& counter, std::uint64_t more = 1) {
  counter.fetch_add(more, std::memory_order_relaxed);
}

// How long things took.
struct Histogram {
  // Upper bounds, in microseconds; what is above the last has a place of its own.
  static constexpr std::array<std::uint64_t, 16> kBounds = {
      500,     1'000,   2'500,     5'000,     10'000,    25'000,     50'000,     100'000,
      250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000, 30'000'000, 60'000'000};
  std::array<Counter, kBounds.size() + 1> counts;  // each of its own span alone
  Counter sum;                                     // microseconds

  void add(std::chrono::microseconds span) {
    const auto value = static_cast<std::uint64_t>(span.count() < 0 ? 0 : span.count());
    std::size_t place = 0;
    while (place < kBounds.size() && value > kBounds[place]) ++place;
    count(counts[place]);
    count(sum, value);
  }
};

inline constexpr std::size_t kErrorKinds = static_cast<std::size_t>(proxycommon::ErrorKind::kInternal) + 1;

// What members were asked: each try counts, so that a request that went to two members counts at both.
struct MemberCounters {
  Counter requests;
  std::array<Counter, 6> responses;  // by the first digit of the status; 0: none has come
  std::array<Counter, kErrorKinds> errors;
  Counter sent;      // bytes, to the member
  Counter received;  // bytes, from it
  Counter dials;     // connections made
  Counter reuses;    // requests on a connection that was there
  Counter poolWaits;
  Counter ejections;
  Counter returns;
  Counter tunnels;    // opened
  Histogram latency;  // until the head of the response
};

// What clients have asked: each request counts once.
struct BalancerCounters {
  Counter requests;
  std::array<Counter, 6> answers;  // by the first digit of the status that the client got
  Counter retries;                 // on another member
  Counter retriesRefused;          // that the budget did not allow
  Counter queued;                  // had to wait for a place
  Counter queueTimeouts;           // in vain
  Counter queueOverflows;          // found no place to wait in
  Counter panics;                  // went to a suspect, because there were no others
  Counter noMember;                // found none at all
  Histogram queueWait;
};

}  // namespace revproxy
