// How long one peer lets a connection be idle.
#include "common/pool/idle_limit.h"

#include <algorithm>

namespace proxycommon {
namespace {

using std::chrono::minutes;

// What everyone grants: no server that keeps connections at all closes them earlier by a timer.
constexpr milliseconds kYoung{500};
// Closings of one moment have one cause, such as a restart.
constexpr milliseconds kOneMoment{100};
// What was observed is tried anew after this.
constexpr minutes kMemory{5};

// The peer's clock starts before ours, and its FIN takes its time.
milliseconds withMargin(milliseconds span) {
  const milliseconds margin = std::clamp(span / 5, milliseconds{200}, milliseconds{2000});
  return std::max(span - margin, milliseconds{0});
}

}  // namespace

void IdleLimit::promised(milliseconds span) {
  promised_ = withMargin(span);
}

void IdleLimit::foundOpen(milliseconds idle) {
  longestOpen_ = std::max(longestOpen_, idle);
}

// A timer shows itself by closing twice at about the same age. Anything else closes at any.
void IdleLimit::foundClosed(milliseconds lastOpen, milliseconds closed, Clock::time_point now) {
  longestOpen_ = std::min(longestOpen_, lastOpen);
  if (lastClosing_ && now - lastClosing_->when < kOneMoment) return;
  const milliseconds slack = std::max(kOneMoment, closed / 8);
  if (lastClosing_ && lastOpen <= lastClosing_->closed + slack && lastClosing_->lastOpen <= closed + slack) {
    observed_ = withMargin(std::min(lastOpen, lastClosing_->lastOpen));
    observedAt_ = now;
  }
  lastClosing_ = {lastOpen, closed, now};
}

milliseconds IdleLimit::retirement(Clock::time_point now) const {
  const bool remembers = observed_ && now - observedAt_ < kMemory;
  const milliseconds observed = remembers ? *observed_ : milliseconds::max();
  return std::min(promised_.value_or(milliseconds::max()), observed);
}

milliseconds IdleLimit::safety(Clock::time_point now) const {
  const milliseconds limit = retirement(now);
  return limit < milliseconds::max() ? limit : std::max(kYoung, longestOpen_ / 2);
}

}  // namespace proxycommon
