// Freshness (RFC 9111 4.2): how long a response is fresh, and how old it is.
#pragma once

#include <optional>
#include <span>

#include "common/base/export.h"
#include "common/cache/cache_control.h"
#include "common/cache/cache_message.h"
#include "common/cache/cache_policy.h"
#include "common/cache/stored_response.h"

namespace proxycommon {

// What the response says itself (RFC 9111 4.2.1): s-maxage, max-age, Expires less Date. nullopt: nothing. What is
// invalid is zero. `received` stands in for a Date that is missing (RFC 9110 6.6.1).
PROXYCOMMON_API std::optional<Seconds> explicitLifetime(const CacheResponse& response, const CacheControl& control,
                                                        WallTime received);

// A percentage of the time since it was modified, a day at most (RFC 9111 4.2.2). nullopt: there is no Last-Modified,
// or neither its status nor `public` permits it.
PROXYCOMMON_API std::optional<Seconds> heuristicLifetime(const CacheResponse& response, const CacheControl& control,
                                                         const CachePolicy& policy, WallTime received);

// Explicit, else heuristic, else zero.
PROXYCOMMON_API Seconds freshnessLifetime(const StoredResponse& stored, const CacheControl& control,
                                          const CachePolicy& policy);

// current_age (RFC 9111 4.2.3); what goes into the Age field (5.1). Never negative, kMostSeconds at most.
PROXYCOMMON_API Seconds currentAge(const StoredResponse& stored, WallTime now);
// The same of a response that is not stored.
PROXYCOMMON_API Seconds currentAge(std::span<const HeaderField> fields, WallTime requestTime, WallTime responseTime,
                                   WallTime now);

// How long it will still be fresh; negative: it is stale since.
PROXYCOMMON_API Seconds timeToLive(const StoredResponse& stored, const CachePolicy& policy, WallTime now);

// After this it is of no use. With a validator always; without, as long as it is fresh, or may go out stale by what it
// says, by policy, or, a day long, because a client takes it or the backend gives no answer (RFC 9111 4.2.4).
PROXYCOMMON_API WallTime usefulUntil(const StoredResponse& stored, const CachePolicy& policy);

}  // namespace proxycommon
