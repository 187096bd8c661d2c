// Requests for the same thing that are under way: who leads, who follows, who is woken, and what becomes of what the
// dead have left. Children are objects of one process here; flights_processes_test.cpp has real ones.
#include "common/cache/flights.h"

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <deque>
#include <thread>
#include <vector>

#include "common/cache/flight_slots.h"
#include "tests/unit/support/flying_children.h"
#include "tests/unit/support/forks.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(flights, *boost::unit_test::timeout(120))

namespace {

// One who counts how often it is woken.
struct Counting {
  std::atomic<int> woken{0};
  Flights::Boarding boarding;

  void board(Flights& flights, const Digest& key) {
    boarding = flights.board(key, [this] { ++woken; });
  }
  Flights::Follower& follower() { return *boarding.follower; }
};

void let(Flights::Boarding& boarding, FlightPhase phase) {
  boarding.leader->end(phase);
  boarding.leader.reset();
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_first_leads_and_others_follow_in_all_children) {
  FlyingChildren children(2);
  auto first = children[0].board(keyOf(1), [] {});
  BOOST_REQUIRE(first.leader);
  BOOST_TEST(!first.follower);
  BOOST_TEST(!first.leader->isFollowed());
  Counting second, third;
  second.board(children[0], keyOf(1));
  third.board(children[1], keyOf(1));
  BOOST_REQUIRE(second.boarding.follower);
  BOOST_REQUIRE(third.boarding.follower);
  BOOST_TEST(!second.boarding.leader);
  BOOST_TEST(first.leader->isFollowed());
  BOOST_TEST(static_cast<bool>(second.follower().phase() == FlightPhase::kAsking));
  const auto other = children[1].board(keyOf(2), [] {});
  BOOST_TEST(static_cast<bool>(other.leader));
}

BOOST_AUTO_TEST_CASE(keys_that_differ_in_their_last_byte_alone_are_two) {
  FlyingChildren children(1);
  Digest near = keyOf(1);
  near.bytes.back() ^= 1;
  const auto first = children[0].board(keyOf(1), [] {});
  const auto second = children[0].board(near, [] {});
  BOOST_TEST(static_cast<bool>(first.leader));
  BOOST_TEST(static_cast<bool>(second.leader));
}

BOOST_AUTO_TEST_CASE(who_follows_is_told_of_the_file_of_progress_and_of_the_end) {
  FlyingChildren children(2);
  auto first = children[0].board(keyOf(1), [] {});
  Counting second;
  second.board(children[1], keyOf(1));
  BOOST_TEST(second.follower().path() == "");
  BOOST_TEST(first.leader->stream("/dev/shm/some/file"));
  BOOST_TEST(children.isWoken(1));
  children[1].wakeFollowers();
  BOOST_TEST(second.woken == 1);
  BOOST_TEST(static_cast<bool>(second.follower().phase() == FlightPhase::kStreaming));
  BOOST_TEST(second.follower().path() == "/dev/shm/some/file");
  first.leader->grew();
  children[1].wakeFollowers();
  BOOST_TEST(second.woken == 2);
  BOOST_TEST(static_cast<bool>(second.follower().phase() == FlightPhase::kStreaming));
  let(first, FlightPhase::kStored);
  children[1].wakeFollowers();
  BOOST_TEST(second.woken == 3);
  BOOST_TEST(static_cast<bool>(second.follower().phase() == FlightPhase::kStored));
  BOOST_TEST(second.follower().path() == "");
}

BOOST_AUTO_TEST_CASE(each_way_to_end_is_told_and_the_next_who_boards_leads) {
  FlyingChildren children(1);
  for (const FlightPhase phase : {FlightPhase::kStored, FlightPhase::kUncacheable, FlightPhase::kFailed}) {
    auto first = children[0].board(keyOf(1), [] {});
    BOOST_REQUIRE(first.leader);
    Counting second;
    second.board(children[0], keyOf(1));
    first.leader->end(phase);
    first.leader->end(FlightPhase::kStored);
    BOOST_TEST(static_cast<bool>(second.follower().phase() == phase));
    // Another flight of the same key leaves what the old one came to readable.
    const auto next = children[0].board(keyOf(1), [] {});
    BOOST_TEST(static_cast<bool>(next.leader));
    BOOST_TEST(static_cast<bool>(second.follower().phase() == phase));
  }
}

BOOST_AUTO_TEST_CASE(a_leader_that_says_nothing_has_failed) {
  FlyingChildren children(1);
  auto first = children[0].board(keyOf(1), [] {});
  Counting second;
  second.board(children[0], keyOf(1));
  first.leader.reset();
  BOOST_TEST(static_cast<bool>(second.follower().phase() == FlightPhase::kFailed));
}

BOOST_AUTO_TEST_CASE(one_whose_slot_has_another_flight_is_sent_to_the_store) {
  FlyingChildren children(1);
  auto first = children[0].board(keyOf(1), [] {});
  Counting second;
  second.board(children[0], keyOf(1));
  let(first, FlightPhase::kFailed);
  // All of the window is used again and again.
  for (std::size_t round = 0; round < 3 * FlightSlots::kWindow; ++round) {
    auto next = children[0].board(keyOf(1), [] {});
    BOOST_REQUIRE(next.leader);
    let(next, FlightPhase::kFailed);
  }
  // What is followed is used last.
  BOOST_TEST(static_cast<bool>(second.follower().phase() == FlightPhase::kFailed));
  std::deque<Flights::Boarding> all;
  for (unsigned number = 0; number < FlightSlots::kWindow; ++number)
    all.push_back(children[0].board(besideOf(1, number), [] {}));
  BOOST_TEST(static_cast<bool>(second.follower().phase() == FlightPhase::kStored));
}

BOOST_AUTO_TEST_CASE(who_has_not_looked_since_is_not_woken_again_and_a_child_neither) {
  FlyingChildren children(2);
  auto first = children[0].board(keyOf(1), [] {});
  Counting second;
  second.board(children[1], keyOf(1));
  first.leader->stream("/file");
  BOOST_TEST(children.isWoken(1));
  for (int piece = 0; piece < 100; ++piece) first.leader->grew();
  BOOST_TEST(!children.isWoken(1));
  children[1].wakeFollowers();
  first.leader->grew();
  BOOST_TEST(children.isWoken(1));
  children[1].wakeFollowers();
  BOOST_TEST(second.woken == 1);
  second.follower().phase();
  children[1].wakeFollowers();
  BOOST_TEST(second.woken == 1);
  first.leader->grew();
  children[1].wakeFollowers();
  BOOST_TEST(second.woken == 2);
}

BOOST_AUTO_TEST_CASE(where_nobody_follows_any_more_nobody_is_woken) {
  FlyingChildren children(2);
  auto first = children[0].board(keyOf(1), [] {});
  Counting second, third;
  second.board(children[1], keyOf(1));
  third.board(children[1], keyOf(1));
  second.boarding.follower.reset();
  BOOST_TEST(first.leader->isFollowed());
  third.boarding.follower.reset();
  BOOST_TEST(!first.leader->isFollowed());
  first.leader->grew();
  BOOST_TEST(!children.isWoken(1));
}

BOOST_AUTO_TEST_CASE(a_wake_that_was_missed_is_made_up_for) {
  FlyingChildren children(2);
  BOOST_TEST(!children[1].tend());
  auto first = children[0].board(keyOf(1), [] {});
  Counting second;
  second.board(children[1], keyOf(1));
  BOOST_TEST(children.begun(1) == 1);
  first.leader->stream("/file");
  BOOST_TEST(children[1].tend());
  BOOST_TEST(second.woken == 1);
  BOOST_TEST(children[1].tend());
  BOOST_TEST(second.woken == 1);
  second.boarding.follower.reset();
  BOOST_TEST(!children[1].tend());
  second.board(children[1], keyOf(1));
  BOOST_TEST(children.begun(1) == 2);
}

BOOST_AUTO_TEST_CASE(a_path_that_is_too_long_is_not_told) {
  FlyingChildren children(1);
  auto first = children[0].board(keyOf(1), [] {});
  Counting second;
  second.board(children[0], keyOf(1));
  BOOST_TEST(!first.leader->stream(std::string(FlightSlots::kMostPath + 1, 'p')));
  BOOST_TEST(static_cast<bool>(second.follower().phase() == FlightPhase::kAsking));
  const std::string most(FlightSlots::kMostPath, 'p');
  BOOST_TEST(first.leader->stream(most));
  BOOST_TEST(second.follower().path() == most);
  BOOST_TEST(!first.leader->stream("/another"));
  let(first, FlightPhase::kStored);
  // A shorter one in the same place.
  for (std::size_t round = 0; round < 2 * FlightSlots::kWindow; ++round) {
    auto next = children[0].board(keyOf(1), [] {});
    Counting third;
    third.board(children[0], keyOf(1));
    BOOST_TEST(next.leader->stream("/eight.b"));
    BOOST_TEST(third.follower().path() == "/eight.b");
  }
}

BOOST_AUTO_TEST_CASE(where_all_slots_of_a_key_are_in_use_it_is_everybody_for_himself) {
  FlyingChildren children(1);
  std::deque<Flights::Boarding> all;
  for (unsigned number = 0; number < FlightSlots::kWindow; ++number) {
    all.push_back(children[0].board(besideOf(7, number), [] {}));
    BOOST_REQUIRE(all.back().leader);
  }
  const auto none = children[0].board(besideOf(7, FlightSlots::kWindow), [] {});
  BOOST_TEST(!none.leader);
  BOOST_TEST(!none.follower);
  const auto joins = children[0].board(besideOf(7, 3), [] {});
  BOOST_TEST(static_cast<bool>(joins.follower));
  let(all[5], FlightPhase::kStored);
  const auto another = children[0].board(besideOf(7, FlightSlots::kWindow), [] {});
  BOOST_TEST(static_cast<bool>(another.leader));
}

// What a child that was killed has led.
BOOST_AUTO_TEST_CASE(what_a_dead_leader_has_left_goes_to_one_of_those_who_follow_and_the_others_follow_that) {
  FlyingChildren children(3);
  const pid_t child = forked([&] {
    Flights own(children.shared(), 2, children.slots(), [] {});
    const auto first = own.board(keyOf(1), [] {});
    first.leader->stream("/of/the/dead");
    ::_exit(first.leader ? 0 : 1);
    return 0;
  });
  BOOST_REQUIRE(statusOf(child) == 0);
  // The first who comes takes it over at once, where nobody has yet.
  Counting first, second, third, late;
  first.board(children[0], keyOf(1));
  BOOST_REQUIRE(first.boarding.leader);
  second.board(children[0], keyOf(1));
  BOOST_REQUIRE(second.boarding.follower);
  BOOST_TEST(static_cast<bool>(second.follower().phase() == FlightPhase::kAsking));
}

BOOST_AUTO_TEST_CASE(those_who_followed_one_that_is_killed_are_told_and_exactly_one_of_them_leads) {
  FlyingChildren children(3);
  int ready[2];
  BOOST_REQUIRE(::pipe(ready) == 0);
  const pid_t child = forked([&] {
    Flights own(children.shared(), 2, children.slots(), [] {});
    const auto led = own.board(keyOf(1), [] {});
    led.leader->stream("/of/the/dead");
    if (::write(ready[1], "r", 1) == 1) ::pause();
    return 0;
  });
  char byte = 0;
  BOOST_REQUIRE(::read(ready[0], &byte, 1) == 1);
  Counting first, second, third, late;
  first.board(children[0], keyOf(1));
  second.board(children[0], keyOf(1));
  third.board(children[1], keyOf(1));
  late.board(children[1], keyOf(1));
  for (Counting* one : {&first, &second, &third, &late})
    BOOST_REQUIRE(one->boarding.follower && one->follower().phase() == FlightPhase::kStreaming);
  BOOST_TEST(!second.follower().takeOver());
  killed(child);
  // Its life may have been looked at a moment ago.
  while (second.woken == 0) children[0].tend();
  BOOST_TEST(first.woken == 1);
  BOOST_TEST(children.isWoken(1));
  children[1].wakeFollowers();
  BOOST_TEST(third.woken == 1);
  BOOST_TEST(static_cast<bool>(second.follower().phase() == FlightPhase::kAbandoned));
  auto leader = second.follower().takeOver();
  BOOST_REQUIRE(leader);
  // Who comes late is told as well: what it has read is of no use any more.
  for (Counting* one : {&first, &third, &late}) {
    BOOST_TEST(static_cast<bool>(one->follower().phase() == FlightPhase::kAbandoned));
    BOOST_TEST(one->follower().path() == "");
    BOOST_TEST(!one->follower().takeOver());
    BOOST_TEST(static_cast<bool>(one->follower().phase() == FlightPhase::kAsking));
  }
  BOOST_TEST(leader->stream("/of/the/new"));
  BOOST_TEST(third.follower().path() == "/of/the/new");
  leader->end(FlightPhase::kUncacheable);
  BOOST_TEST(static_cast<bool>(late.follower().phase() == FlightPhase::kUncacheable));
  ::close(ready[0]);
  ::close(ready[1]);
}

BOOST_AUTO_TEST_CASE(slots_of_the_dead_are_taken_where_there_are_no_others) {
  FlyingChildren children(2);
  const pid_t child = forked([&] {
    Flights own(children.shared(), 1, children.slots(), [] {});
    std::deque<Flights::Boarding> all;
    for (unsigned number = 0; number < FlightSlots::kWindow; ++number)
      all.push_back(own.board(besideOf(7, number), [] {}));
    ::_exit(all.back().leader ? 0 : 1);
    return 0;
  });
  BOOST_REQUIRE(statusOf(child) == 0);
  std::deque<Flights::Boarding> all;
  for (unsigned number = 0; number < FlightSlots::kWindow; ++number) {
    all.push_back(children[0].board(besideOf(7, 100 + number), [] {}));
    BOOST_TEST(static_cast<bool>(all.back().leader));
  }
}

BOOST_AUTO_TEST_CASE(thousands_who_follow_are_each_woken_once_for_a_burst) {
  FlyingChildren children(2);
  auto first = children[0].board(keyOf(1), [] {});
  std::deque<Counting> many(5000);
  for (Counting& one : many) one.board(children[1], keyOf(1));
  first.leader->stream("/file");
  for (int burst = 1; burst <= 3; ++burst) {
    for (int piece = 0; piece < 50; ++piece) {
      first.leader->grew();
      children[1].wakeFollowers();
    }
    for (Counting& one : many) {
      BOOST_REQUIRE(one.woken == burst);
      one.follower().phase();
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
