// The opening of a tunnel: the client's connection becomes the tunnel's. A clear client is detached from httpd and
// pumped by the reactor, at no worker's cost; any other is pumped on behalf of its request.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/base/task.h"
#include "common/httpd/request_waiter.h"
#include "common/reactor/tunnel.h"
#include "common/reactor/tunnel_slots.h"

namespace proxycommon {

struct TunnelSettings {
  TunnelLimits limits;
  TunnelSlots::Limits slots;
};

// Tunnels of a child where no directive says how many: as many as its descriptors allow, with a reserve.
PROXYCOMMON_API std::size_t defaultTunnelLimit();

// A place for one more tunnel of the request's client. Error kTunnelLimit.
PROXYCOMMON_API Result<TunnelSlot> takeTunnelSlot(request_rec& request, const TunnelSettings& settings);

struct TunnelOpening {
  std::unique_ptr<Connection> backend;
  std::string fromBackend;  // its first bytes
  std::string peer;         // for the log
  int moduleIndex;
  TunnelLimits limits;
  TunnelSlot slot;
  std::shared_ptr<void> held = nullptr;  // dies with the tunnel, in any thread
};

// Precondition: the client has been told that its connection is a tunnel now. Gives what the handler returns; the
// tunnel may go on long after. One line at level info tells of its end.
PROXYCOMMON_API Task<int> openTunnel(request_rec& request, TunnelOpening opening, RequestWaiter& waiter);

}  // namespace proxycommon
