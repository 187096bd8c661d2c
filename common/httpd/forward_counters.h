// What is counted of the forward proxy's cache, which belongs to no balancer: found again by whoever shows it.
#pragma once

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/cache/cache_counters.h"
#include "common/httpd/httpd_api.h"

namespace proxycommon {

// In post_config, but not in the first of two runs; after prepareLibrary(). Those of an earlier generation go on.
// Error kInternal: the memory that children share is used up.
PROXYCOMMON_API Result<CacheCounters*> prepareForwardCounters(server_rec& main);

// Any process. nullptr: there is no forward proxy.
const CacheCounters* forwardCounters(const server_rec& main);

}  // namespace proxycommon
