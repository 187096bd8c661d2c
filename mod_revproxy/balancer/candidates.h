// Candidates: which of a balancer's endpoints may have a request now: the filter in front of the method. Sets in their
// order; within one its active members, spares in the place of those that cannot be used, then its standbys. Where all
// are suspects, a suspect is tried rather than nobody (panic). Reads what all children share; chooses nothing.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "mod_revproxy/balancer/endpoint.h"
#include "mod_revproxy/balancer/settings.h"

namespace revproxy {

// Why an endpoint cannot have a request that is bound to none.
enum class Standing { kUsable, kDrained, kStopped, kDown, kEjected };
Standing standingOf(const Endpoint& endpoint);
// "down", …: for logs and the status.
const char* toString(Standing standing);

// When it came back last, be it from an ejection or from being down; 0: it was never away. Milliseconds of Clock.
std::int64_t returnedAt(const MemberState& state);
// Hundredths; less than what is configured while it starts slowly.
std::uint32_t weightOf(const Endpoint& endpoint, const BalancerSettings& settings, Clock::time_point now);

// What is known of a request, and of what became of it so far.
struct Asker {
  Clock::time_point now{};
  std::vector<bool> tried = {};       // by endpoint; empty: none
  std::vector<bool> full = {};        // of those whose limit is reached; empty: none
  const Endpoint* session = nullptr;  // that it is bound to
  bool keepsSession = false;          // it goes nowhere else (nofailover)
  bool mayBeRepeated = true;          // so that it may try a suspect
};

struct Candidates {
  enum class Kind {
    kSome,         // the method chooses among `places`
    kSession,      // the one in `places`
    kProbe,        // the one in `places` has been away, and is tried; claimProbe() comes first
    kPanic,        // all that are left are suspects
    kFull,         // those that could have it are at their limits: those in `places`
    kSessionDown,  // its session's endpoint cannot have it, and it goes nowhere else
    kNone,
  };
  Kind kind = Kind::kNone;
  std::vector<std::size_t> places;  // among the endpoints
};

Candidates candidatesFor(const Asker& asker, const Endpoints& endpoints);

// Why none of them can have a request: "http://a/: down; http://b/: stopped".
std::string describeStandings(const Endpoints& endpoints, const std::vector<bool>& tried);

}  // namespace revproxy
