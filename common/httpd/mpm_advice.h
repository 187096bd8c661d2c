// What the MPM's configuration means for a proxy whose requests and tunnels wait outside of workers: told at start and
// by configtest, while it is easy to change.
#pragma once

#include "common/base/export.h"
#include "common/httpd/httpd_api.h"

namespace proxycommon {

// Whether check_config is the place for warnings, which is so for configtest alone: at a real start the first
// check_config comes again, and at the second there is no log yet. Then post_config is, but in its first run.
PROXYCOMMON_API bool isConfigTest();
PROXYCOMMON_API bool isFirstOfTwoRuns();

// By a module that has something to proxy. Warns once, whoever calls.
PROXYCOMMON_API void adviseOnMpm(apr_pool_t* config, server_rec& main, int moduleIndex);

}  // namespace proxycommon
