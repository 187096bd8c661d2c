// relay: one request through a pooled connection to its answer. Where the peer may have so many connections only, the
// request waits in a queue for one. It is sent a second time, on a fresh connection, when a reused one turned out to be
// closed, and the request cannot have run, or may run twice: it is idempotent, or has a key where the plan counts that.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/export.h"
#include "common/base/task.h"
#include "common/http/exchange.h"
#include "common/http/request_head.h"
#include "common/httpd/relay_body.h"
#include "common/httpd/relay_report.h"
#include "common/httpd/request_io.h"
#include "common/httpd/request_waiter.h"
#include "common/net/connector.h"
#include "common/pool/connection_pool.h"

namespace proxycommon {

struct RelayPlan {
  PeerKey key;
  PoolLimits poolLimits;
  milliseconds acquire{5000};                    // how long to wait for a connection where there may be so many only
  milliseconds rest{0};                          // how long a backend that could not be reached is left alone
  std::function<Result<ConnectPlan>()> connect;  // asked only when a new connection is needed
  RequestHead head;                              // without what there is to say of the body
  std::string_view offered;                      // protocols that the head offers to change to
  ExchangeLimits limits;
  bool probesIdle = true;                       // by TCP, whether the peer of a silent connection is still there
  std::function<void()> backendDone = nullptr;  // called when it is, which may be before the client has all
};

// A connection that speaks another protocol now.
struct Switched {
  std::unique_ptr<Connection> backend;
  std::string behindHead;  // its first bytes
};

// On success the response has gone to the client whole, or its head alone where the protocol was switched. After an
// error, `response` says whether it has begun. The body is prepared. All references outlive the Task.
PROXYCOMMON_API Task<Result<std::optional<Switched>>> relay(request_rec& request, const RelayPlan& plan,
                                                            RelayBody& body, RelayResponse& response,
                                                            RequestWaiter& waiter, RelayReport& report);

}  // namespace proxycommon
