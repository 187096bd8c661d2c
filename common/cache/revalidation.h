// Validation (RFC 9111 4.3): asking whether a stored response still holds, and what comes of the answer.
#pragma once

#include <span>

#include "common/base/export.h"
#include "common/cache/cache_control.h"
#include "common/cache/cache_message.h"
#include "common/cache/cache_policy.h"
#include "common/cache/stored_response.h"
#include "common/http/headers.h"

namespace proxycommon {

// There is something to ask with: ETag, or Last-Modified.
PROXYCOMMON_API bool hasValidator(std::span<const HeaderField> response);

// The request's fields for the backend: its own conditions and Range out, the stored validators in (RFC 9111 4.3.1). Of
// a stored part Range and If-Range stay: what has changed comes as a part again, or whole where the client has the old
// one. Views into both.
PROXYCOMMON_API HeaderFields conditionalFields(std::span<const HeaderField> request, const StoredResponse& stored);

// Whether a 304 speaks of that stored response (RFC 9111 4.3.4): its strong ETag, else its weak one, else its
// Last-Modified is the stored one. Beyond the RFC: one that has none of them does, where it answers
// conditionalFields(). When it does not, the request is to be sent again without conditions.
PROXYCOMMON_API bool selects(std::span<const HeaderField> notModified, const StoredResponse& stored);

// The stored response with what a 304 (or a HEAD's 200) has brought (RFC 9111 3.2): each field that it has takes the
// place of all of that name, but for what describes the stored bytes. Times, Date and Age are those of the new
// exchange. Whether it may stay in the store is for judgeFreshened() to say. Views into both.
PROXYCOMMON_API StoredResponse freshened(const StoredResponse& stored, std::span<const HeaderField> update,
                                         const CachePolicy& policy, WallTime requestTime, WallTime responseTime);

// What becomes of a stored response of which freshened() has made `fresh`.
enum class Freshening {
  kReplaces,  // the new one takes its place
  kStays,     // the old one stays: its request's answer is for nobody else (RFC 9111 3.5, 5.2.1.5), and tells nothing
  kRemoves,   // neither stays: the new one may not be stored (RFC 9111 3), is selected by other fields (4.1), or bears
              // other tags
};
PROXYCOMMON_API Freshening judgeFreshened(const CacheRequest& request, const StoredResponse& stored,
                                          const StoredResponse& fresh, const CachePolicy& policy, WallTime now);

// What the answer to a HEAD tells of a stored GET (RFC 9111 4.3.5).
enum class HeadFreshening {
  kNothing,  // it is no 200, or the stored one is no 200
  kUpdates,  // freshened() is in order
  kStale,    // the stored one is of another time, and is to be removed
};
PROXYCOMMON_API HeadFreshening judgeHead(const StoredResponse& stored, const CacheResponse& response);

}  // namespace proxycommon
