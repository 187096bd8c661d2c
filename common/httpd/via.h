// The Via field (RFC 9110 7.6.3), as both modules add it to requests and responses.
#pragma once

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/http/headers.h"
#include "common/http/response_parser.h"
#include "common/httpd/httpd_api.h"

namespace proxycommon {

enum class ViaMode { kOff, kOn, kFull };  // full: with the server's version in a comment

// The argument of FwdProxyVia and RevProxyVia.
PROXYCOMMON_API Result<ViaMode> readVia(std::string_view text);

// Appends to what came; nothing where the mode is off. Values live in the request's pool.
PROXYCOMMON_API void addVia(request_rec& request, HeaderFields& fields, ViaMode mode);
PROXYCOMMON_API void addResponseVia(request_rec& request, ResponseHead& head, ViaMode mode);

}  // namespace proxycommon
