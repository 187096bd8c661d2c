// The idle connections of one child.
#include "common/pool/connection_pool.h"

#include <algorithm>
#include <utility>

namespace proxycommon {

void Lease::keep() {
  pool_->giveBack(key_, limits_, std::move(connection_));
}

std::optional<Lease> ConnectionPool::acquire(const PeerKey& key, PoolLimits limits) {
  while (auto connection = takeIdle(key))
    if (connection->isUsable()) return Lease(*this, key, limits, std::move(connection), true);
  return std::nullopt;
}

Lease ConnectionPool::lease(const PeerKey& key, PoolLimits limits, std::unique_ptr<Connection> connection) {
  return Lease(*this, key, limits, std::move(connection), false);
}

std::size_t ConnectionPool::idleCount() const {
  const std::lock_guard lock(mutex_);
  return idleCount_;
}

std::unique_ptr<Connection> ConnectionPool::takeIdle(const PeerKey& key) {
  const auto now = Clock::now();
  IdleList expired;  // destroyed, and so closed, after the lock
  const std::lock_guard lock(mutex_);
  sweep(now, expired);
  const auto found = idle_.find(key);
  if (found == idle_.end()) return nullptr;
  IdleList& list = found->second;
  Idle last = std::move(list.back());
  list.pop_back();
  --idleCount_;
  if (list.empty()) idle_.erase(found);
  if (last.expires > now) return std::move(last.connection);
  expired.push_back(std::move(last));
  return nullptr;
}

void ConnectionPool::giveBack(const PeerKey& key, PoolLimits limits, std::unique_ptr<Connection> connection) {
  if (limits.idle == 0) return;
  const auto now = Clock::now();
  IdleList expired;
  const std::lock_guard lock(mutex_);
  sweep(now, expired);
  if (idleCount_ >= kMaximumIdleConnections) evictOne(expired);
  IdleList& list = idle_[key];
  list.push_back({std::move(connection), now + limits.idleTime});
  ++idleCount_;
  if (list.size() <= limits.idle) return;
  expired.push_back(std::move(list.front()));
  list.erase(list.begin());
  --idleCount_;
}

// Of whichever peer comes first: a client that names many must not keep the others' connections from being used again.
void ConnectionPool::evictOne(IdleList& evicted) {
  const auto entry = idle_.begin();
  IdleList& list = entry->second;
  evicted.push_back(std::move(list.front()));
  list.erase(list.begin());
  --idleCount_;
  if (list.empty()) idle_.erase(entry);
}

void ConnectionPool::sweep(Clock::time_point now, IdleList& expired) {
  if (now < nextSweep_) return;
  nextSweep_ = now + std::chrono::seconds{1};
  for (auto entry = idle_.begin(); entry != idle_.end();) {
    IdleList& list = entry->second;
    const auto firstAlive =
        std::stable_partition(list.begin(), list.end(), [now](const Idle& idle) { return idle.expires <= now; });
    idleCount_ -= static_cast<std::size_t>(firstAlive - list.begin());
    std::move(list.begin(), firstAlive, std::back_inserter(expired));
    list.erase(list.begin(), firstAlive);
    entry = list.empty() ? idle_.erase(entry) : std::next(entry);
  }
}

}  // namespace proxycommon
