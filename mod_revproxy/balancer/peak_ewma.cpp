// ewma: peak EWMA, as Twitter's Finagle has it. A member's latency is a moving one that is quick to believe the worst:
// a slower sample counts at once, faster ones come in with a time constant of 10 s, and while no sample comes it decays
// with the same, so that a member that was slow is tried again. A failure counts as a sample of a second at least.
// What a member costs is its latency × (in flight + 1) / weight; of two that are drawn by weight the cheaper gets the
// request, of equal ones the one that was drawn first. A member that was never measured costs nothing while it is idle,
// and as much as if it took an hour once it has its first request: one is sent to see, not a hundred.
#include <cmath>

#include "mod_revproxy/balancer/draws.h"
#include "mod_revproxy/balancer/methods.h"

namespace revproxy {

namespace {

using std::chrono::nanoseconds;

constexpr double kTimeConstant = 10e9;  // nanoseconds
constexpr std::int64_t kFailureLatency = 1'000'000'000;
constexpr double kUnknownLatency = 3600e9;

std::int64_t nanosecondsOf(Clock::time_point time) {
  return std::chrono::duration_cast<nanoseconds>(time.time_since_epoch()).count();
}

// What is left of a value after that time, of 1.
double decay(std::int64_t span) {
  return std::exp(-static_cast<double>(std::max<std::int64_t>(span, 0)) / kTimeConstant);
}

double costOf(const Candidate& candidate, std::int64_t now) {
  double latency = static_cast<double>(candidate.state.latency.load(std::memory_order_relaxed));
  if (latency != 0) {
    latency *= decay(now - candidate.state.latencyAt.load(std::memory_order_relaxed));
  } else if (candidate.inFlight != 0) {
    latency = kUnknownLatency;
  }
  return latency * (candidate.inFlight + 1.0) / candidate.weight;
}

class PeakEwma final : public Method {
 public:
  std::size_t choose(std::span<const Candidate> candidates, const Choice& choice) const override {
    const Pair drawn = drawTwo(candidates, choice.random);
    const std::int64_t now = nanosecondsOf(choice.now);
    return costOf(candidates[drawn.second], now) < costOf(candidates[drawn.first], now) ? drawn.second : drawn.first;
  }

  void finished(const Candidate& candidate, const Completed& completed, BalancerMethodState&) const override {
    const std::int64_t now = nanosecondsOf(completed.now);
    const std::int64_t sample =
        std::max<std::int64_t>(completed.latency.count(), completed.failed ? kFailureLatency : 1);
    MethodState& state = candidate.state;
    std::int64_t latency = state.latency.load(std::memory_order_relaxed);
    std::int64_t moved = sample;
    do {
      if (sample >= latency) {
        moved = sample;
      } else {
        const double kept = decay(now - state.latencyAt.load(std::memory_order_relaxed));
        moved = sample + static_cast<std::int64_t>(static_cast<double>(latency - sample) * kept);
      }
    } while (!state.latency.compare_exchange_weak(latency, moved, std::memory_order_relaxed));
    // Not in one step with the latency: between the two a reader is wrong by one sample's age.
    state.latencyAt.store(now, std::memory_order_relaxed);
  }
};

}  // namespace

std::unique_ptr<const Method> makePeakEwma(const MethodOptions&) {
  return std::make_unique<PeakEwma>();
}

}  // namespace revproxy
