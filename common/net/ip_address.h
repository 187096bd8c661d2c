// IP addresses and networks (CIDR) as values. Parses what people write and what the kernel gives; opens no socket.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/export.h"

namespace proxycommon {

class PROXYCOMMON_API IpAddress {
 public:
  // "192.0.2.1", "2001:db8::1"; no brackets, no zone, no short forms such as "127.1".
  static std::optional<IpAddress> parse(std::string_view text);
  // nullopt for any family but AF_INET and AF_INET6.
  static std::optional<IpAddress> fromSocketAddress(const sockaddr& address);

  bool isV4() const { return v4_; }
  // 32 or 128.
  unsigned bits() const { return v4_ ? 32 : 128; }
  // Bit 0 is the most significant one. Precondition: index < bits().
  bool bit(unsigned index) const { return (bytes_[index / 8] >> (7 - index % 8)) & 1; }
  // The IPv4 address in the four bytes of an IPv6 one that begin at `offset`, as v4-mapped, NAT64, 6to4 and Teredo
  // addresses carry it; Teredo inverts it. Precondition: offset <= 12.
  IpAddress embeddedV4(std::size_t offset, bool inverted) const;
  // Those of its leading bits alone, the rest zero. Precondition: count <= bits().
  IpAddress leading(unsigned count) const;
  std::string toString() const;

  bool operator==(const IpAddress&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};  // the first four for IPv4
  bool v4_ = true;
};

// An address and how many of its leading bits count.
class PROXYCOMMON_API Network {
 public:
  // "10.0.0.0/8", "2001:db8::/32", or a single address. Bits behind the prefix must be zero: 10.1.2.3/8 is a mistake.
  static std::optional<Network> parse(std::string_view text);

  bool contains(const IpAddress& address) const;
  bool contains(const Network& other) const { return other.prefix_ >= prefix_ && contains(other.address_); }
  std::string toString() const;

  bool operator==(const Network&) const = default;

 private:
  IpAddress address_;
  unsigned prefix_ = 0;
};

// Whom a limit for each client counts: the address itself, or for IPv6 the /64, within which one subscriber has as many
// addresses as he likes (RFC 6177). What is no address stands for itself.
PROXYCOMMON_API std::string subscriberOf(std::string_view address);

}  // namespace proxycommon
