// hash: each key has an order of the members of its own, and goes to the first that is there (weighted rendezvous
// hashing): as many keys as the member's weight says, and when a member leaves only its own keys move. In the order of
// a key, a member stands at an exponentially distributed distance, -ln(hash) / weight, the nearest first. With a
// balance factor the load is bounded: a member whose requests in flight, the new one included, would be more than its
// share of all times the factor, rounded up, is passed over for the next in the key's order. Where a factor below 100
// leaves nobody, it is as if there were none. A request without a key goes to a random member, by weight.
#include <cmath>

#include "mod_revproxy/balancer/draws.h"
#include "mod_revproxy/balancer/methods.h"
#include "mod_revproxy/balancer/stable_hash.h"

namespace revproxy {

namespace {

// The nearest member so far. Logarithms are computed where weights differ and a cheap bound does not decide.
class Nearest {
 public:
  bool none() const { return weight_ == 0; }
  std::size_t index() const { return index_; }

  bool isNearer(std::uint64_t hash, std::uint32_t weight) {
    if (weight == weight_) return hash > hash_;
    if (none()) return true;
    if (distance_ < 0) distance_ = distanceOf(pointOf(hash_), weight_);
    const double point = pointOf(hash);
    // -ln(x) >= 1 - x
    return 1 - point < distance_ * weight && distanceOf(point, weight) < distance_;
  }
  void take(std::size_t index, std::uint64_t hash, std::uint32_t weight) {
    index_ = index;
    hash_ = hash;
    weight_ = weight;
    distance_ = -1;
  }

 private:
  // Between 0 and 1, and neither of them.
  static double pointOf(std::uint64_t hash) { return (static_cast<double>(hash >> 11) + 0.5) * 0x1p-53; }
  static double distanceOf(double point, std::uint32_t weight) { return -std::log(point) / weight; }

  std::size_t index_ = 0;
  std::uint64_t hash_ = 0;
  std::uint32_t weight_ = 0;  // 0: there is none
  double distance_ = -1;      // negative: not computed
};

// What a member may have in flight.
class LoadBound {
 public:
  LoadBound(std::span<const Candidate> candidates, unsigned factor) {
    if (factor == 0) return;
    std::uint64_t inFlight = 1;
    for (const Candidate& candidate : candidates) {
      inFlight += candidate.inFlight;
      weights_ += candidate.weight;
    }
    allowed_ = Wide{factor} * inFlight;
    weights_ *= 100;
  }
  // Whether one more is above ceil(factor / 100 × in flight × weight / sum of weights), without dividing.
  bool isFull(const Candidate& candidate) const {
    return weights_ != 0 && Wide{candidate.inFlight} * weights_ >= allowed_ * candidate.weight;
  }

 private:
  std::uint64_t weights_ = 0;  // hundredfold; 0: there is no bound
  Wide allowed_ = 0;
};

std::size_t nearest(std::span<const Candidate> candidates, std::uint64_t key, const LoadBound& bound) {
  Nearest nearest;
  for (std::size_t index = 0; index < candidates.size(); ++index) {
    const Candidate& candidate = candidates[index];
    const std::uint64_t hash = scramble(key + candidate.identity * kGoldenStep);
    if (nearest.isNearer(hash, candidate.weight) && !bound.isFull(candidate))
      nearest.take(index, hash, candidate.weight);
  }
  return nearest.none() ? candidates.size() : nearest.index();
}

class ConsistentHash final : public Method {
 public:
  explicit ConsistentHash(unsigned balanceFactor) : balanceFactor_(balanceFactor) {}

  std::size_t choose(std::span<const Candidate> candidates, const Choice& choice) const override {
    const std::uint64_t key = choice.key.empty() ? scramble(choice.random) : stableHash(choice.key);
    const std::size_t chosen = nearest(candidates, key, {candidates, balanceFactor_});
    return chosen != candidates.size() ? chosen : nearest(candidates, key, {candidates, 0});
  }

 private:
  const unsigned balanceFactor_;
};

}  // namespace

std::unique_ptr<const Method> makeConsistentHash(const MethodOptions& options) {
  return std::make_unique<ConsistentHash>(options.balanceFactor);
}

}  // namespace revproxy
