// What mod_revproxy does before the first request.
#pragma once

#include "common/httpd/httpd_api.h"

namespace revproxy {

// check_config: also for apachectl configtest.
int check(apr_pool_t* config, apr_pool_t* log, apr_pool_t* temporary, server_rec* main);
// post_config: in the parent, twice at start and once at each graceful restart.
int prepare(apr_pool_t* config, apr_pool_t* log, apr_pool_t* temporary, server_rec* main);
// child_init.
void startChild(apr_pool_t* pool, server_rec* main);

}  // namespace revproxy
