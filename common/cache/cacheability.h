// Whether a response may be stored (RFC 9111 3), by a shared cache.
#pragma once

#include <string_view>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/cache/cache_message.h"
#include "common/cache/cache_policy.h"

namespace proxycommon {

enum class Storable {
  kYes,
  kMethod,  // neither GET nor HEAD, nor a POST that says so (RFC 9110 9.3.3)
  kStatus,  // interim, 304, 416, or what must be understood and is not
  kRequestNoStore,
  kNoStore,
  kPrivate,
  kAuthorization,  // RFC 9111 3.5
  kSetCookie,      // the policy's
  kVaryAny,
  kPartial,      // a 206 that is of no use: several ranges, or of what is not known (RFC 9111 3.3)
  kNoFreshness,  // nothing says how long, and there is nothing to validate with
  kNoUse,        // stale on arrival, and nothing to validate with
  kTags,         // more, or others, than it could be purged by
  kTooLarge,     // for the store; mayStore() does not say so
  kVaryAdded,    // by what goes on otherwise than clients send it: selectsAsSent(); nor this
};

// For a log or Cache-Status' detail: a token.
PROXYCOMMON_API std::string_view nameOf(Storable storable);

PROXYCOMMON_API Storable mayStore(const CacheRequest& request, const CacheResponse& response, const CachePolicy& policy,
                                  WallTime now);

// Whether it is the response that forbids it, so that the same is to be expected for the next client; of a status that
// tells what the resource is.
PROXYCOMMON_API bool isOfResource(Storable storable, int status);

// Whether its answer may be one user's (RFC 9111 3.5): it has Authorization, or the server knows who asks.
PROXYCOMMON_API bool isAuthorized(const CacheRequest& request);

// Whether a stored response may answer it at all (RFC 9111 4): GET and HEAD. A no-store of the request does not hinder
// (5.2.1.5).
PROXYCOMMON_API bool mayLookUp(const CacheRequest& request);

// RFC 9110 15.1: defined as heuristically cacheable.
PROXYCOMMON_API bool isHeuristicallyCacheable(int status);

}  // namespace proxycommon
