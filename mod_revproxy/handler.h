// The handler of mod_revproxy.
#pragma once

#include "common/httpd/httpd_api.h"

namespace revproxy {

int handleRequest(request_rec* request);

}  // namespace revproxy
