// Breaker: a store that fails, or answers late, is left alone for a while, which grows with each failure, to a few
// seconds; then one call tries again. Time is given in.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>

#include "common/base/clock.h"
#include "common/base/export.h"

namespace proxycommon {

// Of one child. Any thread.
class PROXYCOMMON_API Breaker {
 public:
  static constexpr milliseconds kShortestRest{250};
  static constexpr milliseconds kLongestRest{4000};
  // A call that tells nothing for so long after a rest has failed as well: another one may try.
  static constexpr milliseconds kProbe{5000};
  static constexpr std::chrono::minutes kBetweenLines{1};

  // The right to make one call. What is told of a call that was begun before the last failure counts for nothing: many
  // that fail together are one failure.
  struct Call {
    std::uint64_t turn = 0;
  };

  // nullopt: it is left alone.
  std::optional<Call> begin(Clock::time_point now);
  void succeeded(Call call);
  void failed(Call call, Clock::time_point now);

  // How long it is left alone from now on; zero: it is not.
  milliseconds rest(Clock::time_point now) const;
  // Whether a line may go to the log: true once a minute for all who give the same `complainedAt`, which is zero at
  // first and may be in shared memory.
  static bool mayComplain(std::atomic<Clock::rep>& complainedAt, Clock::time_point now);

 private:
  // Changes with each failure, and when it is good again.
  std::atomic<std::uint64_t> turn_{0};
  std::atomic<bool> isResting_{false};
  mutable std::mutex mutex_;  // what follows
  milliseconds rest_{0};
  Clock::time_point restsUntil_{};
};

}  // namespace proxycommon
