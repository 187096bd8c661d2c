// Endpoint: where one request can go: a member, or one address of a member whose name has several. A set of them is
// what a child knows of a balancer at a time; it is replaced whole when addresses come or go, and a request that holds
// it goes on with it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mod_revproxy/balancer/member.h"
#include "mod_revproxy/member_state.h"

namespace revproxy {

struct Endpoint {
  const Member* member;
  std::string name;         // the member's URL; with several addresses, "URL (ADDRESS:PORT)"
  std::string address;      // dialled in place of the member's name; empty: by its name
  std::uint16_t port;       // of it
  std::uint32_t weight;     // hundredths
  unsigned set;             // the member's, or above it by the priority of SRV records
  std::uint64_t identity;   // of its name: the same everywhere and always
  bool isChecked = false;   // by RevProxyHealth
  std::string cookieValue;  // that binds a session to it; empty: the balancer makes no cookies
  SharedMember shared;
};

// What stands for it in a line of those who wait: the same in all children.
inline std::uint32_t lineNumber(const Endpoint& endpoint) {
  return static_cast<std::uint32_t>(endpoint.identity >> 33);
}

using Endpoints = std::vector<Endpoint>;

}  // namespace revproxy
