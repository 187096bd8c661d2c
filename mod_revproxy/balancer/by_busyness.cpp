// bybusyness: the member with the fewest requests in flight; those that have equally many take turns by weight, as
// byrequests has them.
#include "mod_revproxy/balancer/methods.h"
#include "mod_revproxy/balancer/turns.h"

namespace revproxy {

namespace {

class ByBusyness final : public Method {
 public:
  std::size_t choose(std::span<const Candidate> candidates, const Choice& choice) const override {
    return takeNextTurn(candidates, choice.state.now,
                        [](const Candidate& one, const Candidate& other) { return one.inFlight <=> other.inFlight; });
  }
};

}  // namespace

std::unique_ptr<const Method> makeByBusyness(const MethodOptions&) {
  return std::make_unique<ByBusyness>();
}

}  // namespace revproxy
