// A pool whose peers may have so many connections only: who gets one, who waits, and in which order.
#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "common/pool/connection_pool.h"
#include "tests/unit/support/printing.h"
#include "tests/unit/support/sockets.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(pool_queue, *boost::unit_test::timeout(120))

namespace {

const PeerKey kKey{"peer"};

PoolLimits atMost(std::size_t count) {
  PoolLimits limits;
  limits.most = count;
  return limits;
}

struct Made {
  std::unique_ptr<Connection> connection;
  FileDescriptor peer;
};
Made make() {
  SocketPair pair = makeSocketPair();
  return {makeClearConnection(std::move(pair.ours)), std::move(pair.theirs)};
}

// Connects it, and keeps the peer's end open.
FileDescriptor connect(Lease& lease) {
  Made made = make();
  lease.connect(std::move(made.connection));
  return std::move(made.peer);
}

}  // namespace

BOOST_AUTO_TEST_CASE(past_the_limit_nothing_is_given) {
  ConnectionPool pool;
  auto first = pool.acquire(kKey, atMost(2));
  auto second = pool.acquire(kKey, atMost(2));
  BOOST_REQUIRE(first && second);
  BOOST_TEST(!first->isConnected());
  BOOST_TEST(!pool.acquire(kKey, atMost(2)));
  BOOST_TEST(pool.acquire(PeerKey{"other"}, atMost(2)).has_value());
  // One that could not be dialled gives its place back too.
  second.reset();
  BOOST_TEST(pool.acquire(kKey, atMost(2)).has_value());
}

BOOST_AUTO_TEST_CASE(idle_ones_count_and_make_room) {
  ConnectionPool pool;
  auto lease = pool.acquire(kKey, atMost(1));
  const FileDescriptor peer = connect(*lease);
  lease->keep();
  BOOST_TEST(pool.idleCount() == 1u);
  // A fresh one is wanted: the idle one goes.
  auto fresh = pool.acquire(kKey, atMost(1), Wanted::kFresh);
  BOOST_REQUIRE(fresh);
  BOOST_TEST(!fresh->isConnected());
  BOOST_TEST(pool.idleCount() == 0u);
  BOOST_TEST(receiveUntilEnd(peer.get()) == "");
  BOOST_TEST(!pool.acquire(kKey, atMost(1)));
}

BOOST_AUTO_TEST_CASE(a_connection_that_comes_back_is_handed_on_in_order) {
  ConnectionPool pool;
  auto lease = pool.acquire(kKey, atMost(1));
  const FileDescriptor peer = connect(*lease);
  const int descriptor = lease->connection().descriptor();
  std::string order;
  auto first = pool.queue(kKey, atMost(1), [&] { order += "1"; });
  auto second = pool.queue(kKey, atMost(1), [&] { order += "2"; });
  BOOST_TEST(!first->isServed());
  lease->keep();
  BOOST_TEST(order == "1");
  BOOST_TEST(first->isServed());
  BOOST_TEST(!second->isServed());
  // Nobody overtakes those who wait.
  BOOST_TEST(!pool.acquire(kKey, atMost(1)));
  Lease handed = first->take();
  BOOST_TEST(handed.isReused());
  BOOST_TEST(handed.connection().descriptor() == descriptor);
  handed.take().reset();  // closed: the place alone goes on
  BOOST_TEST(order == "12");
  BOOST_TEST(!second->take().isConnected());
}

BOOST_AUTO_TEST_CASE(one_who_gives_up_is_passed_over) {
  ConnectionPool pool;
  auto lease = pool.acquire(kKey, atMost(1));
  auto first = pool.queue(kKey, atMost(1), [] {});
  auto second = pool.queue(kKey, atMost(1), [] {});
  first.reset();
  lease.reset();
  BOOST_TEST(second->isServed());
  // One that is served and does not take it gives it back.
  auto third = pool.queue(kKey, atMost(1), [] {});
  BOOST_TEST(!third->isServed());
  second.reset();
  BOOST_TEST(third->isServed());
}

BOOST_AUTO_TEST_CASE(a_place_that_became_free_before_the_queue_is_not_missed) {
  ConnectionPool pool;
  bool served = false;
  const auto place = pool.queue(kKey, atMost(1), [&] { served = true; });
  BOOST_TEST(served);
  BOOST_TEST(place->isServed());
}

// Two mappings share the peer, and the one has no limit.
BOOST_AUTO_TEST_CASE(idle_connections_of_others_are_no_reason_to_wait) {
  ConnectionPool pool;
  std::vector<Lease> others;
  std::vector<FileDescriptor> peers;
  for (int count = 0; count < 3; ++count) {
    others.push_back(pool.acquire(kKey, {}).value());
    peers.push_back(connect(others.back()));
  }
  BOOST_TEST(!pool.acquire(kKey, atMost(2)));
  const auto waiting = pool.queue(kKey, atMost(2), [] {});
  BOOST_TEST(!waiting->isServed());
  for (Lease& other : others) other.keep();
  BOOST_TEST(waiting->isServed());
  BOOST_TEST(waiting->take().isReused());
}

BOOST_AUTO_TEST_CASE(one_who_may_not_be_served_does_not_hold_up_the_next) {
  ConnectionPool pool;
  auto first = pool.acquire(kKey, atMost(3));
  auto second = pool.acquire(kKey, atMost(3));
  auto third = pool.acquire(kKey, atMost(3));
  const auto strict = pool.queue(kKey, atMost(1), [] {});
  const auto lenient = pool.queue(kKey, atMost(3), [] {});
  first.reset();
  BOOST_TEST(!strict->isServed());
  BOOST_TEST(lenient->isServed());
}

BOOST_AUTO_TEST_CASE(a_peer_that_rests_is_told_of) {
  ConnectionPool pool;
  auto lease = pool.acquire(kKey, {});
  BOOST_TEST(!lease->isPeerResting());
  lease->notReached(std::chrono::minutes{1});
  BOOST_TEST(pool.acquire(kKey, {})->isPeerResting());
  lease->notReached(milliseconds{0});
  BOOST_TEST(!pool.acquire(kKey, {})->isPeerResting());
}

BOOST_AUTO_TEST_CASE(bytes_that_nobody_asked_for_are_counted_and_never_handed_on) {
  ConnectionPool pool;
  auto lease = pool.acquire(kKey, {});
  const FileDescriptor peer = connect(*lease);
  lease->keep();
  sendAll(peer.get(), "HTTP/1.1 408 Request Timeout\r\n\r\n");
  auto next = pool.acquire(kKey, {});
  BOOST_TEST(!next->isConnected());
  BOOST_TEST(next->strays() == 1u);
  BOOST_TEST(pool.acquire(kKey, {})->strays() == 0u);
}

BOOST_AUTO_TEST_CASE(tending_closes_what_is_old_or_closed_or_strays) {
  ConnectionPool pool;
  std::vector<FileDescriptor> peers;
  const auto idle = [&](PoolLimits limits) {
    Lease lease = pool.acquire(kKey, limits, Wanted::kFresh).value();
    peers.push_back(connect(lease));
    lease.keep();
  };
  PoolLimits brief;
  brief.idleTime = milliseconds{30};
  idle({});
  idle(brief);
  idle({});
  idle({});
  peers[2] = FileDescriptor();
  sendAll(peers[3].get(), "x");
  std::this_thread::sleep_for(milliseconds{40});
  BOOST_TEST(pool.tend());
  BOOST_TEST(pool.idleCount() == 1u);
  BOOST_TEST(receiveUntilEnd(peers[1].get()) == "");
  auto left = pool.acquire(kKey, {});
  BOOST_TEST(left->isReused());
  BOOST_TEST(left->strays() == 1u);
}

BOOST_AUTO_TEST_CASE(tending_is_asked_for_when_there_is_something_to_tend) {
  int asked = 0;
  ConnectionPool pool([&] { ++asked; });
  std::vector<FileDescriptor> peers;
  for (int count = 0; count < 2; ++count) {
    auto lease = pool.acquire(kKey, {}, Wanted::kFresh);
    peers.push_back(connect(*lease));
    BOOST_TEST(asked == 1);
    lease->keep();
    BOOST_TEST(asked == 1);
  }
}

BOOST_AUTO_TEST_CASE(what_is_wanted_young_is_not_old) {
  ConnectionPool pool;
  auto lease = pool.acquire(kKey, {});
  const FileDescriptor peer = connect(*lease);
  lease->keep(milliseconds{0});  // the peer promises nothing at all
  BOOST_TEST(!pool.acquire(kKey, {}, Wanted::kYoung)->isConnected());
}

// Threads that take, hold, keep, drop, queue and give up: never more than the limit, and everyone is served.
BOOST_AUTO_TEST_CASE(the_limit_holds_under_threads) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 400;
  ConnectionPool pool;
  std::atomic<int> inUse = 0;
  std::atomic<int> most = 0;
  std::atomic<int> served = 0;
  std::mutex mutex;
  std::deque<FileDescriptor> ends;
  const auto work = [&](int thread) {
    for (int round = 0; round < kRounds; ++round) {
      std::optional<Lease> lease = pool.acquire(kKey, atMost(3));
      if (!lease) {
        std::atomic<bool> told = false;
        const auto place = pool.queue(kKey, atMost(3), [&] {
          told = true;
          told.notify_one();
        });
        if ((round + thread) % 7 == 0) continue;  // gives up
        told.wait(false);
        lease.emplace(place->take());
      }
      most = std::max(most.load(), ++inUse);
      if (!lease->isConnected()) {
        Made made = make();
        lease->connect(std::move(made.connection));
        const std::lock_guard lock(mutex);
        ends.push_back(std::move(made.peer));
        if (ends.size() > 64) ends.pop_front();
      }
      std::this_thread::yield();
      --inUse;
      ++served;
      if (round % 3 != 0) lease->keep();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) threads.emplace_back(work, thread);
  }
  BOOST_TEST(most <= 3);
  BOOST_TEST(served > kThreads * kRounds / 2);
  // All places are free again.
  std::vector<Lease> all;
  while (auto lease = pool.acquire(kKey, atMost(3))) all.push_back(std::move(*lease));
  BOOST_TEST(all.size() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
