// A tunnel pumped on behalf of a request, through httpd's filters: so it serves TLS clients and streams of HTTP/2 too.
// It moves what has come in bursts on a worker and waits, parked where that is possible, in between. Back-pressure both
// ways; a half-close is passed on where both transports have one.
#pragma once

#include "common/base/export.h"
#include "common/base/task.h"
#include "common/httpd/request_waiter.h"
#include "common/reactor/tunnel.h"

namespace proxycommon {

// Until both sides have ended, one has failed, or a limit is over. What the client sent behind its request is carried
// too. The client's connection is of no further use afterwards. `plan.client` and `plan.ended` are not used.
Task<TunnelEnd> runRequestTunnel(request_rec& request, TunnelPlan plan, RequestWaiter& waiter);

}  // namespace proxycommon
