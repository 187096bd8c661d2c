// The pool of idle connections, with connections over real sockets.
#include "common/pool/connection_pool.h"

#include <array>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <deque>
#include <set>
#include <thread>

#include "tests/unit/support/printing.h"
#include "tests/unit/support/sockets.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(connection_pool, *boost::unit_test::timeout(120))

namespace {

const PeerKey kKey{"peer"};
const PeerKey kOther{"other"};

// Makes connections over socket pairs and keeps the peers' ends. Any thread.
class Peers {
 public:
  std::unique_ptr<Connection> connect() {
    SocketPair pair = makeSocketPair();
    const std::lock_guard lock(mutex_);
    ends_.push_back(std::move(pair.theirs));
    return makeClearConnection(std::move(pair.ours));
  }
  int end(std::size_t number) const { return ends_[number].get(); }
  void close(std::size_t number) { ends_[number] = FileDescriptor(); }

 private:
  std::mutex mutex_;
  std::deque<FileDescriptor> ends_;
};

// A lease of a connection that was made just now.
Lease dialled(ConnectionPool& pool, const PeerKey& key, PoolLimits limits, std::unique_ptr<Connection> connection) {
  Lease lease = pool.acquire(key, limits, Wanted::kFresh).value();
  lease.connect(std::move(connection));
  return lease;
}

// A lease of a connection that was idle, if there is one.
std::optional<Lease> reused(ConnectionPool& pool, const PeerKey& key, PoolLimits limits) {
  auto lease = pool.acquire(key, limits);
  if (!lease->isConnected()) lease.reset();
  return lease;
}

// Takes `count` connections at once, then keeps all of them, in order; gives their descriptors.
std::vector<int> fill(ConnectionPool& pool, Peers& peers, std::size_t count, PoolLimits limits = {},
                      const PeerKey& key = kKey) {
  std::vector<Lease> leases;
  while (leases.size() < count) leases.push_back(dialled(pool, key, limits, peers.connect()));
  std::vector<int> descriptors;
  for (Lease& lease : leases) {
    descriptors.push_back(lease.connection().descriptor());
    lease.keep();
  }
  return descriptors;
}

bool hasEnded(int descriptor) {
  return receiveUntilEnd(descriptor).empty();
}

// One that costs no descriptor, where thousands are needed.
class IdleConnection final : public Connection {
 public:
  IoResult read(std::span<char>) override { return {IoState::kWantRead}; }
  IoResult readWithin(std::span<char>, milliseconds) override { return {IoState::kWantRead}; }
  IoResult write(std::span<const char>, std::span<const char>) override { return {IoState::kWantWrite}; }
  Idleness idleness() override { return Idleness::kOpen; }
  void endWriting() override {}
  bool hasHalfClose() const override { return true; }
  int descriptor() const override { return -1; }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_connection_that_was_kept_is_used_again) {
  ConnectionPool pool;
  Peers peers;
  BOOST_TEST(!reused(pool, kKey, {}));
  Lease first = dialled(pool, kKey, {}, peers.connect());
  BOOST_TEST(!first.isReused());
  const int descriptor = first.connection().descriptor();
  BOOST_TEST(pool.idleCount() == 0u);
  first.keep();
  BOOST_TEST(pool.idleCount() == 1u);
  auto second = reused(pool, kKey, {});
  BOOST_REQUIRE(second.has_value());
  BOOST_TEST(second->isReused());
  BOOST_TEST(second->connection().descriptor() == descriptor);
  BOOST_TEST(pool.idleCount() == 0u);
}

BOOST_AUTO_TEST_CASE(a_connection_that_was_not_kept_is_closed) {
  ConnectionPool pool;
  Peers peers;
  { const Lease lease = dialled(pool, kKey, {}, peers.connect()); }
  BOOST_TEST(pool.idleCount() == 0u);
  BOOST_TEST(hasEnded(peers.end(0)));
}

BOOST_AUTO_TEST_CASE(the_connection_used_last_is_used_first) {
  ConnectionPool pool;
  Peers peers;
  const std::vector<int> kept = fill(pool, peers, 3);
  std::vector<Lease> leases;
  for (int count = 0; count < 3; ++count) leases.push_back(reused(pool, kKey, {}).value());
  BOOST_TEST(leases[0].connection().descriptor() == kept[2]);
  BOOST_TEST(leases[1].connection().descriptor() == kept[1]);
  BOOST_TEST(leases[2].connection().descriptor() == kept[0]);
}

BOOST_AUTO_TEST_CASE(a_connection_of_one_peer_never_serves_another) {
  ConnectionPool pool;
  Peers peers;
  fill(pool, peers, 1);
  BOOST_TEST(!reused(pool, kOther, {}));
  BOOST_TEST(reused(pool, kKey, {})->isReused());
}

BOOST_AUTO_TEST_CASE(past_the_limit_the_oldest_connection_is_closed) {
  ConnectionPool pool;
  Peers peers;
  const PoolLimits two{2, milliseconds{60'000}};
  const std::vector<int> kept = fill(pool, peers, 3, two);
  BOOST_TEST(pool.idleCount() == 2u);
  BOOST_TEST(hasEnded(peers.end(0)));
  BOOST_TEST(reused(pool, kKey, two)->connection().descriptor() == kept[2]);
}

BOOST_AUTO_TEST_CASE(the_limit_holds_for_each_peer) {
  ConnectionPool pool;
  Peers peers;
  fill(pool, peers, 3, {2, milliseconds{60'000}});
  fill(pool, peers, 3, {1, milliseconds{60'000}}, kOther);
  BOOST_TEST(pool.idleCount() == 3u);
}

// A client that names many hosts must not use up the descriptors of a child.
BOOST_AUTO_TEST_CASE(many_peers_together_do_not_pass_the_limit_of_the_pool) {
  ConnectionPool pool;
  for (std::size_t peer = 0; peer < kMaximumIdleConnections + 10; ++peer)
    dialled(pool, PeerKey{std::to_string(peer)}, {}, std::make_unique<IdleConnection>()).keep();
  BOOST_TEST(pool.idleCount() == kMaximumIdleConnections);
  std::size_t left = 0;
  for (std::size_t peer = 0; peer < kMaximumIdleConnections + 10; ++peer)
    if (reused(pool, PeerKey{std::to_string(peer)}, {})) ++left;
  BOOST_TEST(left == kMaximumIdleConnections);
  BOOST_TEST(pool.idleCount() == 0u);
}

BOOST_AUTO_TEST_CASE(a_pool_that_keeps_none_closes_every_connection) {
  ConnectionPool pool;
  Peers peers;
  fill(pool, peers, 2, {0, milliseconds{60'000}});
  BOOST_TEST(pool.idleCount() == 0u);
  BOOST_TEST(hasEnded(peers.end(0)));
  BOOST_TEST(hasEnded(peers.end(1)));
}

BOOST_AUTO_TEST_CASE(a_connection_that_was_idle_for_too_long_is_not_used_again) {
  ConnectionPool pool;
  Peers peers;
  const PoolLimits shortLived{10, milliseconds{1}};
  fill(pool, peers, 2, shortLived);
  std::this_thread::sleep_for(milliseconds{5});
  BOOST_TEST(!reused(pool, kKey, shortLived));
  BOOST_TEST(!reused(pool, kKey, shortLived));
  BOOST_TEST(hasEnded(peers.end(0)));
  BOOST_TEST(hasEnded(peers.end(1)));
}

BOOST_AUTO_TEST_CASE(a_peer_that_nobody_asks_for_any_more_does_not_hold_connections) {
  ConnectionPool pool;
  Peers peers;
  fill(pool, peers, 2, {10, milliseconds{1}});
  fill(pool, peers, 1);
  std::this_thread::sleep_for(milliseconds{5});
  pool.tend();
  BOOST_TEST(pool.idleCount() == 1u);
  BOOST_TEST(hasEnded(peers.end(0)));
  BOOST_TEST(hasEnded(peers.end(1)));
}

BOOST_AUTO_TEST_CASE(connections_that_have_ended_or_got_stray_bytes_are_skipped) {
  ConnectionPool pool;
  Peers peers;
  const std::vector<int> kept = fill(pool, peers, 4);
  peers.close(3);
  sendAll(peers.end(2), "HTTP/1.1 408 Request Timeout\r\n\r\n");
  peers.close(1);
  auto lease = reused(pool, kKey, {});
  BOOST_REQUIRE(lease.has_value());
  BOOST_TEST(lease->connection().descriptor() == kept[0]);
  BOOST_TEST(pool.idleCount() == 0u);
}

BOOST_AUTO_TEST_CASE(where_none_is_usable_there_is_none) {
  ConnectionPool pool;
  Peers peers;
  fill(pool, peers, 2);
  peers.close(0);
  peers.close(1);
  BOOST_TEST(!reused(pool, kKey, {}));
  BOOST_TEST(pool.idleCount() == 0u);
}

// A connection that became a tunnel.
BOOST_AUTO_TEST_CASE(a_connection_that_was_taken_is_open_and_no_affair_of_the_pool) {
  ConnectionPool pool;
  Peers peers;
  std::unique_ptr<Connection> taken = dialled(pool, kKey, {}, peers.connect()).take();
  BOOST_TEST(pool.idleCount() == 0u);
  sendAll(peers.end(0), "x");
  std::array<char, 8> buffer;
  BOOST_TEST(taken->readWithin(buffer, milliseconds{20'000}).bytes == 1u);
}

BOOST_AUTO_TEST_CASE(a_lease_that_is_moved_still_keeps_its_connection) {
  ConnectionPool pool;
  Peers peers;
  Lease first = dialled(pool, kKey, {}, peers.connect());
  Lease moved = std::move(first);
  moved.keep();
  BOOST_TEST(pool.idleCount() == 1u);
}

// Under ThreadSanitizer this says more than its assertions.
BOOST_AUTO_TEST_CASE(threads_that_hammer_the_pool_never_share_a_connection) {
  constexpr int kThreads = 4;
  ConnectionPool pool;
  Peers peers;
  const PoolLimits few{2, milliseconds{60'000}};
  std::vector<std::atomic<bool>> inUse(20'000);
  std::atomic<int> shared{0};
  const auto hammer = [&](int thread) {
    for (int round = 0; round < 2000; ++round) {
      const PeerKey& key = round % 3 == 0 ? kOther : kKey;
      auto lease = reused(pool, key, few);
      if (!lease) lease.emplace(dialled(pool, key, few, peers.connect()));
      auto& used = inUse[static_cast<std::size_t>(lease->connection().descriptor())];
      if (used.exchange(true)) ++shared;
      std::this_thread::yield();
      used = false;
      if ((round + thread) % 7 != 0) lease->keep();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) threads.emplace_back(hammer, thread);
  }
  BOOST_TEST(shared == 0);
  std::size_t left = 0;
  for (const PeerKey& key : {kKey, kOther})
    while (reused(pool, key, few)) ++left;
  BOOST_TEST(left <= 4u);
  BOOST_TEST(pool.idleCount() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
