// How many tunnels a child carries.
#include "common/reactor/tunnel_slots.h"

namespace proxycommon {

TunnelSlot::~TunnelSlot() {
  if (slots_) slots_->giveBack(client_);
}

Result<TunnelSlot> TunnelSlots::take(const std::string& client, const Limits& limits) {
  const std::lock_guard lock(mutex_);
  if (count_ >= limits.inAll)
    return failure(ErrorKind::kTunnelLimit, "this child has " + std::to_string(count_) + " tunnels already");
  std::size_t& ofClient = perClient_[client];
  if (ofClient >= limits.perClient)
    return failure(ErrorKind::kTunnelLimit,
                   "the client " + client + " has " + std::to_string(ofClient) + " tunnels in this child already");
  ++ofClient;
  live_.store(static_cast<std::uint32_t>(++count_), std::memory_order_relaxed);
  return TunnelSlot(*this, client);
}

void TunnelSlots::giveBack(const std::string& client) {
  const std::lock_guard lock(mutex_);
  live_.store(static_cast<std::uint32_t>(--count_), std::memory_order_relaxed);
  const auto found = perClient_.find(client);
  if (found != perClient_.end() && --found->second == 0) perClient_.erase(found);
}

}  // namespace proxycommon
