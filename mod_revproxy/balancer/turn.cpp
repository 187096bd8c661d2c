// The right of one request to be in flight.
#include "mod_revproxy/balancer/turn.h"

namespace revproxy {

Turn::Taken Turn::take(const Balancer& balancer, const Endpoint& endpoint, std::size_t place, Counting counting) {
  const proxycommon::Claims& whole = balancer.shared().limit;
  Claim ofBalancer;
  if (whole && !(ofBalancer = whole.take(counting.child, balancer.settings.limit)))
    return {std::nullopt, Full::kBalancer};
  Claim ofEndpoint;
  if (endpoint.shared.limit && !(ofEndpoint = endpoint.shared.limit.take(counting.child, endpoint.member->limit))) {
    if (ofBalancer) whole.giveBack(*ofBalancer);
    return {std::nullopt, Full::kEndpoint};
  }
  endpoint.shared.inFlight.add(counting.child);
  return {Turn(balancer, endpoint, place, ofBalancer, ofEndpoint, counting)};
}

void Turn::giveBack() {
  const Endpoint* const endpoint = std::exchange(endpoint_, nullptr);
  if (!endpoint) return;
  endpoint->shared.inFlight.remove(counting_.child);
  if (ofEndpoint_) endpoint->shared.limit.giveBack(*ofEndpoint_);
  if (ofBalancer_) balancer_.shared().limit.giveBack(*ofBalancer_);
  const proxycommon::WaitLine& line = balancer_.shared().line;
  if (!line) return;
  if (ofEndpoint_) counting_.state.wakeNext(line, lineNumber(*endpoint));
  if (!ofBalancer_) return;
  // Who waits for its own endpoint alone is not helped.
  if (const auto child = line.firstOf(proxycommon::kAnyPlace)) counting_.state.wake(*child);
}

}  // namespace revproxy
