// A lease of a connection, for a request that waits for it: in the queue where a peer has as many as it may, and for
// the dial where none is idle.
#pragma once

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/base/task.h"
#include "common/httpd/relay.h"

namespace proxycommon {

// A connected lease. Errors: those of connectBackend(), kPoolTimeout, kBackendResting. All references outlive the Task.
Task<Result<Lease>> leaseConnection(const RelayPlan& plan, Wanted wanted, RequestWaiter& waiter, RelayReport& report);

}  // namespace proxycommon
