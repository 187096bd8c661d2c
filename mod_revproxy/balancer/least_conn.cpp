// leastconn: the member that would have the fewest requests in flight in relation to its weight, the new one included:
// (in flight + 1) / weight. Those that are equal in this take turns, as byrequests has them.
#include "mod_revproxy/balancer/methods.h"
#include "mod_revproxy/balancer/turns.h"

namespace revproxy {

namespace {

class LeastConn final : public Method {
 public:
  std::size_t choose(std::span<const Candidate> candidates, const Choice& choice) const override {
    return takeNextTurn(candidates, choice.state.now, [](const Candidate& one, const Candidate& other) {
      return (std::uint64_t{one.inFlight} + 1) * other.weight <=> (std::uint64_t{other.inFlight} + 1) * one.weight;
    });
  }
};

}  // namespace

std::unique_ptr<const Method> makeLeastConn(const MethodOptions&) {
  return std::make_unique<LeastConn>();
}

}  // namespace revproxy
