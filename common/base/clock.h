// Time as this project measures it: a steady clock, durations in milliseconds, and deadlines.
#pragma once

#include <algorithm>
#include <chrono>
#include <limits>

namespace proxycommon {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// As the calendar has it, for what other machines and later processes compare.
using WallTime = std::chrono::sys_time<milliseconds>;
inline WallTime wallNow() {
  return std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
}

class Deadline {
 public:
  static Deadline after(milliseconds span) { return Deadline(Clock::now() + span); }
  static Deadline at(Clock::time_point when) { return Deadline(when); }

  bool expired() const { return Clock::now() >= at_; }
  // What is left, never negative, rounded up: a wait of this length ends at or after the deadline.
  milliseconds remaining() const {
    const auto left = std::chrono::ceil<milliseconds>(at_ - Clock::now());
    return std::max(left, milliseconds{0});
  }
  // For poll(2).
  int pollTimeout() const {
    return static_cast<int>(std::min<milliseconds::rep>(remaining().count(), std::numeric_limits<int>::max()));
  }

 private:
  explicit Deadline(Clock::time_point at) : at_(at) {}
  Clock::time_point at_;
};

}  // namespace proxycommon
