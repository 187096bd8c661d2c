// A client's preconditions against a stored response (RFC 9111 4.3.2, RFC 9110 13).
#pragma once

#include <span>
#include <string_view>

#include "common/base/export.h"
#include "common/cache/cache_message.h"
#include "common/cache/stored_response.h"

namespace proxycommon {

enum class Precondition {
  kNone,         // the stored response goes out
  kNotModified,  // a 304 for it
};

// RFC 9110 13.2.2, as far as it is a cache's. If-Match and If-Unmodified-Since are the origin's: see isForOrigin().
PROXYCOMMON_API Precondition evaluatePreconditions(const CacheRequest& request, const StoredResponse& stored);

// The request has If-Match or If-Unmodified-Since: it goes to the backend (RFC 9111 4.3.2).
PROXYCOMMON_API bool isForOrigin(const CacheRequest& request);

// The fields of a 304 for it (RFC 9110 15.4.5): all but what describes the representation; Last-Modified stands there
// only where there is no ETag.
PROXYCOMMON_API HeaderFields notModifiedFields(const StoredResponse& stored);

// entity-tag (RFC 9110 8.8.3); comparisons of 8.8.3.2. What is no entity tag equals nothing.
PROXYCOMMON_API bool isEntityTag(std::string_view text);
PROXYCOMMON_API bool isStrongEntityTag(std::string_view text);
PROXYCOMMON_API bool equalsWeakly(std::string_view left, std::string_view right);
PROXYCOMMON_API bool equalsStrongly(std::string_view left, std::string_view right);

}  // namespace proxycommon
