// The connections of one child.
#include "common/pool/connection_pool.h"

#include <poll.h>

#include <algorithm>
#include <utility>

namespace proxycommon {
namespace {

// Peers that are remembered although there is no connection to them.
constexpr std::size_t kMaximumPeers = 4096;

milliseconds since(Clock::time_point then, Clock::time_point now) {
  return std::chrono::duration_cast<milliseconds>(now - then);
}

}  // namespace

struct ConnectionPool::Idle {
  std::unique_ptr<Connection> connection;
  milliseconds limit;            // by configuration
  Clock::time_point begun;       // when it was given back
  Clock::time_point lastOpen{};  // when it was last found open
};

// What is known of one peer. Under the pool's lock.
struct Lease::Peer {
  std::vector<ConnectionPool::Idle> idle;  // oldest first
  std::size_t leases = 0;
  std::deque<PoolQueue*> queue;
  IdleLimit limit;
  Clock::time_point restsUntil{};
  Clock::time_point lastUse{};
  std::size_t strays = 0;

  std::size_t open() const { return leases + idle.size(); }
};

ConnectionPool::ConnectionPool(std::function<void()> needsTending) : needsTending_(std::move(needsTending)) {}

ConnectionPool::PeerPointer ConnectionPool::peerLocked(const PeerKey& key, Clock::time_point now) {
  PeerPointer& peer = peers_[key];
  if (!peer) peer = std::make_shared<Peer>();
  peer->lastUse = now;
  return peer;
}

std::optional<Lease> ConnectionPool::acquire(const PeerKey& key, PoolLimits limits, Wanted wanted) {
  Connections closed;  // after the lock
  std::unique_lock lock(mutex_);
  // A peer is remembered, though it may never have an idle connection.
  if (!std::exchange(isTended_, true)) {
    lock.unlock();
    needsTending_();
    lock.lock();
  }
  const auto now = Clock::now();
  const PeerPointer peer = peerLocked(key, now);
  while (auto idle = takeIdleLocked(*peer, limits, wanted, now, closed)) {
    ++peer->leases;
    lock.unlock();
    const Idleness idleness = idle->connection->idleness();
    lock.lock();
    if (idleness == Idleness::kOpen) {
      peer->limit.foundOpen(since(idle->begun, now));
      return leaseLocked(peer, limits, now, std::move(idle->connection));
    }
    --peer->leases;
    noteUnusableLocked(*peer, *idle, idleness, now);
    closed.push_back(std::move(idle->connection));
  }
  if (!takePlaceLocked(*peer, limits, closed)) return std::nullopt;
  return leaseLocked(peer, limits, now, nullptr);
}

// The one that was used last, if it is good enough for that.
std::optional<ConnectionPool::Idle> ConnectionPool::takeIdleLocked(Peer& peer, const PoolLimits& limits, Wanted wanted,
                                                                   Clock::time_point now, Connections& closed) {
  closeOldLocked(peer, now, closed);
  if (peer.idle.empty() || wanted == Wanted::kFresh) return std::nullopt;
  const milliseconds age = since(peer.idle.back().begun, now);
  // Whoever wants it may grant less than whoever gave it back.
  if (age >= limits.idleTime) return std::nullopt;
  if (wanted == Wanted::kYoung && age >= peer.limit.safety(now)) return std::nullopt;
  Idle last = std::move(peer.idle.back());
  peer.idle.pop_back();
  --idleCount_;
  return last;
}

// Where idle ones that are no good take the last place, the oldest goes.
bool ConnectionPool::takePlaceLocked(Peer& peer, const PoolLimits& limits, Connections& closed) {
  if (limits.most > 0 && peer.open() >= limits.most) {
    if (peer.idle.empty()) return false;
    closeOldestLocked(peer, closed);
  }
  ++peer.leases;
  return true;
}

// The place has been counted already.
Lease ConnectionPool::leaseLocked(PeerPointer peer, const PoolLimits& limits, Clock::time_point now,
                                  std::unique_ptr<Connection> connection) {
  Peer& known = *peer;
  Lease lease(*this, std::move(peer), limits, std::move(connection));
  lease.isPeerResting_ = known.restsUntil > now;
  lease.strays_ = std::exchange(known.strays, 0);
  return lease;
}

std::unique_ptr<PoolQueue> ConnectionPool::queue(const PeerKey& key, PoolLimits limits, std::function<void()> served) {
  std::unique_ptr<PoolQueue> place(new PoolQueue(*this, limits, std::move(served)));
  Connections closed;
  const std::lock_guard lock(mutex_);
  place->peer_ = peerLocked(key, Clock::now());
  place->peer_->queue.push_back(place.get());
  // A place may have become free since.
  serveLocked(*place->peer_, nullptr, closed);
  return place;
}

// Serves those who wait as far as there are places: the first one with the connection that has become free, if there is
// one. What nobody wants comes back. The limits of those who wait may differ, for their mappings may.
std::unique_ptr<Connection> ConnectionPool::serveLocked(Peer& peer, std::unique_ptr<Connection> connection,
                                                        Connections& closed) {
  const auto mayBeServed = [&](const PoolQueue* one) {
    return one->limits_.most == 0 || peer.leases < one->limits_.most;
  };
  for (auto next = std::find_if(peer.queue.begin(), peer.queue.end(), mayBeServed); next != peer.queue.end();
       next = std::find_if(peer.queue.begin(), peer.queue.end(), mayBeServed)) {
    PoolQueue& first = **next;
    peer.queue.erase(next);
    if (!connection && !peer.idle.empty()) {
      connection = std::move(peer.idle.back().connection);
      peer.idle.pop_back();
      --idleCount_;
    }
    ++peer.leases;
    while (first.limits_.most > 0 && peer.open() > first.limits_.most && !peer.idle.empty())
      closeOldestLocked(peer, closed);
    first.lease_.emplace(leaseLocked(first.peer_, first.limits_, Clock::now(), std::exchange(connection, nullptr)));
    first.served_();
  }
  return connection;
}

void ConnectionPool::closeOldestLocked(Peer& peer, Connections& closed) {
  closed.push_back(std::move(peer.idle.front().connection));
  peer.idle.erase(peer.idle.begin());
  --idleCount_;
}

void ConnectionPool::giveBack(Peer& peer, const PoolLimits& limits, std::unique_ptr<Connection> connection,
                              std::optional<milliseconds> promised) {
  Connections closed;
  const std::lock_guard lock(mutex_);
  --peer.leases;
  if (promised) peer.limit.promised(*promised);
  if (limits.idle == 0) closed.push_back(std::exchange(connection, nullptr));
  connection = serveLocked(peer, std::move(connection), closed);
  if (!connection) return;
  if (idleCount_ >= kMaximumIdleConnections) evictLocked(closed);
  const auto now = Clock::now();
  peer.idle.push_back({std::move(connection), limits.idleTime, now, now});
  ++idleCount_;
  if (peer.idle.size() > limits.idle) closeOldestLocked(peer, closed);
}

void ConnectionPool::giveUp(Peer& peer) {
  Connections closed;
  const std::lock_guard lock(mutex_);
  --peer.leases;
  serveLocked(peer, nullptr, closed);
}

// Of whichever peer comes first: a client that names many must not keep the others' connections from being used again.
void ConnectionPool::evictLocked(Connections& closed) {
  const auto entry =
      std::find_if(peers_.begin(), peers_.end(), [](const auto& one) { return !one.second->idle.empty(); });
  closeOldestLocked(*entry->second, closed);
}

void ConnectionPool::closeOldLocked(Peer& peer, Clock::time_point now, Connections& closed) {
  if (peer.idle.empty()) return;
  const milliseconds retirement = peer.limit.retirement(now);
  const auto isOld = [&](const Idle& idle) { return since(idle.begun, now) >= std::min(idle.limit, retirement); };
  const auto firstGood = std::stable_partition(peer.idle.begin(), peer.idle.end(), isOld);
  for (auto idle = peer.idle.begin(); idle != firstGood; ++idle) closed.push_back(std::move(idle->connection));
  idleCount_ -= static_cast<std::size_t>(firstGood - peer.idle.begin());
  peer.idle.erase(peer.idle.begin(), firstGood);
}

void ConnectionPool::noteUnusableLocked(Peer& peer, const Idle& idle, Idleness idleness, Clock::time_point now) {
  if (idleness == Idleness::kStrayBytes) {
    ++peer.strays;
  } else {
    peer.limit.foundClosed(since(idle.begun, idle.lastOpen), since(idle.begun, now), now);
  }
}

// Only those of which the kernel has something to tell are looked at.
void ConnectionPool::closeEndedLocked(Peer& peer, Clock::time_point now, Connections& closed) {
  std::vector<pollfd> descriptors;
  descriptors.reserve(peer.idle.size());
  for (const Idle& idle : peer.idle) descriptors.push_back({idle.connection->descriptor(), POLLIN, 0});
  ::poll(descriptors.data(), descriptors.size(), 0);
  std::size_t index = 0;
  std::erase_if(peer.idle, [&](Idle& idle) {
    const bool hasNews = descriptors[index++].revents != 0;
    const Idleness idleness = hasNews ? idle.connection->idleness() : Idleness::kOpen;
    if (idleness == Idleness::kOpen) {
      idle.lastOpen = now;
      peer.limit.foundOpen(since(idle.begun, now));
      return false;
    }
    noteUnusableLocked(peer, idle, idleness, now);
    closed.push_back(std::move(idle.connection));
    --idleCount_;
    return true;
  });
}

// What was learned of a peer is kept for a while, unless clients name them by the thousand.
bool ConnectionPool::tend() {
  Connections closed;
  const std::lock_guard lock(mutex_);
  const auto memory = peers_.size() > kMaximumPeers ? std::chrono::minutes{0} : std::chrono::minutes{10};
  const auto now = Clock::now();
  std::erase_if(peers_, [&](const auto& entry) {
    Peer& peer = *entry.second;
    closeOldLocked(peer, now, closed);
    if (!peer.idle.empty()) closeEndedLocked(peer, now, closed);
    return peer.open() == 0 && peer.queue.empty() && now - peer.lastUse >= memory;
  });
  isTended_ = !peers_.empty();
  return isTended_;
}

std::size_t ConnectionPool::idleCount() const {
  const std::lock_guard lock(mutex_);
  return idleCount_;
}

Lease::Lease(ConnectionPool& pool, std::shared_ptr<Peer> peer, PoolLimits limits,
             std::unique_ptr<Connection> connection)
    : pool_(&pool),
      peer_(std::move(peer)),
      limits_(limits),
      connection_(std::move(connection)),
      reused_(connection_ != nullptr) {}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  end();
  pool_ = other.pool_;
  peer_ = std::move(other.peer_);
  limits_ = other.limits_;
  connection_ = std::move(other.connection_);
  reused_ = other.reused_;
  isPeerResting_ = other.isPeerResting_;
  strays_ = other.strays_;
  return *this;
}

void Lease::connect(std::unique_ptr<Connection> connection) {
  connection_ = std::move(connection);
  reused_ = false;
}

void Lease::look() {
  const Idleness idleness = isConnected() ? connection_->idleness() : Idleness::kOpen;
  if (idleness == Idleness::kStrayBytes) ++strays_;
  if (idleness != Idleness::kOpen) disconnect();
}

void Lease::keep(std::optional<milliseconds> promised) {
  const std::shared_ptr<Peer> peer = std::exchange(peer_, nullptr);
  pool_->giveBack(*peer, limits_, std::move(connection_), promised);
}

std::unique_ptr<Connection> Lease::take() {
  std::unique_ptr<Connection> connection = std::move(connection_);
  end();
  return connection;
}

void Lease::notReached(milliseconds rest) {
  const std::lock_guard lock(pool_->mutex_);
  peer_->restsUntil = Clock::now() + rest;
}

void Lease::end() {
  connection_.reset();
  if (const std::shared_ptr<Peer> peer = std::exchange(peer_, nullptr)) pool_->giveUp(*peer);
}

PoolQueue::~PoolQueue() {
  ConnectionPool::Connections closed;
  const std::lock_guard lock(pool_.mutex_);
  // Whoever stands behind it may be served where it could not.
  if (!lease_ && std::erase(peer_->queue, this) > 0) pool_.serveLocked(*peer_, nullptr, closed);
}

bool PoolQueue::isServed() const {
  const std::lock_guard lock(pool_.mutex_);
  return lease_.has_value();
}

Lease PoolQueue::take() {
  return std::move(*lease_);
}

}  // namespace proxycommon
