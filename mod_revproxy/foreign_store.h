// Stores of other modules: the adaptor between StoreDefinition and the structures of api/revproxy_cache.h. Knows
// nothing of httpd.
#pragma once

#include <memory>
#include <string>

#include "common/cache/store_definition.h"
#include "mod_revproxy/api/revproxy_cache.h"

namespace revproxy {

// `kind` outlives what this gives. Error kInternal, for the one who reads configtest: the kind is of no use and why, or
// its check() has refused the options.
proxycommon::Result<std::unique_ptr<proxycommon::StoreDefinition>> makeForeignStore(
    const std::string& kindName, const revproxy_cache_kind& kind, const proxycommon::StoreOptions& options);

}  // namespace revproxy
