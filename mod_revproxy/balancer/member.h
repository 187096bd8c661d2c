// Member: one backend of a balancer, as it is configured. Const once the configuration is read. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "mod_revproxy/backend.h"

namespace revproxy {

// What limit= may say.
inline constexpr std::size_t kMostInFlight = 65'536;

enum class MemberRole {
  kActive,
  kSpare,    // takes the place of an active one of its set that cannot be used
  kStandby,  // used when no other of its set can be
};

enum class Resolve {
  kOne,  // it is dialled by its name; of several addresses the first that answers
  kAll,  // each address of the name is a member of its own
  kSrv,  // the name's SRV records say host, port, weight and priority (RFC 2782)
};

struct Member {
  Backend backend;
  std::string url;             // as it is written
  std::string route;           // of sessions; empty: none
  std::uint32_t weight = 100;  // hundredths: mod_proxy's loadfactor takes 1.5
  unsigned set = 0;            // members of a higher one are used when no lower one can be
  MemberRole role = MemberRole::kActive;
  bool isDrained = false;  // has its sessions, and gets no new ones
  bool isStopped = false;  // has nothing
  bool neverEjected = false;
  Setting<milliseconds> slowStart;
  std::size_t limit = 0;  // requests in flight, over all children; 0: no limit
  Resolve resolve = Resolve::kOne;
  std::string definedAt;  // "FILE:LINE"
};

// The error says what is wrong, and what may be written.
Result<Member> parseMember(std::string_view url, std::span<const std::string> parameters);

}  // namespace revproxy
