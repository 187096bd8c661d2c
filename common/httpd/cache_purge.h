// PURGE: removes what the cache has, one URL, all below a prefix, or all with a tag.
#pragma once

#include "common/base/task.h"
#include "common/httpd/request_cache.h"

namespace proxycommon {

// Whether the request is one, and such are for us to answer where there is a cache.
PROXYCOMMON_API bool isPurge(const request_rec& request, const CacheConfig& config);

// What the handler returns. By tag and by prefix in all stores, but of the subject's site alone. Only where `Require`
// says who may: else 403, and the log tells why. With Cache-Tag or Surrogate-Key: those tags; a path that ends with
// "*": all that begins so; else the URL, 404 where it is not there.
PROXYCOMMON_API Task<int> purge(RequestWaiter& waiter, CacheChoice choice, CacheSubject subject);

}  // namespace proxycommon
