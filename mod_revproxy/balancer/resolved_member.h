// ResolvedMember: the addresses that a member's name has, written by the one child that asks for them, read by all. A
// place keeps its address as long as the name has it, so that what is counted at that place stays that address's. In
// shared memory; zero at first: nothing is known yet.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "mod_revproxy/named_address.h"

namespace revproxy {

struct ResolvedAddress {
  std::size_t place;  // among kPlaces
  NamedAddress at;
};

class ResolvedMember {
 public:
  static constexpr std::size_t kPlaces = 32;

  // Changes whenever the addresses do. 0: nothing is known yet. Any process.
  std::uint32_t version() const { return version_.load(std::memory_order_acquire) & ~1U; }
  // All of one version; any process. nullopt: they are being written, or whoever wrote them has died: the reader keeps
  // what it has, and the next writer makes it good.
  struct Reading {
    std::uint32_t version;
    std::vector<ResolvedAddress> addresses;
  };
  std::optional<Reading> read() const;

  // By one process at a time. What is there already keeps its place; what comes gets one that nobody had just now, if
  // there is one; beyond kPlaces they are left out. Of two at the same address and port the first counts. `reset` is
  // called for each place that gets a new address, before others can see it.
  AddressChange publish(const std::vector<NamedAddress>& wanted, const std::function<void(std::size_t place)>& reset);

 private:
  static constexpr std::size_t kWords = 4;
  using Place = std::array<std::atomic<std::uint64_t>, kWords>;
  struct Record;
  using Records = std::array<Record, kPlaces>;

  Record recordAt(std::size_t place) const;
  void write(std::size_t place, const Record& record);
  static std::vector<std::size_t> settle(Records& records, const std::vector<NamedAddress>& wanted,
                                         AddressChange& change);

  std::atomic<std::uint32_t> version_;  // odd while it is written
  std::array<Place, kPlaces> places_;
};

}  // namespace revproxy
