// What answers show of a member, and what follows from it.
#include "mod_revproxy/balancer/ejection.h"

#include <algorithm>

namespace revproxy {
namespace {

std::int64_t inMilliseconds(Clock::time_point time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

// A window as one word, so that it changes as a whole: its number above, then failures, then all.
struct Window {
  static constexpr unsigned kCountBits = 20;
  static constexpr std::uint64_t kMostCount = (1 << kCountBits) - 1;
  static constexpr std::uint64_t kNumberMask = (1 << 24) - 1;

  std::uint64_t number = 0;
  std::uint64_t failures = 0;
  std::uint64_t total = 0;

  static Window of(std::uint64_t word) {
    return {word >> (2 * kCountBits), word >> kCountBits & kMostCount, word & kMostCount};
  }
  std::uint64_t word() const { return number << (2 * kCountBits) | failures << kCountBits | total; }
};

// What has come within the window before `now` and in the one under way, this one included.
Window noteInWindow(EjectionState& state, const EjectionPolicy& policy, bool failed, Clock::time_point now) {
  const std::uint64_t number =
      static_cast<std::uint64_t>(inMilliseconds(now) / policy.window.count()) & Window::kNumberMask;
  std::uint64_t before = state.window.load(std::memory_order_relaxed);
  Window current;
  do {
    current = Window::of(before);
    if (current.number != number) current = {number};
    current.total = std::min(current.total + 1, Window::kMostCount);
    if (failed) current.failures = std::min(current.failures + 1, Window::kMostCount);
  } while (!state.window.compare_exchange_weak(before, current.word(), std::memory_order_relaxed));
  // Whoever has begun a new one keeps the old one.
  if (Window::of(before).number != number) state.previous.store(before, std::memory_order_relaxed);
  const Window previous = Window::of(state.previous.load(std::memory_order_relaxed));
  if (((previous.number + 1) & Window::kNumberMask) == number) {
    current.failures += previous.failures;
    current.total += previous.total;
  }
  return current;
}

milliseconds spanOf(const EjectionPolicy& policy, std::uint32_t level) {
  milliseconds span = policy.base;
  for (std::uint32_t step = 0; step < level && span < policy.longest; ++step) span *= 2;
  return std::min(span, policy.longest);
}

// The probe has failed, or one of those that were sent for want of a better member.
void leaveAloneLonger(EjectionState& state, const EjectionPolicy& policy, std::int64_t until, Clock::time_point now) {
  const std::uint32_t level = state.level.load(std::memory_order_relaxed) + 1;
  if (!state.ejectedUntil.compare_exchange_strong(until, inMilliseconds(now + spanOf(policy, level)))) return;
  state.level.store(level, std::memory_order_relaxed);
  state.probedUntil.store(0, std::memory_order_relaxed);
}

}  // namespace

bool isEjected(const EjectionState& state) {
  return state.ejectedUntil.load(std::memory_order_relaxed) != 0;
}

bool isProbeDue(const EjectionState& state, Clock::time_point now) {
  const std::int64_t until = state.ejectedUntil.load(std::memory_order_relaxed);
  const std::int64_t time = inMilliseconds(now);
  return until != 0 && until <= time && state.probedUntil.load(std::memory_order_relaxed) <= time;
}

bool claimProbe(EjectionState& state, Clock::time_point now, milliseconds patience) {
  if (!isProbeDue(state, now)) return false;
  std::int64_t before = state.probedUntil.load(std::memory_order_relaxed);
  return before <= inMilliseconds(now) &&
         state.probedUntil.compare_exchange_strong(before, inMilliseconds(now + patience));
}

void abandonProbe(EjectionState& state) {
  state.probedUntil.store(0, std::memory_order_relaxed);
}

EjectionChange noteSuccess(EjectionState& state, const EjectionPolicy& policy, Clock::time_point begun,
                           Clock::time_point now) {
  noteInWindow(state, policy, false, now);
  // Mostly it is zero already, and a store would take the line from all others.
  if (state.consecutive.load(std::memory_order_relaxed) != 0) state.consecutive.store(0, std::memory_order_relaxed);
  std::int64_t until = state.ejectedUntil.load(std::memory_order_relaxed);
  if (until == 0 || inMilliseconds(begun) < state.ejectedAt.load(std::memory_order_relaxed))
    return EjectionChange::kNone;
  state.returnedAt.store(inMilliseconds(now), std::memory_order_relaxed);
  state.level.store(0, std::memory_order_relaxed);
  // What it did before it went is no reason to send it away again.
  state.window.store(0, std::memory_order_relaxed);
  state.previous.store(0, std::memory_order_relaxed);
  if (!state.ejectedUntil.compare_exchange_strong(until, 0)) return EjectionChange::kNone;
  state.probedUntil.store(0, std::memory_order_relaxed);
  return EjectionChange::kReturned;
}

EjectionChange noteFailure(EjectionState& state, const EjectionPolicy& policy, Clock::time_point now) {
  const Window window = noteInWindow(state, policy, true, now);
  const std::uint32_t inARow = state.consecutive.fetch_add(1, std::memory_order_relaxed) + 1;
  std::int64_t until = state.ejectedUntil.load(std::memory_order_relaxed);
  if (until != 0) {
    if (until <= inMilliseconds(now)) leaveAloneLonger(state, policy, until, now);
    return EjectionChange::kNone;
  }
  const bool isTooOften =
      policy.ratio > 0 && window.total >= policy.volume && window.failures * 100 >= window.total * policy.ratio;
  if ((policy.errors == 0 || inARow < policy.errors) && !isTooOften) return EjectionChange::kNone;
  state.ejectedAt.store(inMilliseconds(now), std::memory_order_relaxed);
  return state.ejectedUntil.compare_exchange_strong(until, inMilliseconds(now + policy.base)) ? EjectionChange::kEjected
                                                                                              : EjectionChange::kNone;
}

std::uint32_t slowStartWeight(std::uint32_t weight, std::int64_t returnedAt, milliseconds span, Clock::time_point now) {
  const std::int64_t passed = inMilliseconds(now) - returnedAt;
  if (returnedAt == 0 || span.count() == 0 || passed >= span.count()) return weight;
  const std::int64_t part = std::max<std::int64_t>(passed, span.count() / 10);
  return static_cast<std::uint32_t>(std::max<std::int64_t>(weight * part / span.count(), 1));
}

}  // namespace revproxy
