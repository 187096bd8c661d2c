// Whether a stored response may answer a request (RFC 9111 4), and how.
#pragma once

#include <string_view>

#include "common/base/export.h"
#include "common/cache/cache_message.h"
#include "common/cache/cache_policy.h"
#include "common/cache/cache_status.h"
#include "common/cache/freshness.h"
#include "common/cache/stored_response.h"

namespace proxycommon {

enum class Verdict {
  kFresh,
  kStale,                 // the client accepts it (max-stale, RFC 9111 5.2.1.2)
  kStaleWhileRevalidate,  // goes out as it is, and is revalidated behind it (RFC 5861 3)
  kRevalidate,            // only when the backend has said that it still holds (RFC 9111 4.3)
  kUnusable,              // not for this request: it is as if there were none
};

enum class ServingReason {
  kNone,  // of kFresh
  kExpired,
  kNoCache,          // of the response, RFC 9111 5.2.2.4
  kRequestNoCache,   // 5.2.1.4, 5.4
  kRequestMaxAge,    // 5.2.1.1
  kRequestMinFresh,  // 5.2.1.3
  kVary,             // 4.1
  kAuthorization,    // 3.5
  kHeadOnly,         // a HEAD's, for a GET
  kPart,             // a part, which does not hold what is asked for
  kMethod,           // 4: of another method than GET and HEAD
};

struct Serving {
  Verdict verdict = Verdict::kUnusable;
  ServingReason reason = ServingReason::kNone;
  Seconds age{0};  // RFC 9111 5.1
  Seconds ttl{0};  // RFC 9211 2.4; negative: stale
};

// Looks at everything but the URI (the key) and the client's preconditions. `immutable` (RFC 8246 2) changes nothing of
// what a fresh response is for us; a client's reload (max-age=0, no-cache) revalidates it all the same: whoever sends
// that knows best, and section 2 binds clients alone.
PROXYCOMMON_API Serving judge(const CacheRequest& request, const StoredResponse& stored, const CachePolicy& policy,
                              WallTime now);

// Whether anybody who does not ask for more is answered with it now, the backend not being asked first: it is fresh, or
// goes out stale while it is revalidated. When not, nobody gains by waiting for it.
PROXYCOMMON_API bool isReusable(const StoredResponse& stored, const CachePolicy& policy, WallTime now);

// Whether it may go out stale in place of an error (RFC 5861 4: the backend's 500, 502, 503, 504, or none at all, RFC
// 9111 4.2.4). Never where the response forbids it, where its request asks for no-cache, or where judge() has said
// kUnusable.
PROXYCOMMON_API bool mayServeOnError(const CacheRequest& request, const StoredResponse& stored,
                                     const CachePolicy& policy, WallTime now);
// RFC 5861 4.
PROXYCOMMON_API bool isServerError(int status);

// The request wants no other answer than a stored one: else 504 (RFC 9111 5.2.1.7).
PROXYCOMMON_API bool isOnlyIfCached(const CacheRequest& request);

// What Cache-Status tells of a request that went on for that reason (RFC 9211 2.2).
PROXYCOMMON_API ForwardReason forwardReason(ServingReason reason);

}  // namespace proxycommon
