// The kind "socache": a store in any of httpd's small object caches, so that many machines share one (redis, memcache)
// or the children of one do (shmcb):
//
//   RevProxyCacheStore NAME socache provider=redis:127.0.0.1:6379 [most-body=SIZE] [clock-skew=DURATION]
//
// What stands behind the provider's name and a colon is the provider's own. Machines share what stores of the same NAME
// hold. The module of the provider (mod_socache_redis, …) must be loaded. Redis and
// memcached are one server: what is removed while one of several is away would come back with it.
#pragma once

#include <memory>

#include "common/base/export.h"
#include "common/base/registry.h"
#include "common/cache/store_definition.h"

namespace proxycommon {

// While directives are read: the provider looks at its part then. Error kInternal, for the one who reads configtest.
PROXYCOMMON_API Result<std::unique_ptr<StoreDefinition>> readSocacheStore(const StoreOptions& options);

// Kinds of stores that stand on httpd; those that do not are in storeKinds().
PROXYCOMMON_API const Registry<ReadStore>& httpdStoreKinds();

}  // namespace proxycommon
