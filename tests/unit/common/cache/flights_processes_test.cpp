// Flights of many threads and processes at once, some of which are killed: at most one leads at any time, and nobody
// waits for ever.
#include <signal.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "common/cache/flights.h"
#include "tests/unit/support/flying_children.h"
#include "tests/unit/support/forks.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(flights_processes, *boost::unit_test::timeout(240))

namespace {

constexpr unsigned kKeys = 3;

// What all processes of a test have in common beside the flights.
struct Board {
  // By key: the process that leads; 0: none.
  std::array<std::atomic<pid_t>, kKeys> leading;
  std::atomic<std::uint64_t> together;  // somebody led while another did
  std::atomic<std::uint64_t> led;
  std::atomic<std::uint64_t> abandoned;  // how often that was found
  std::atomic<bool> isOver;
};

struct SharedBoard {
  SharedBoard()
      : board(static_cast<Board*>(
            ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    BOOST_REQUIRE(board != MAP_FAILED);
  }
  ~SharedBoard() { ::munmap(board, sizeof(Board)); }
  Board* operator->() const { return board; }
  Board* board;
};

// Leads for a moment. A leader that was killed may be found here, but none that lives.
void lead(Board& board, unsigned key, Flights::Leader& leader) {
  const pid_t own = ::getpid();
  const pid_t before = board.leading[key].exchange(own);
  if (before == own || processLives(identityOf(before))) ++board.together;
  ++board.led;
  leader.stream("/file/of/" + std::to_string(own));
  for (int piece = 0; piece < 3; ++piece) {
    // So that it is killed right here now and then.
    std::this_thread::sleep_for(std::chrono::microseconds{100});
    leader.grew();
  }
  if (board.leading[key].exchange(0) != own) ++board.together;
  leader.end(FlightPhase::kStored);
}

// How a request waits: woken, it looks.
class Waiting {
 public:
  std::function<void()> wake() {
    return [this] {
      const std::lock_guard lock(mutex_);
      isWoken_ = true;
      condition_.notify_one();
    };
  }
  void wait() {
    std::unique_lock lock(mutex_);
    condition_.wait(lock, [this] { return std::exchange(isWoken_, false); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool isWoken_ = false;
};

void follow(Board& board, unsigned key, Flights::Follower& follower, Waiting& waiting) {
  while (true) {
    const FlightPhase phase = follower.phase();
    if (phase == FlightPhase::kAbandoned) {
      ++board.abandoned;
      if (const auto leader = follower.takeOver()) return lead(board, key, *leader);
      continue;
    }
    if (phase != FlightPhase::kAsking && phase != FlightPhase::kStreaming) return;
    waiting.wait();
  }
}

// A request after another, for one of a few keys.
void request(Board& board, Flights& flights, unsigned seed) {
  while (!board.isOver) {
    seed = seed * 1103515245 + 12345;
    const unsigned key = (seed >> 16) % kKeys;
    Waiting waiting;
    const auto boarding = flights.board(keyOf(key), waiting.wake());
    if (boarding.leader) lead(board, key, *boarding.leader);
    if (boarding.follower) follow(board, key, *boarding.follower, waiting);
  }
}

// A child: threads with requests, one that is woken, and, as in httpd, looks by itself now and then.
int serve(Board& board, SharedState& shared, FlightSlots& slots, unsigned threads) {
  const std::size_t number = shared.claim(::getpid());
  Flights flights(shared, number, slots, [] {});
  std::atomic<bool> ends{false};
  std::thread reactor([&] {
    for (auto tended = Clock::now(); !ends;) {
      pollfd descriptor{shared.wakeDescriptor(number), POLLIN, 0};
      if (::poll(&descriptor, 1, 10) == 1) {
        shared.clearWake(number);
        flights.wakeFollowers();
      }
      if (Clock::now() - tended < milliseconds{100}) continue;
      flights.tend();
      tended = Clock::now();
    }
  });
  std::vector<std::thread> requests;
  for (unsigned thread = 0; thread < threads; ++thread)
    requests.emplace_back([&, thread] { request(board, flights, static_cast<unsigned>(::getpid()) * 31 + thread); });
  for (std::thread& one : requests) one.join();
  ends = true;
  reactor.join();
  return 0;
}

}  // namespace

BOOST_AUTO_TEST_CASE(of_threads_of_many_children_one_leads_at_a_time) {
  const SharedBoard board;
  auto shared = SharedState::make(4);
  BOOST_REQUIRE_EQUAL(outcomeOf(shared), "done");
  auto slots = Flights::prepare(**shared);
  BOOST_REQUIRE_EQUAL(outcomeOf(slots), "done");
  std::vector<std::thread> all;
  for (int child = 0; child < 4; ++child) all.emplace_back([&] { serve(*board.board, **shared, **slots, 3); });
  while (board->led < 2000) std::this_thread::sleep_for(milliseconds{1});
  board->isOver = true;
  for (std::thread& one : all) one.join();
  BOOST_TEST(board->together == 0u);
}

BOOST_AUTO_TEST_CASE(processes_that_are_killed_leave_nothing_that_anybody_waits_for) {
  const SharedBoard board;
  auto shared = SharedState::make(8);
  BOOST_REQUIRE_EQUAL(outcomeOf(shared), "done");
  auto slots = Flights::prepare(**shared);
  BOOST_REQUIRE_EQUAL(outcomeOf(slots), "done");
  const auto start = [&] { return forked([&] { return serve(*board.board, **shared, **slots, 3); }); };
  std::vector<pid_t> children(4);
  for (pid_t& child : children) child = start();
  constexpr std::size_t kKills = 40;
  for (std::size_t kills = 0; kills < kKills; ++kills) {
    // They lead on after each.
    const std::uint64_t before = board->led;
    while (board->led < before + 50) std::this_thread::sleep_for(milliseconds{1});
    pid_t& victim = children[kills % children.size()];
    killed(victim);
    (*shared)->strikeOut(victim);
    victim = start();
  }
  board->isOver = true;
  for (const pid_t child : children) BOOST_TEST(statusOf(child) == 0);
  BOOST_TEST(board->together == 0u);
  // Some were killed while they led.
  BOOST_TEST(board->abandoned > 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
