// What the log says of members that come and go: one line each time.
#pragma once

#include <string>

#include "common/httpd/httpd_api.h"
#include "mod_revproxy/balancer.h"

namespace revproxy {

// `last` is how the last try ended.
void logEjection(request_rec& request, const Balancer& balancer, const Endpoint& endpoint, EjectionChange change,
                 const std::string& last);

}  // namespace revproxy
