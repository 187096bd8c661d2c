// A tunnel between two connections: what one sends, the other gets. What is common to tunnels that the reactor pumps
// and tunnels that a worker pumps (common/httpd/request_tunnel).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "common/base/clock.h"
#include "common/net/connection.h"

namespace proxycommon {

struct TunnelLimits {
  milliseconds idle;      // without a byte in either direction
  milliseconds lifetime;  // in all; zero: no limit
  milliseconds drain;     // from when the child begins to stop
};

struct TunnelEnd {
  std::uint64_t toBackend = 0;  // bytes
  std::uint64_t toClient = 0;
  milliseconds duration{0};
  const char* reason = "";  // for the log
};

struct TunnelPlan {
  std::unique_ptr<Connection> client;
  std::unique_ptr<Connection> backend;
  std::string fromClient;  // bytes that have come already
  std::string fromBackend;
  TunnelLimits limits;
  // Once, on a thread of the reactor; both connections are closed by then.
  std::function<void(const TunnelEnd&)> ended;
};

namespace tunnel_reason {
inline constexpr const char* kBothEnded = "both sides have ended";
inline constexpr const char* kClientEnded = "the client has ended";
inline constexpr const char* kBackendEnded = "the backend has ended";
inline constexpr const char* kClientBroke = "the client's connection broke";
inline constexpr const char* kBackendBroke = "the backend's connection broke";
inline constexpr const char* kIdle = "idle for too long";
inline constexpr const char* kLifetime = "its lifetime is over";
inline constexpr const char* kDrained = "this child stops";
}  // namespace tunnel_reason

// When the next limit of a tunnel is over, and what it is called then. `stopping` is when its child began to stop; the
// largest time while it does not.
inline std::pair<Clock::time_point, const char*> nextTunnelEnd(const TunnelLimits& limits, Clock::time_point begun,
                                                               Clock::time_point lastMove, Clock::time_point stopping) {
  std::pair<Clock::time_point, const char*> next{lastMove + limits.idle, tunnel_reason::kIdle};
  const auto earlier = [&next](Clock::time_point at, const char* reason) {
    if (at < next.first) next = {at, reason};
  };
  if (limits.lifetime.count() > 0) earlier(begun + limits.lifetime, tunnel_reason::kLifetime);
  if (stopping != Clock::time_point::max()) earlier(stopping + limits.drain, tunnel_reason::kDrained);
  return next;
}

}  // namespace proxycommon
