// What the log says of members that come and go: one line each time.
#pragma once

#include "common/base/error.h"
#include "common/httpd/httpd_api.h"
#include "mod_revproxy/balancer.h"

namespace revproxy {

// `last` is the failure that was one too many; nullptr: an answer that failonstatus names.
void logEjection(request_rec& request, const Balancer& balancer, const Endpoint& endpoint, EjectionChange change,
                 const proxycommon::Error* last);

}  // namespace revproxy
