// NamedAddress: one address that a member's name leads to. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "common/net/ip_address.h"

namespace revproxy {

struct NamedAddress {
  proxycommon::IpAddress address;
  std::uint16_t port = 0;
  std::uint32_t weight = 100;  // hundredths; of SRV records, relative to one another
  std::uint16_t priority = 0;  // of SRV records, lower first

  bool operator==(const NamedAddress&) const = default;
  bool isSamePlace(const NamedAddress& other) const { return address == other.address && port == other.port; }
};

// What became of those that were known. Weights and priorities may change besides.
struct AddressChange {
  std::vector<NamedAddress> added;
  std::vector<NamedAddress> removed;
};

}  // namespace revproxy
