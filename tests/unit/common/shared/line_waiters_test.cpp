// Those of one child who wait in lines: who is woken, and what becomes of the line when they go.
#include "common/shared/line_waiters.h"

#include <poll.h>

#include <boost/test/unit_test.hpp>
#include <deque>
#include <thread>
#include <vector>

#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(line_waiters, *boost::unit_test::timeout(60))

namespace {

constexpr std::uint32_t kRed = 1;
constexpr std::size_t kMost = 100;

// A line, and two children that wait in it.
struct TwoChildren {
  TwoChildren() {
    auto made = SharedState::make(2);
    BOOST_REQUIRE_EQUAL(outcomeOf(made), "done");
    state = *made;
    auto asked = state->line("app", kMost);
    BOOST_REQUIRE_EQUAL(outcomeOf(asked), "done");
    line = *asked;
    for (std::size_t child = 0; child < 2; ++child)
      waiters.emplace_back(*state, child, [this, child] { ++begun[child]; });
  }

  // One that counts in `woken` how often it is woken.
  auto join(std::size_t child, std::uint32_t wanted, int& woken) {
    return waiters[child].join(line, wanted, kMost, [&woken] { ++woken; });
  }
  bool isWoken(std::size_t child) const {
    pollfd descriptor{state->wakeDescriptor(child), POLLIN, 0};
    const bool woken = ::poll(&descriptor, 1, 0) == 1;
    state->clearWake(child);
    return woken;
  }

  SharedState* state = nullptr;
  WaitLine line;
  std::deque<LineWaiters> waiters;
  int begun[2] = {0, 0};
};

}  // namespace

BOOST_AUTO_TEST_CASE(only_who_is_next_is_woken) {
  TwoChildren two;
  int first = 0, second = 0, red = 0;
  auto place = two.join(0, kAnyPlace, first);
  const auto behind = two.join(0, kAnyPlace, second);
  const auto other = two.join(0, kRed, red);
  BOOST_TEST(place->isNext());
  BOOST_TEST(!behind->isNext());
  two.waiters[0].wakeNext();
  BOOST_TEST(first == 1);
  BOOST_TEST(second == 0);
  BOOST_TEST(red == 1);
  place.reset();
  two.waiters[0].wakeNext();
  BOOST_TEST(first == 1);
  BOOST_TEST(second == 1);
}

BOOST_AUTO_TEST_CASE(who_is_behind_one_of_another_child_is_not_woken_until_that_has_left) {
  TwoChildren two;
  int ahead = 0, behind = 0;
  auto first = two.join(0, kAnyPlace, ahead);
  const auto second = two.join(1, kAnyPlace, behind);
  two.waiters[1].wakeNext();
  BOOST_TEST(behind == 0);
  BOOST_TEST(!two.isWoken(1));
  first.reset();
  BOOST_TEST(two.isWoken(1));
  BOOST_TEST(!two.isWoken(0));
  two.waiters[1].wakeNext();
  BOOST_TEST(behind == 1);
}

// It may have been woken for what is theirs.
BOOST_AUTO_TEST_CASE(whoever_leaves_wakes_those_who_want_the_same_and_who_is_helped_by_it) {
  for (const std::uint32_t wanted : {kAnyPlace, kRed}) {
    TwoChildren two;
    int ignored = 0;
    auto leaving = two.join(0, wanted, ignored);
    const auto behind = two.join(1, wanted == kRed ? kAnyPlace : kRed, ignored);
    leaving.reset();
    BOOST_TEST(two.isWoken(1));
  }
}

BOOST_AUTO_TEST_CASE(whoever_goes_leaves_the_line) {
  TwoChildren two;
  int ignored = 0;
  auto first = two.join(0, kAnyPlace, ignored);
  auto second = two.join(0, kAnyPlace, ignored);
  BOOST_TEST(two.line.size() == 2u);
  second.reset();
  first.reset();
  BOOST_TEST(two.line.size() == 0u);
  BOOST_TEST(!two.isWoken(1));
}

BOOST_AUTO_TEST_CASE(who_turns_out_to_want_something_else_keeps_its_age_and_lets_others_pass) {
  TwoChildren two;
  int turning = 0, behind = 0, red = 0;
  const auto first = two.join(0, kAnyPlace, turning);
  const auto second = two.join(1, kAnyPlace, behind);
  const auto later = two.join(0, kRed, red);
  BOOST_TEST(!second->isNext());
  BOOST_TEST(later->isNext());
  first->want(kRed);
  BOOST_TEST(first->wanted() == kRed);
  BOOST_TEST(two.isWoken(1));
  BOOST_TEST(second->isNext());
  BOOST_TEST(first->isNext());
  BOOST_TEST(!later->isNext());
  two.waiters[0].wakeNext();
  BOOST_TEST(turning == 1);
  BOOST_TEST(red == 0);
  first->want(kAnyPlace);
  BOOST_TEST(!second->isNext());
  BOOST_TEST(later->isNext());
}

BOOST_AUTO_TEST_CASE(nobody_joins_a_line_that_is_full) {
  TwoChildren two;
  const auto never = [] { BOOST_ERROR("woken"); };
  const auto first = two.waiters[0].join(two.line, kAnyPlace, 1, never);
  BOOST_TEST(!!first);
  BOOST_TEST(!two.waiters[1].join(two.line, kAnyPlace, 1, never));
  BOOST_TEST(two.line.size() == 1u);
}

BOOST_AUTO_TEST_CASE(they_are_tended_while_anybody_waits) {
  TwoChildren two;
  int woken = 0;
  auto first = two.join(0, kAnyPlace, woken);
  auto second = two.join(0, kAnyPlace, woken);
  BOOST_TEST(two.begun[0] == 1);
  BOOST_TEST(two.waiters[0].tend());
  BOOST_TEST(woken == 1);
  first.reset();
  second.reset();
  two.waiters[0].wakeNext();  // does not end the tending
  const auto third = two.join(0, kAnyPlace, woken);
  BOOST_TEST(two.begun[0] == 1);
  BOOST_TEST(two.waiters[0].tend());
}

BOOST_AUTO_TEST_CASE(tending_ends_with_the_last_and_begins_with_the_next) {
  TwoChildren two;
  int ignored = 0;
  two.join(0, kAnyPlace, ignored).reset();
  BOOST_TEST(!two.waiters[0].tend());
  const auto next = two.join(0, kAnyPlace, ignored);
  BOOST_TEST(two.begun[0] == 2);
  BOOST_TEST(two.begun[1] == 0);
}

// One place, which they hand on by the wakes. One may be missed, where a thread is suspended between coming and drawing
// its ticket; then a second goes by.
BOOST_AUTO_TEST_CASE(threads_that_give_back_and_wait_go_on_by_the_wakes) {
  constexpr int kRounds = 200;
  TwoChildren two;
  auto asked = two.state->claims("app", 1);
  BOOST_REQUIRE_EQUAL(outcomeOf(asked), "done");
  const Claims claims = *asked;
  std::atomic<int> inside = 0;
  std::atomic<int> meetings = 0;
  std::atomic<int> missed = 0;
  const auto once = [&](std::size_t child) {
    std::atomic<int> woken = 0;
    auto waiting = two.waiters[child].join(two.line, kAnyPlace, kMost, [&woken] {
      woken = 1;
      woken.notify_one();
    });
    std::optional<std::size_t> place;
    while (true) {
      if (waiting->isNext()) place = claims.take(child, 1);
      if (place) break;
      woken.wait(0);
      woken = 0;
    }
    waiting.reset();
    if (++inside > 1) ++meetings;
    --inside;
    claims.giveBack(*place);
    two.state->wakeNext(two.line, kAnyPlace);
  };
  const auto watch = [&](std::size_t child, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd descriptor{two.state->wakeDescriptor(child), POLLIN, 0};
      if (::poll(&descriptor, 1, 1000) == 0) ++missed;
      two.state->clearWake(child);
      two.waiters[child].wakeNext();
    }
  };
  {
    std::vector<std::jthread> watching;
    for (std::size_t child = 0; child < 2; ++child)
      watching.emplace_back([&, child](const std::stop_token& stop) { watch(child, stop); });
    {
      std::vector<std::jthread> threads;
      for (std::size_t index = 0; index < 4; ++index)
        threads.emplace_back([&, index] {
          for (int round = 0; round < kRounds; ++round) once(index % 2);
        });
    }
    for (std::jthread& thread : watching) thread.request_stop();
    for (std::size_t child = 0; child < 2; ++child) two.state->wake(child);
  }
  BOOST_TEST(meetings.load() == 0);
  BOOST_TEST(missed.load() < 10);
  BOOST_TEST(claims.taken() == 0u);
  BOOST_TEST(two.line.size() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
