// TunnelSlots: how many tunnels a child carries, in all and for each client, and whether one more may open. It knows
// nothing of how a tunnel is pumped.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "common/base/export.h"
#include "common/base/result.h"

namespace proxycommon {

class TunnelSlots;

// The right to carry one tunnel; given back when it dies. May move between threads.
class PROXYCOMMON_API TunnelSlot {
 public:
  TunnelSlot(TunnelSlot&& other) noexcept
      : slots_(std::exchange(other.slots_, nullptr)), client_(std::move(other.client_)) {}
  TunnelSlot& operator=(TunnelSlot&&) = delete;
  ~TunnelSlot();

 private:
  friend class TunnelSlots;
  TunnelSlot(TunnelSlots& slots, std::string client) : slots_(&slots), client_(std::move(client)) {}
  TunnelSlots* slots_;
  std::string client_;
};

// Any thread. Outlives its slots.
class PROXYCOMMON_API TunnelSlots {
 public:
  struct Limits {
    std::size_t inAll;
    std::size_t perClient;
  };

  // `live` follows the number of tunnels, for whoever shows it.
  explicit TunnelSlots(std::atomic<std::uint32_t>& live) : live_(live) {}

  // `client` is an address. Error kTunnelLimit, whose detail names the limit.
  Result<TunnelSlot> take(const std::string& client, const Limits& limits);

 private:
  friend class TunnelSlot;
  void giveBack(const std::string& client);

  std::atomic<std::uint32_t>& live_;
  std::mutex mutex_;
  std::size_t count_ = 0;
  std::unordered_map<std::string, std::size_t> perClient_;
};

}  // namespace proxycommon
