// Kinds of cache stores by name: those that come with the library, and those that other modules have registered by
// api/revproxy_cache.h.
#pragma once

#include <memory>
#include <string>

#include "common/cache/store_definition.h"

namespace revproxy {

// While directives are read, in the parent; all modules are loaded then. What it gives must go before they are
// unloaded. A name of ours is ours, whoever else registers it. Error kInternal, for the one who reads configtest: there
// is no such kind, and which there are; it is of no use, and why; or the options are wrong.
proxycommon::Result<std::unique_ptr<proxycommon::StoreDefinition>> readStore(const std::string& kind,
                                                                             const proxycommon::StoreOptions& options);

// "lmdb, socache, …": all there are.
std::string storeKindNames();

}  // namespace revproxy
