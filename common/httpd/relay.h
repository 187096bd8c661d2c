// relay: one request through a pooled connection to its answer, with the one repeat that is always right: on a fresh
// connection, when a reused one turned out to be closed and the backend cannot have acted on the request.
#pragma once

#include <string>
#include <string_view>

#include "common/base/export.h"
#include "common/http/exchange.h"
#include "common/http/request_head.h"
#include "common/httpd/request_io.h"
#include "common/pool/connection_pool.h"

namespace proxycommon {

struct RelayPlan {
  ConnectionPool& pool;
  PeerKey key;
  PoolLimits poolLimits;
  ConnectionPool::Dial dial;
  RequestHead head;
  ExchangeLimits limits;
};

// On success the response has gone to the client whole. After an error, `response` says whether it has begun.
PROXYCOMMON_API Outcome relay(request_rec& request, const RelayPlan& plan, ClientResponse& response);

}  // namespace proxycommon
