// The hooks of the library itself, which both modules need once.
#pragma once

#include "common/base/export.h"
#include "common/httpd/httpd_api.h"

namespace proxycommon {

// In each module's register_hooks.
PROXYCOMMON_API void registerLibraryHooks(apr_pool_t* config);

}  // namespace proxycommon
