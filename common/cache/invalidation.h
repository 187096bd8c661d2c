// Invalidation (RFC 9111 4.4): what a request that changes something makes of what is stored.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/export.h"
#include "common/cache/cache_message.h"

namespace proxycommon {

// Known to change nothing (RFC 9110 9.2.1 and the registry of methods). All others are not.
PROXYCOMMON_API bool isSafeMethod(std::string_view method);

// Whether the field names a URI besides the request's own: Location, Content-Location.
PROXYCOMMON_API bool isInvalidating(std::string_view fieldName);

// Targets (path and query) on the request's own origin that are to be removed: its own, and those of Location and
// Content-Location where they are of the same origin. Empty: it is a safe method, or the status is an error.
PROXYCOMMON_API std::vector<std::string> invalidatedTargets(const CacheRequest& request, const CacheResponse& response);

// A reference resolved against the request's URI (RFC 3986 5.2), without fragment: path and query, when the origin is
// the same (RFC 9110 4.3.1). nullopt: another origin, or no reference.
PROXYCOMMON_API std::optional<std::string> resolvedOnOrigin(const CacheRequest& request, std::string_view reference);

}  // namespace proxycommon
