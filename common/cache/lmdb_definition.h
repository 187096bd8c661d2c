// An LMDB store as the configuration has it: path=, size=.
#pragma once

#include <memory>

#include "common/cache/store_definition.h"

namespace proxycommon {

// Error kInternal: an option is unknown, or its value is none.
Result<std::unique_ptr<StoreDefinition>> readLmdbStore(const StoreOptions& options);

}  // namespace proxycommon
