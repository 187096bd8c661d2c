// The session of a request: which endpoint it is bound to, and the cookie that binds it.
#pragma once

#include "common/http/response_parser.h"
#include "common/httpd/httpd_api.h"
#include "mod_revproxy/balancer.h"

namespace revproxy {

// Of what the client has sent.
Session sessionOf(const request_rec& request, const Balancer& balancer, const Endpoints& endpoints);

// Where the balancer makes cookies and the session is not bound to the endpoint that has answered, the response binds
// it.
void bindSession(request_rec& request, const Balancer& balancer, const Session& session, const Endpoint& answered,
                 proxycommon::ResponseHead& head);

}  // namespace revproxy
