// byrequests: smooth weighted round robin. Members take turns as turns.h has them: of any successive choices whose
// number is the sum of the weights, each member gets exactly its weight, and they interleave.
#include "mod_revproxy/balancer/methods.h"
#include "mod_revproxy/balancer/turns.h"

namespace revproxy {

namespace {

class ByRequests final : public Method {
 public:
  std::size_t choose(std::span<const Candidate> candidates, const Choice& choice) const override {
    return takeNextTurn(candidates, choice.state.now,
                        [](const Candidate&, const Candidate&) { return std::strong_ordering::equal; });
  }
};

}  // namespace

std::unique_ptr<const Method> makeByRequests(const MethodOptions&) {
  return std::make_unique<ByRequests>();
}

}  // namespace revproxy
