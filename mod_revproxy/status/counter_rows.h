// The counters that are shown, one a row: to show one more, add a row. Answers by class, errors by kind and histograms
// are not among them. Pure.
#pragma once

#include <array>
#include <string_view>

#include "mod_revproxy/status/snapshot.h"

namespace revproxy {

template <class Totals>
struct CounterRow {
  std::string_view name;  // in JSON; for Prometheus with the prefix of its kind, and "_total"
  std::string_view help;  // one sentence
  std::uint64_t Totals::*value;
};

inline constexpr auto kBalancerCounters = std::to_array<CounterRow<BalancerTotals>>({
    {"requests", "Requests of clients.", &BalancerTotals::requests},
    {"retries", "Requests that were sent to another member after one had failed.", &BalancerTotals::retries},
    {"retries_refused", "Requests that the retry budget kept from another member.", &BalancerTotals::retriesRefused},
    {"queued", "Requests that had to wait for a place within a limit.", &BalancerTotals::queued},
    {"queue_timeouts", "Requests that waited for a place in vain.", &BalancerTotals::queueTimeouts},
    {"queue_overflows", "Requests that found no room to wait in.", &BalancerTotals::queueOverflows},
    {"panics", "Requests that went to a suspect member because there was no other.", &BalancerTotals::panics},
    {"no_member", "Requests that found no member at all.", &BalancerTotals::noMember},
});

inline constexpr auto kMemberCounters = std::to_array<CounterRow<MemberTotals>>({
    {"requests", "Requests that the member was asked; each try counts.", &MemberTotals::requests},
    {"sent_bytes", "Bytes to the member.", &MemberTotals::sent},
    {"received_bytes", "Bytes from the member.", &MemberTotals::received},
    {"dials", "Connections made.", &MemberTotals::dials},
    {"reuses", "Requests on a connection that was there.", &MemberTotals::reuses},
    {"pool_waits", "Requests that had to wait for a connection.", &MemberTotals::poolWaits},
    {"ejections", "How often the member was ejected.", &MemberTotals::ejections},
    {"returns", "How often it came back from an ejection.", &MemberTotals::returns},
    {"tunnels", "Tunnels opened.", &MemberTotals::tunnels},
});

inline constexpr auto kCacheCounters = std::to_array<CounterRow<CacheTotals>>({
    {"hits", "Requests answered from the store.", &CacheTotals::hits},
    {"misses", "Requests answered by a member, because the store had nothing for them.", &CacheTotals::misses},
    {"stale", "Requests answered from the store with what was no longer fresh.", &CacheTotals::stale},
    {"revalidated", "Requests answered from the store after a member had said that it still holds.",
     &CacheTotals::revalidated},
    {"collapsed", "Requests answered with what another one has brought.", &CacheTotals::collapsed},
    {"passes", "Requests for which the store is not asked.", &CacheTotals::passes},
    {"stored", "Responses put into the store.", &CacheTotals::stored},
    {"stored_bytes", "Bytes of their bodies.", &CacheTotals::storedBytes},
});

}  // namespace revproxy
