// When a store is left alone.
#include "common/cache/breaker.h"

#include <algorithm>

namespace proxycommon {

std::optional<Breaker::Call> Breaker::begin(Clock::time_point now) {
  if (!isResting_) return Call{turn_};
  const std::lock_guard lock(mutex_);
  if (!isResting_) return Call{turn_};
  if (now < restsUntil_) return std::nullopt;
  restsUntil_ = now + kProbe;
  return Call{turn_};
}

void Breaker::succeeded(Call call) {
  if (!isResting_) return;
  const std::lock_guard lock(mutex_);
  if (call.turn != turn_ || !isResting_) return;
  ++turn_;
  rest_ = milliseconds{0};
  isResting_ = false;
}

void Breaker::failed(Call call, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (call.turn != turn_) return;
  ++turn_;
  rest_ = std::clamp(2 * rest_, kShortestRest, kLongestRest);
  restsUntil_ = now + rest_;
  isResting_ = true;
}

milliseconds Breaker::rest(Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  if (!isResting_) return milliseconds{0};
  return std::max(std::chrono::ceil<milliseconds>(restsUntil_ - now), milliseconds{0});
}

bool Breaker::mayComplain(std::atomic<Clock::rep>& complainedAt, Clock::time_point now) {
  const Clock::rep present = now.time_since_epoch().count();
  Clock::rep last = complainedAt;
  if (last != 0 && Clock::duration{present - last} < kBetweenLines) return false;
  return complainedAt.compare_exchange_strong(last, present);
}

}  // namespace proxycommon
