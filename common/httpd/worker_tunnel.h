// A tunnel between a client and a backend, pumped by the worker that holds the request, through httpd's filters: so it
// serves TLS clients too. Back-pressure both ways; a half-close is passed on where the transport has one.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/base/result.h"
#include "common/httpd/httpd_api.h"
#include "common/net/connection.h"

namespace proxycommon {

struct TunnelEnd {
  std::uint64_t toBackend = 0;  // bytes
  std::uint64_t toClient = 0;
  std::string reason;  // for the log
};

// Until both sides have ended, one has failed, or nothing moves for `idle`. What the client sent behind its request is
// carried too. The client's connection is of no further use afterwards.
PROXYCOMMON_API TunnelEnd runWorkerTunnel(request_rec& request, Connection& backend, milliseconds idle);

}  // namespace proxycommon
