// bytraffic: weighted round robin by bytes, to and from the member. Each member has a virtual time: the bytes it has
// had, divided by its weight, each added when its request is over. What is in flight counts beforehand as the mean of
// all requests, until then: so choices at the same time do not all fall on one. The member whose time, with that, is
// the earliest gets the request. So the bytes of any two members, divided by their weights, are at any time apart by
// what a single request brings, and by what is in flight. A member that was never seen begins now, half a mean request
// late; one that was away catches up with kCatchUp mean requests at most.
#include "mod_revproxy/balancer/methods.h"
#include "mod_revproxy/balancer/turns.h"

namespace revproxy {

namespace {

// Of virtual time, that a byte takes at a weight of 1 hundredth.
constexpr double kByteScale = 1 << 20;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 42;
constexpr std::uint64_t kLargestMean = std::uint64_t{1} << 30;
// Responses smaller than the mean put a member back by themselves; that is no absence.
constexpr std::int64_t kCatchUp = 8;

// In floating point: a division of integers takes several times as long.
std::int64_t spanOf(std::uint64_t bytes, std::uint32_t weight) {
  return static_cast<std::int64_t>(static_cast<double>(std::min(bytes, kMostBytes)) * kByteScale / weight);
}

std::uint64_t meanOf(std::span<const Candidate> candidates) {
  std::uint64_t bytes = 0;
  std::uint64_t requests = 0;
  for (const Candidate& candidate : candidates) {
    bytes += candidate.bytes;
    requests += candidate.requests;
  }
  return requests == 0 ? 1 : std::clamp<std::uint64_t>(bytes / requests, 1, kLargestMean);
}

// When it is due, what it has in flight included.
std::int64_t dueTime(const Candidate& candidate, std::uint64_t mean, const std::atomic<std::int64_t>& now) {
  std::atomic<std::int64_t>& turn = candidate.state.trafficTurn;
  std::int64_t time = turn.load(std::memory_order_acquire);
  const std::int64_t present = now.load(std::memory_order_acquire);
  if (time == 0) time = moveTurn(turn, 0, later(present, spanOf(mean, candidate.weight) / 2 + 1));
  const std::int64_t inFlight = candidate.inFlight == 0 ? 0 : spanOf(candidate.inFlight * mean, candidate.weight);
  const std::int64_t missed = since(later(time, inFlight), present);
  if (missed <= 0) return later(time, inFlight);
  const std::int64_t most = spanOf(kCatchUp * mean, candidate.weight);
  if (missed > most) time = moveTurn(turn, time, later(time, missed - most));
  return later(time, inFlight);
}

class ByTraffic final : public Method {
 public:
  std::size_t choose(std::span<const Candidate> candidates, const Choice& choice) const override {
    std::atomic<std::int64_t>& now = choice.state.trafficNow;
    const std::uint64_t mean = meanOf(candidates);
    std::size_t best = 0;
    std::int64_t earliest = dueTime(candidates[0], mean, now);
    for (std::size_t index = 1; index < candidates.size(); ++index) {
      const std::int64_t due = dueTime(candidates[index], mean, now);
      if (since(earliest, due) >= 0) continue;
      best = index;
      earliest = due;
    }
    advance(now, earliest);
    return best;
  }

  void finished(const Candidate& candidate, const Completed& completed, BalancerMethodState&) const override {
    candidate.state.trafficTurn.fetch_add(spanOf(completed.bytes, candidate.weight), std::memory_order_acq_rel);
  }
};

}  // namespace

std::unique_ptr<const Method> makeByTraffic(const MethodOptions&) {
  return std::make_unique<ByTraffic>();
}

}  // namespace revproxy
