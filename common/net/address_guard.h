// AddressGuard: judges an address that is about to be dialled. What is not the public Internet is closed until opened:
// private, loopback, link-local, shared (CGNAT), unique local, multicast, reserved, and the forms of IPv6 that carry an
// IPv4 address inside (v4-mapped, NAT64, 6to4, Teredo). Source: the IANA special-purpose registries (RFC 6890).
// It knows nothing of names, and opens no socket.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/export.h"
#include "common/net/ip_address.h"
#include "common/net/port_set.h"

namespace proxycommon {

class PROXYCOMMON_API AddressGuard {
 public:
  // A guard that lets everything through, for destinations that the administrator has named; and one for all of them.
  static AddressGuard open();
  static const AddressGuard& alwaysOpen();
  // A guard that is closed as described above.
  static AddressGuard closed();

  // Lets `network` through on `ports`. For the forms that carry an IPv4 address this opens the outer form alone:
  // the address inside must pass too.
  void allow(Network network, PortSet ports);

  // Whether `network` lies within what is closed by default as a whole: naming it can only mean to open it.
  static bool isSpecial(const Network& network);

  // Empty when the address may be dialled; else why not, for the log: "10.0.0.1 is in 10.0.0.0/8 (private)".
  // Any thread; the guard is const while it judges.
  std::string refusal(const IpAddress& address, std::uint16_t port) const;

  // Whether an opening names the address, or the guard lets everything through.
  bool opens(const IpAddress& address, std::uint16_t port) const;

  // Two guards with the same text judge alike: part of the peer key, so that a connection never crosses policies.
  const std::string& fingerprint() const { return fingerprint_; }

 private:
  struct Opening {
    Network network;
    PortSet ports;
  };
  bool guarding_ = true;
  std::vector<Opening> openings_;
  std::string fingerprint_;
};

}  // namespace proxycommon
