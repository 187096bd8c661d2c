// IP addresses and networks as values.
#include "common/net/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "common/base/text.h"

namespace proxycommon {

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated{text};
  if (terminated.size() != std::strlen(terminated.c_str())) return std::nullopt;
  IpAddress address;
  if (inet_pton(AF_INET, terminated.c_str(), address.bytes_.data()) == 1) return address;
  address.v4_ = false;
  if (inet_pton(AF_INET6, terminated.c_str(), address.bytes_.data()) == 1) return address;
  return std::nullopt;
}

std::optional<IpAddress> IpAddress::fromSocketAddress(const sockaddr& address) {
  IpAddress result;
  if (address.sa_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(address);
    std::memcpy(result.bytes_.data(), &in.sin_addr, sizeof in.sin_addr);
    return result;
  }
  if (address.sa_family != AF_INET6) return std::nullopt;
  const auto& in = reinterpret_cast<const sockaddr_in6&>(address);
  std::memcpy(result.bytes_.data(), &in.sin6_addr, sizeof in.sin6_addr);
  result.v4_ = false;
  return result;
}

IpAddress IpAddress::embeddedV4(std::size_t offset, bool inverted) const {
  IpAddress inner;
  for (std::size_t index = 0; index < 4; ++index)
    inner.bytes_[index] = static_cast<std::uint8_t>(bytes_[offset + index] ^ (inverted ? 0xff : 0));
  return inner;
}

IpAddress IpAddress::leading(unsigned count) const {
  IpAddress result = *this;
  for (unsigned index = count; index < bits(); ++index)
    result.bytes_[index / 8] = static_cast<std::uint8_t>(result.bytes_[index / 8] & ~(0x80u >> index % 8));
  return result;
}

std::string IpAddress::toString() const {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(v4_ ? AF_INET : AF_INET6, bytes_.data(), text, sizeof text);
  return text;
}

std::optional<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  Network network;
  network.address_ = *address;
  network.prefix_ = address->bits();
  if (slash == std::string_view::npos) return network;
  const auto prefix = parseNumber(text.substr(slash + 1), address->bits());
  if (!prefix) return std::nullopt;
  network.prefix_ = static_cast<unsigned>(*prefix);
  for (unsigned index = network.prefix_; index < address->bits(); ++index)
    if (address->bit(index)) return std::nullopt;
  return network;
}

bool Network::contains(const IpAddress& address) const {
  if (address.isV4() != address_.isV4()) return false;
  for (unsigned index = 0; index < prefix_; ++index)
    if (address.bit(index) != address_.bit(index)) return false;
  return true;
}

std::string Network::toString() const {
  return address_.toString() + "/" + std::to_string(prefix_);
}

std::string subscriberOf(std::string_view address) {
  const auto parsed = IpAddress::parse(address);
  if (!parsed || parsed->isV4()) return std::string{address};
  static const Network mapped = Network::parse("::ffff:0:0/96").value();
  if (mapped.contains(*parsed)) return parsed->embeddedV4(12, false).toString();
  return parsed->leading(64).toString() + "/64";
}

}  // namespace proxycommon
