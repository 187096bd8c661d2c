// What the MPM's configuration means for a proxy whose requests and tunnels wait outside of workers: told at start and
// by configtest, while it is easy to change.
#pragma once

#include "common/base/export.h"
#include "common/httpd/httpd_api.h"

namespace proxycommon {

// In check_config, after the MPM's own, by a module that has something to proxy. Warns once, whoever calls.
PROXYCOMMON_API void adviseOnMpm(apr_pool_t* config, server_rec& main);

}  // namespace proxycommon
