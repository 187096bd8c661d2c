// ConnectionPool: the connections of one child, by peer, shared by all its workers and by both modules. The one used
// last is used first: the others grow old and are closed. It counts what is in use where a peer may have so many only,
// and keeps the queue of those who wait. It knows neither HTTP nor how a connection is dialled.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/base/result.h"
#include "common/net/connection.h"
#include "common/pool/idle_limit.h"
#include "common/pool/peer_key.h"

namespace proxycommon {

// Idle connections of a child in all, so that a forward proxy's many peers cannot use up its descriptors.
inline constexpr std::size_t kMaximumIdleConnections = 1024;

struct PoolLimits {
  std::size_t idle = 256;         // connections kept per peer
  milliseconds idleTime{60'000};  // a connection that was idle for longer is not used again
  std::size_t most = 0;           // connections per peer, idle or not; 0: no limit
};

// What whoever asks can do with.
enum class Wanted {
  kAny,
  kYoung,  // idle for so short a time that its peer cannot have closed it by a timer; else none, and it is dialled
  kFresh,  // none that has been used before
};

class ConnectionPool;
class PoolQueue;

// The right to have one connection to a peer: an idle one, or one that is yet to be dialled. The connection goes back
// to the pool by keep(), else it is closed. One thread at a time.
class PROXYCOMMON_API Lease {
 public:
  Lease(Lease&&) = default;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { end(); }

  bool isConnected() const { return connection_ != nullptr; }
  // Whether the connection has carried an exchange before: then the peer may have closed it just now, and that is no
  // one's fault.
  bool isReused() const { return reused_; }
  // Precondition: isConnected().
  Connection& connection() { return *connection_; }

  // Puts a connection that was made just now in the place of what is there.
  void connect(std::unique_ptr<Connection> connection);
  // Closes what is there.
  void disconnect() { connect(nullptr); }
  // Closes what is there if it is not fit to be used: for one that was handed on, and not looked at since.
  void look();
  // Ends the lease; the connection must be at the end of an exchange. `promised` is how long its peer has said that it
  // may be idle.
  void keep(std::optional<milliseconds> promised = std::nullopt);
  // Ends the lease too: the connection is of no more use to the pool.
  std::unique_ptr<Connection> take();

  // The peer could not be reached: for `rest` nobody else tries.
  void notReached(milliseconds rest);
  // Whether somebody has said so, as of the beginning of the lease.
  bool isPeerResting() const { return isPeerResting_; }
  // Connections of the peer that were closed since somebody asked for the last time, because bytes had come on them
  // that belong to no request.
  std::size_t strays() const { return strays_; }

 private:
  friend class ConnectionPool;
  friend class PoolQueue;
  struct Peer;
  Lease(ConnectionPool& pool, std::shared_ptr<Peer> peer, PoolLimits limits, std::unique_ptr<Connection> connection);
  void end();

  ConnectionPool* pool_;
  std::shared_ptr<Peer> peer_;  // none: the lease has ended
  PoolLimits limits_;
  std::unique_ptr<Connection> connection_;
  bool reused_;
  bool isPeerResting_ = false;
  std::size_t strays_ = 0;
};

// A place in the queue for a lease, first come first served; given up when it dies. One thread at a time.
class PROXYCOMMON_API PoolQueue {
 public:
  ~PoolQueue();
  PoolQueue(const PoolQueue&) = delete;

  bool isServed() const;
  // Precondition: isServed(). Once.
  Lease take();

 private:
  friend class ConnectionPool;
  PoolQueue(ConnectionPool& pool, PoolLimits limits, std::function<void()> served)
      : pool_(pool), limits_(limits), served_(std::move(served)) {}

  ConnectionPool& pool_;
  const PoolLimits limits_;
  const std::function<void()> served_;
  std::shared_ptr<Lease::Peer> peer_;
  std::optional<Lease> lease_;
};

// Any thread. Outlives its leases and queues.
class PROXYCOMMON_API ConnectionPool {
 public:
  // `needsTending` is called in the thread that names the first peer: tend() should then be called several times a
  // second, until it says that nothing is left to do.
  explicit ConnectionPool(std::function<void()> needsTending = [] {});

  // A connection that is idle and still usable, or the right to dial one; nullopt: the peer has as many as it may.
  std::optional<Lease> acquire(const PeerKey& key, PoolLimits limits, Wanted wanted = Wanted::kAny);
  // For when acquire() has given nothing. `served` is called once, in any thread, when isServed() becomes true, which
  // may be before this returns.
  std::unique_ptr<PoolQueue> queue(const PeerKey& key, PoolLimits limits, std::function<void()> served);

  // Closes what has been idle for too long, and what its peer has closed. Whether it has to be called again.
  bool tend();

  std::size_t idleCount() const;

 private:
  friend class Lease;
  friend class PoolQueue;
  using Peer = Lease::Peer;
  using PeerPointer = std::shared_ptr<Peer>;
  using Connections = std::vector<std::unique_ptr<Connection>>;
  struct Idle;

  // Those with "Locked" in their names: under the lock. What they put into `closed` is closed by whoever holds no lock.
  PeerPointer peerLocked(const PeerKey& key, Clock::time_point now);
  std::optional<Idle> takeIdleLocked(Peer& peer, const PoolLimits& limits, Wanted wanted, Clock::time_point now,
                                     Connections& closed);
  bool takePlaceLocked(Peer& peer, const PoolLimits& limits, Connections& closed);
  Lease leaseLocked(PeerPointer peer, const PoolLimits& limits, Clock::time_point now,
                    std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> serveLocked(Peer& peer, std::unique_ptr<Connection> connection, Connections& closed);
  void closeOldestLocked(Peer& peer, Connections& closed);
  void evictLocked(Connections& closed);
  void closeOldLocked(Peer& peer, Clock::time_point now, Connections& closed);
  void closeEndedLocked(Peer& peer, Clock::time_point now, Connections& closed);
  void noteUnusableLocked(Peer& peer, const Idle& idle, Idleness idleness, Clock::time_point now);

  void giveBack(Peer& peer, const PoolLimits& limits, std::unique_ptr<Connection> connection,
                std::optional<milliseconds> promised);
  void giveUp(Peer& peer);

  mutable std::mutex mutex_;
  std::unordered_map<PeerKey, PeerPointer, PeerKeyHash> peers_;
  std::size_t idleCount_ = 0;
  bool isTended_ = false;
  const std::function<void()> needsTending_;
};

}  // namespace proxycommon
