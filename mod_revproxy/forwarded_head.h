// The heads as they change on their way through: what the backend is told of the client, and the client of the backend.
#pragma once

#include "common/http/request_head.h"
#include "common/http/response_parser.h"
#include "common/httpd/httpd_api.h"
#include "mod_revproxy/config.h"

namespace revproxy {

// Views into the request's memory, the backend's, `target`, and `offered`: the protocols offered to change to.
proxycommon::RequestHead forwardedHead(request_rec& request, const Backend& backend, const LocationConfig& config,
                                       const char* target, std::string_view offered);

void editResponseHead(request_rec& request, const LocationConfig& config, proxycommon::ResponseHead& head);

}  // namespace revproxy
