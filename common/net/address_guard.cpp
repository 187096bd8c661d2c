// The table of what is not the public Internet, and the judgement over it.
#include "common/net/address_guard.h"

#include <algorithm>
#include <iterator>

namespace proxycommon {
namespace {

// Where an IPv6 address has an IPv4 address inside, which its packets reach in the end.
enum class Inner { kNone, kLast, kSixToFour, kTeredo };

struct SpecialNetwork {
  Network network;
  std::string_view name;
  Inner inner = Inner::kNone;
};

SpecialNetwork special(std::string_view network, std::string_view name, Inner inner = Inner::kNone) {
  return {*Network::parse(network), name, inner};
}

IpAddress innerOf(const IpAddress& address, Inner inner) {
  return address.embeddedV4(inner == Inner::kSixToFour ? 2 : 12, inner == Inner::kTeredo);
}

// The first row that fits decides, so narrower networks stand above wider ones.

const std::vector<SpecialNetwork>& specialNetworks() {
  static const std::vector<SpecialNetwork> networks = {
      special("0.0.0.0/8", "this network, RFC 791"),
      special("10.0.0.0/8", "private, RFC 1918"),
      special("100.64.0.0/10", "shared by carriers, RFC 6598"),
      special("127.0.0.0/8", "loopback, RFC 1122"),
      special("169.254.0.0/16", "link-local, RFC 3927"),
      special("172.16.0.0/12", "private, RFC 1918"),
      special("192.0.0.0/24", "protocol assignments, RFC 6890"),
      special("192.0.2.0/24", "documentation, RFC 5737"),
      special("192.88.99.0/24", "6to4 relays, RFC 7526"),
      special("192.168.0.0/16", "private, RFC 1918"),
      special("198.18.0.0/15", "benchmarking, RFC 2544"),
      special("198.51.100.0/24", "documentation, RFC 5737"),
      special("203.0.113.0/24", "documentation, RFC 5737"),
      special("224.0.0.0/4", "multicast, RFC 5771"),
      special("240.0.0.0/4", "reserved and broadcast, RFC 1112"),
      special("::/128", "unspecified, RFC 4291"),
      special("::1/128", "loopback, RFC 4291"),
      special("::ffff:0.0.0.0/96", "v4-mapped, RFC 4291", Inner::kLast),
      special("::/96", "v4-compatible, RFC 4291", Inner::kLast),
      special("64:ff9b::/96", "NAT64, RFC 6052", Inner::kLast),
      special("64:ff9b:1::/48", "local NAT64, RFC 8215", Inner::kLast),
      special("100::/64", "discard, RFC 6666"),
      special("2001::/32", "Teredo, RFC 4380", Inner::kTeredo),
      special("2001::/23", "protocol assignments, RFC 2928"),
      special("2001:db8::/32", "documentation, RFC 3849"),
      special("2002::/16", "6to4, RFC 3056", Inner::kSixToFour),
      special("3fff::/20", "documentation, RFC 9637"),
      special("5f00::/16", "segment routing, RFC 9602"),
      special("fc00::/7", "unique local, RFC 4193"),
      special("fe80::/10", "link-local, RFC 4291"),
      special("fec0::/10", "site-local, RFC 3879"),
      special("ff00::/8", "multicast, RFC 4291"),
      special("::/3", "not global unicast, RFC 4291"),
      special("4000::/2", "not global unicast, RFC 4291"),
      special("8000::/1", "not global unicast, RFC 4291"),
  };
  return networks;
}

}  // namespace

const AddressGuard& AddressGuard::alwaysOpen() {
  static const AddressGuard guard = open();
  return guard;
}

AddressGuard AddressGuard::open() {
  AddressGuard guard;
  guard.guarding_ = false;
  guard.fingerprint_ = "open";
  return guard;
}

AddressGuard AddressGuard::closed() {
  AddressGuard guard;
  guard.fingerprint_ = "closed";
  return guard;
}

void AddressGuard::allow(Network network, PortSet ports) {
  fingerprint_.append(" ").append(network.toString()).append(":").append(ports.toString());
  openings_.push_back({network, std::move(ports)});
}

bool AddressGuard::isSpecial(const Network& network) {
  const auto& networks = specialNetworks();
  return std::any_of(networks.begin(), networks.end(),
                     [&](const SpecialNetwork& row) { return row.network.contains(network); });
}

bool AddressGuard::opens(const IpAddress& address, std::uint16_t port) const {
  if (!guarding_) return true;
  return std::any_of(openings_.begin(), openings_.end(), [&](const Opening& opening) {
    return opening.network.contains(address) && opening.ports.contains(port);
  });
}

std::string AddressGuard::refusal(const IpAddress& address, std::uint16_t port) const {
  if (!guarding_) return {};
  const auto& networks = specialNetworks();
  const auto found = std::find_if(networks.begin(), networks.end(),
                                  [&](const SpecialNetwork& row) { return row.network.contains(address); });
  if (found == networks.end()) return {};
  if (opens(address, port))
    return found->inner == Inner::kNone ? std::string{} : refusal(innerOf(address, found->inner), port);
  return address.toString() + " is in " + found->network.toString() + " (" + std::string{found->name} + ")";
}

}  // namespace proxycommon
