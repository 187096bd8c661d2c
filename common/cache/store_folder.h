// A folder for bodies that are on their way to a store that keeps no files itself.
#pragma once

#include <string>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/cache/store_definition.h"

namespace proxycommon {

// In the parent: makes it for the user of the children alone, and removes what children that were killed have left
// there. Its path. Error kInternal.
PROXYCOMMON_API Result<std::string> prepareWorkFolder(const StorePlace& place);

}  // namespace proxycommon
