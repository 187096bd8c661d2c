// ResolvedMember: the addresses that a member's name has, written by the one child that asks for them, read by all. A
// place keeps its address as long as the name has it, so that what is counted at that place stays that address's. In
// shared memory; zero at first: nothing is known yet.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "common/net/ip_address.h"

namespace revproxy {

struct ResolvedAddress {
  std::size_t place;  // among kPlaces
  proxycommon::IpAddress address;
  std::uint16_t port;
  std::uint32_t weight;    // hundredths; of SRV records, relative to one another
  std::uint16_t priority;  // of SRV records, lower first; else 0
};

class ResolvedMember {
 public:
  static constexpr std::size_t kPlaces = 32;

  // Changes whenever the addresses do. 0: nothing is known yet.
  std::uint32_t version() const { return version_.load(std::memory_order_acquire); }
  // All of one version; any process.
  std::vector<ResolvedAddress> read() const;

  // By one process at a time. What is there already keeps its place; beyond kPlaces they are left out. `reset` is
  // called for each place that gets a new address, before others can see it.
  struct Wanted {
    proxycommon::IpAddress address;
    std::uint16_t port;
    std::uint32_t weight;
    std::uint16_t priority;
  };
  template <class Reset>
  bool publish(const std::vector<Wanted>& wanted, Reset reset);

 private:
  std::atomic<std::uint32_t> version_;  // odd while it is written
};

}  // namespace revproxy
