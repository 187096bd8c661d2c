// The heads as they change on their way through: what the backend is told of the client, and the client of the backend.
#pragma once

#include "common/http/request_head.h"
#include "common/http/response_parser.h"
#include "common/httpd/httpd_api.h"
#include "mod_revproxy/config.h"

namespace revproxy {

struct EndpointPlan;

// Whether mod_remoteip has taken a field of the peer's for who the client is: then its other fields are taken too.
bool trustsPeer(const request_rec& request);

// The scheme and the host that the backend takes for those of the client's URL, where it reads X-Forwarded-Proto and
// X-Forwarded-Host. As they go to it, so perhaps no scheme or host at all. Views into the request's memory.
struct ToldOrigin {
  std::string_view scheme;
  std::string_view host;
};
ToldOrigin toldOrigin(const request_rec& request, const LocationConfig& config);

// Views into the request's memory, and into the plan.
proxycommon::RequestHead forwardedHead(request_rec& request, const EndpointPlan& plan);

// The backend's URLs, cookies and Via as the client is to see them. `balancer` is that of the request.
void editResponseHead(request_rec& request, const LocationConfig& config, const Balancer& balancer,
                      proxycommon::ResponseHead& head);

}  // namespace revproxy
