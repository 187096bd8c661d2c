// random2: the power of two choices. Of two members that are drawn by weight the one with less in flight in relation to
// its weight; of equal ones the one that was drawn first. Nobody's view of the whole has to be right for that, and so
// many proxies that know nothing of each other do not all run to the same member.
#include "mod_revproxy/balancer/draws.h"
#include "mod_revproxy/balancer/methods.h"

namespace revproxy {

namespace {

class RandomTwo final : public Method {
 public:
  std::size_t choose(std::span<const Candidate> candidates, const Choice& choice) const override {
    const Pair drawn = drawTwo(candidates, choice.random);
    const Candidate& first = candidates[drawn.first];
    const Candidate& second = candidates[drawn.second];
    const bool secondIsBetter =
        std::uint64_t{second.inFlight} * first.weight < std::uint64_t{first.inFlight} * second.weight;
    return secondIsBetter ? drawn.second : drawn.first;
  }
};

}  // namespace

std::unique_ptr<const Method> makeRandomTwo(const MethodOptions&) {
  return std::make_unique<RandomTwo>();
}

}  // namespace revproxy
