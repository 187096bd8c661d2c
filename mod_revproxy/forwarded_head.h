// The heads as they change on their way through: what the backend is told of the client, and the client of the backend.
#pragma once

#include "common/http/request_head.h"
#include "common/http/response_parser.h"
#include "common/httpd/httpd_api.h"
#include "mod_revproxy/config.h"

namespace revproxy {

struct EndpointPlan;

// Views into the request's memory, and into the plan.
proxycommon::RequestHead forwardedHead(request_rec& request, const EndpointPlan& plan);

// `answered` is the endpoint of `balancer` whose answer it is.
void editResponseHead(request_rec& request, const LocationConfig& config, std::string_view balancer,
                      const Endpoint& answered, proxycommon::ResponseHead& head);

}  // namespace revproxy
