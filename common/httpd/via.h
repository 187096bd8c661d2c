// The Via field (RFC 9110 7.6.3), as both modules add it to requests and responses.
#pragma once

#include "common/base/export.h"
#include "common/http/headers.h"
#include "common/http/response_parser.h"
#include "common/httpd/httpd_api.h"

namespace proxycommon {

// `full` adds the server's version in a comment. Values live in the request's pool.
PROXYCOMMON_API void addVia(request_rec& request, HeaderFields& fields, bool full);
PROXYCOMMON_API void addResponseVia(request_rec& request, ResponseHead& head, bool full);

}  // namespace proxycommon
