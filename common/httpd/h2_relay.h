// relayH2: what relay() is, for a backend that speaks HTTP/2: one request through a stream of a connection that many
// share, with the same one repeat.
#pragma once

#include <string_view>

#include "common/httpd/relay.h"

namespace proxycommon {

// `scheme` is what the backend is told: "http" or "https". The protocol is never switched. Else as relay().
PROXYCOMMON_API Task<Result<std::optional<Switched>>> relayH2(const RelayPlan& plan, std::string_view scheme,
                                                              RelayBody& body, RelayResponse& response,
                                                              RequestWaiter& waiter, RelayReport& report);

}  // namespace proxycommon
