// What mod_status shows of the library: tunnels and parked requests, in all and of each child; the forward proxy's
// cache, which no balancer's counters tell of, and the stores of all caches.
#pragma once

#include "common/httpd/httpd_api.h"

namespace proxycommon {

// mod_status's extension hook. With AP_STATUS_SHORT (?auto) lines of `Name: value`.
int showStatus(request_rec* request, int flags);

}  // namespace proxycommon
