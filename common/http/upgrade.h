// Changing the protocol of a connection (RFC 9110 7.8): what a client asks for, what is allowed, what is offered on.
#pragma once

#include <string>
#include <string_view>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/http/headers.h"

namespace proxycommon {

// "websocket", "websocket,foo", or "None" for the empty list, as a directive says it. The error names what may be
// written.
PROXYCOMMON_API Result<std::string> readUpgrade(std::string_view text);

// The protocols that a request asks for and that are allowed, as a list; empty: the request is one like any other.
// `asked` is what its Upgrade field says, if its Connection field names it.
PROXYCOMMON_API std::string offeredUpgrade(std::string_view asked, std::string_view allowed);

// Adds what says so to the next hop; nothing where nothing is offered. `offered` outlives the fields.
PROXYCOMMON_API void offerUpgrade(HeaderFields& fields, std::string_view offered);

}  // namespace proxycommon
