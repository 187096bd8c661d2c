// The handler of mod_fwdproxy.
#pragma once

#include "common/httpd/httpd_api.h"

namespace fwdproxy {

int handleRequest(request_rec* request);

}  // namespace fwdproxy
