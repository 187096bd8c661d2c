// ConnectionPool: the idle connections of one child, by peer, shared by all its workers and by both modules. The one
// used last is used first: the others grow old and are closed. It knows neither HTTP nor how a connection is dialled.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/base/result.h"
#include "common/net/connection.h"
#include "common/pool/peer_key.h"

namespace proxycommon {

// Idle connections of a child in all, so that a forward proxy's many peers cannot use up its descriptors.
inline constexpr std::size_t kMaximumIdleConnections = 1024;

struct PoolLimits {
  std::size_t idle = 256;         // connections kept per peer
  milliseconds idleTime{60'000};  // a connection that was idle for longer is not used again
};

class ConnectionPool;

// The right to use one connection. It goes back to the pool by keep(), else it is closed. One thread at a time.
class PROXYCOMMON_API Lease {
 public:
  Lease(Lease&&) = default;
  Lease& operator=(Lease&&) = default;

  Connection& connection() { return *connection_; }
  // Whether it has carried an exchange before: then the peer may have closed it just now, and that is no one's fault.
  bool isReused() const { return reused_; }
  // Ends the lease; the connection must be at the end of an exchange.
  void keep();
  // Ends the lease too: the connection is of no more use to the pool.
  std::unique_ptr<Connection> take() { return std::move(connection_); }

 private:
  friend class ConnectionPool;
  Lease(ConnectionPool& pool, const PeerKey& key, PoolLimits limits, std::unique_ptr<Connection> connection,
        bool reused)
      : pool_(&pool), key_(key), limits_(limits), connection_(std::move(connection)), reused_(reused) {}

  ConnectionPool* pool_;
  PeerKey key_;
  PoolLimits limits_;
  std::unique_ptr<Connection> connection_;
  bool reused_;
};

// Any thread. Outlives its leases.
class PROXYCOMMON_API ConnectionPool {
 public:
  // An idle connection that is still usable, if there is one.
  std::optional<Lease> acquire(const PeerKey& key, PoolLimits limits);
  // A connection that was made just now.
  Lease lease(const PeerKey& key, PoolLimits limits, std::unique_ptr<Connection> connection);

  std::size_t idleCount() const;

 private:
  friend class Lease;
  struct Idle {
    std::unique_ptr<Connection> connection;
    Clock::time_point expires;
  };
  using IdleList = std::vector<Idle>;  // oldest first

  std::unique_ptr<Connection> takeIdle(const PeerKey& key);
  void giveBack(const PeerKey& key, PoolLimits limits, std::unique_ptr<Connection> connection);
  // Moves one connection to `evicted`. Under the lock. Precondition: there is one.
  void evictOne(IdleList& evicted);
  // Moves what has been idle too long to `expired`, at most once a second. Under the lock.
  void sweep(Clock::time_point now, IdleList& expired);

  mutable std::mutex mutex_;
  std::unordered_map<PeerKey, IdleList, PeerKeyHash> idle_;
  std::size_t idleCount_ = 0;
  Clock::time_point nextSweep_{};
};

}  // namespace proxycommon
