// What every way to relay a request has in common: when it may be sent again, and how a response ends.
#pragma once

#include <string_view>

#include "common/base/task.h"
#include "common/httpd/request_io.h"
#include "common/net/waiter.h"

namespace proxycommon {

// Whether a request that failed so may be sent once more, on another connection: the one it was on turned out to be
// closed, no byte of the body has been taken, and the backend cannot have acted on it, or may do so again (RFC 9110
// 9.2.2).
bool mayRepeat(const Error& error, std::string_view method, const ClientBody& body);

// Ends a response that the backend is done with, when its client has taken what was kept for it; that long it may take
// nothing. Errors: kClientGone, kClientTimeout.
Task<Outcome> finishResponse(ClientResponse& response, milliseconds limit, Waiter& waiter);

}  // namespace proxycommon
