// ServiceRecords: what a name server says of a service: the SRV records (RFC 2782) of its answer, read from the message
// itself, for c-ares's own reader leaves the time to live out. Pure; the message comes from outside.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace proxycommon {

struct ServiceRecord {
  std::string host;  // in lower case, without the dot at its end
  std::uint16_t port = 0;
  std::uint16_t priority = 0;  // lower first
  std::uint16_t weight = 0;    // relative to others of its priority

  bool operator==(const ServiceRecord&) const = default;
};

struct ServiceRecords {
  std::vector<ServiceRecord> records;  // in the order of the message; none: the service is not offered
  std::chrono::seconds lifetime{0};    // the shortest that leads to one
};

// How many of a message are looked at.
inline constexpr std::size_t kMostServiceRecords = 64;

// nullopt: it is no message that can be read to the end of its answers (RFC 1035 4.1).
std::optional<ServiceRecords> readServiceRecords(std::span<const unsigned char> message);

}  // namespace proxycommon
