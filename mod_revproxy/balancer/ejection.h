// Ejection: what answers show of a member, and what follows from it. A member that fails several times in a row, or
// more often than not within a window, is left alone for a while that doubles each time; then one request tries it
// (half-open), and when that goes well it is back. The state is in memory that all children share; no lock. Whether the
// last member may be ejected is for the caller to decide, who sees all of them.
#pragma once

#include <atomic>
#include <cstdint>

#include "common/base/clock.h"

namespace revproxy {

using proxycommon::Clock;
using proxycommon::milliseconds;

// In shared memory; zero at first. Times are of Clock, in milliseconds.
struct EjectionState {
  std::atomic<std::uint32_t> consecutive;  // failures, since the last success
  std::atomic<std::uint64_t> window;       // when it began, and what has come in it (see ejection.cpp)
  std::atomic<std::uint64_t> previous;     // the window before
  std::atomic<std::int64_t> ejectedUntil;  // 0: it is not ejected
  std::atomic<std::int64_t> ejectedAt;
  std::atomic<std::uint32_t> level;       // how often in a row
  std::atomic<std::int64_t> probedUntil;  // somebody tries it, until then at most
  std::atomic<std::int64_t> returnedAt;   // for the slow start; 0: it was never away
};

struct EjectionPolicy {
  unsigned errors = 5;  // in a row
  unsigned ratio = 50;  // percent of a window's, of at least `volume`
  unsigned volume = 20;
  milliseconds window{10'000};
  milliseconds base{100};        // the first span
  milliseconds longest{30'000};  // of any
};

// What became of it just now; for the log, and once each.
enum class EjectionChange { kNone, kEjected, kReturned };

// Any thread, any process. What `state` says is as of `now`.
bool isEjected(const EjectionState& state);
// Whether its time is over and nobody tries it: then the one who says so does, and tells how it went. `patience` is
// how long others wait for that at most.
bool claimProbe(EjectionState& state, Clock::time_point now, milliseconds patience);
// Whether claimProbe() might say so; without taking it.
bool isProbeDue(const EjectionState& state, Clock::time_point now);
// The probe came to nothing that says anything of the member (the client left): the next one may.
void abandonProbe(EjectionState& state);
// `begun` is when the request went out: what began before the ejection does not end it.
EjectionChange noteSuccess(EjectionState& state, const EjectionPolicy& policy, Clock::time_point begun,
                           Clock::time_point now);
EjectionChange noteFailure(EjectionState& state, const EjectionPolicy& policy, Clock::time_point now);
// Of its weight, what it has `now` while it starts slowly: from a tenth to all of it, over `span`. At least 1.
std::uint32_t slowStartWeight(std::uint32_t weight, std::int64_t returnedAt, milliseconds span, Clock::time_point now);

}  // namespace revproxy
