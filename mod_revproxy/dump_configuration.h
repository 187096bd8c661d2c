// `apachectl -t -D DUMP_REVPROXY`: prints where requests go.
#pragma once

#include "common/httpd/httpd_api.h"

namespace revproxy {

// test_config: after the configuration was read and found right.
void dumpConfiguration(apr_pool_t* pool, server_rec* main);

}  // namespace revproxy
