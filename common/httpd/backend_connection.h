// A new connection to a backend, for a request that waits for it.
#pragma once

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/base/task.h"
#include "common/httpd/request_waiter.h"
#include "common/net/connector.h"

namespace proxycommon {

// On the reactor where there is one, else in the calling thread; given up when the client has gone.
// Errors: those of connectHere().
PROXYCOMMON_API Task<Result<Connected>> connectBackend(ConnectPlan plan, RequestWaiter& waiter);

}  // namespace proxycommon
