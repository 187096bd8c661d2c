// Those who wait for a place, in the order in which they came.
#include "common/shared/wait_line.h"

#include <boost/test/unit_test.hpp>
#include <thread>
#include <vector>

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(wait_line, *boost::unit_test::timeout(60))

namespace {

constexpr std::uint32_t kRed = 1;
constexpr std::uint32_t kBlue = 2;
constexpr std::optional<std::size_t> kNobody;

struct OneLine {
  explicit OneLine(std::size_t size = 64) : entries(size), line(entries.data(), size, &head) {}

  WaitLine::Place join(std::size_t child, std::uint32_t wanted = kAnyPlace) const {
    return line.join(child, wanted, entries.size()).value();
  }
  // Of one that has come, but not drawn its ticket yet.
  void comes(std::size_t index, std::size_t child) {
    entries[index].who = child + 1;
    head.reach = static_cast<std::uint32_t>(std::max<std::size_t>(head.reach, index + 1));
  }

  std::vector<WaitLine::Entry> entries;
  WaitLine::Head head{};
  WaitLine line;
};

bool is(const std::optional<std::size_t>& child, const std::optional<std::size_t>& expected) {
  return child == expected;
}

}  // namespace

BOOST_AUTO_TEST_CASE(nobody_waits_at_first) {
  const OneLine one;
  BOOST_TEST(!WaitLine());
  BOOST_TEST(!!one.line);
  BOOST_TEST(one.line.size() == 0u);
  BOOST_TEST(!one.line.isAwaited(kAnyPlace));
  BOOST_TEST(is(one.line.nextChild(kAnyPlace), kNobody));
  BOOST_TEST(is(one.line.firstOf(kAnyPlace), kNobody));
}

BOOST_AUTO_TEST_CASE(who_came_first_is_next_and_then_who_came_second) {
  const OneLine one;
  const auto first = one.join(5);
  const auto second = one.join(3);
  const auto third = one.join(5);
  BOOST_TEST(one.line.size() == 3u);
  BOOST_TEST(one.line.isNext(first));
  BOOST_TEST(!one.line.isNext(second));
  one.line.leave(second);
  BOOST_TEST(!one.line.isNext(third));
  one.line.leave(first);
  BOOST_TEST(one.line.isNext(third));
  one.line.leave(third);
  BOOST_TEST(one.line.size() == 0u);
}

// Entries are used again.
BOOST_AUTO_TEST_CASE(who_comes_to_an_entry_that_was_left_stands_at_the_end) {
  const OneLine one;
  const auto first = one.join(1);
  const auto second = one.join(2);
  one.line.leave(first);
  const auto third = one.join(3);
  BOOST_TEST(third.index == first.index);
  BOOST_TEST(one.line.isNext(second));
  BOOST_TEST(!one.line.isNext(third));
  BOOST_TEST(is(one.line.nextChild(kAnyPlace), 2));
}

BOOST_AUTO_TEST_CASE(those_who_want_different_things_are_not_in_each_others_way) {
  const OneLine one;
  const auto red = one.join(1, kRed);
  const auto any = one.join(2);
  const auto blue = one.join(3, kBlue);
  const auto laterRed = one.join(4, kRed);
  const auto laterAny = one.join(5);
  BOOST_TEST(one.line.isNext(red));
  BOOST_TEST(one.line.isNext(any));
  BOOST_TEST(one.line.isNext(blue));
  BOOST_TEST(!one.line.isNext(laterRed));
  BOOST_TEST(!one.line.isNext(laterAny));
}

BOOST_AUTO_TEST_CASE(what_is_freed_is_for_the_oldest_whom_it_helps) {
  const OneLine one;
  one.join(1, kRed);
  const auto any = one.join(2);
  one.join(3, kBlue);
  BOOST_TEST(is(one.line.nextChild(kRed), 1));
  BOOST_TEST(is(one.line.nextChild(kBlue), 2));
  BOOST_TEST(is(one.line.nextChild(7), 2));
  BOOST_TEST(is(one.line.nextChild(kAnyPlace), 1));
  BOOST_TEST(is(one.line.firstOf(kBlue), 3));
  BOOST_TEST(is(one.line.firstOf(kAnyPlace), 2));
  one.line.leave(any);
  BOOST_TEST(is(one.line.nextChild(kBlue), 3));
  BOOST_TEST(is(one.line.nextChild(7), kNobody));
  BOOST_TEST(is(one.line.firstOf(kAnyPlace), kNobody));
}

BOOST_AUTO_TEST_CASE(whoever_comes_is_told_whether_others_wait_for_the_same) {
  const OneLine one;
  one.join(1, kRed);
  BOOST_TEST(one.line.isAwaited(kRed));
  BOOST_TEST(!one.line.isAwaited(kBlue));
  BOOST_TEST(one.line.isAwaited(kAnyPlace));
}

BOOST_AUTO_TEST_CASE(only_so_many_may_wait) {
  const OneLine one(8);
  for (int count = 0; count < 3; ++count) BOOST_TEST(one.line.join(1, kAnyPlace, 3).has_value());
  BOOST_TEST(!one.line.join(1, kAnyPlace, 3));
  for (int count = 0; count < 5; ++count) BOOST_TEST(one.line.join(1, kAnyPlace, 1000).has_value());
  BOOST_TEST(!one.line.join(1, kAnyPlace, 1000));
  BOOST_TEST(!one.line.join(1, kAnyPlace, 0));
}

BOOST_AUTO_TEST_CASE(a_dead_child_is_taken_out_wherever_it_stands) {
  OneLine one;
  one.join(1);
  const auto other = one.join(2);
  one.join(1, kRed);
  one.comes(3, 1);
  BOOST_TEST(!one.line.isNext(other));
  one.line.strikeOut(1);
  BOOST_TEST(one.line.size() == 1u);
  BOOST_TEST(one.line.isNext(other));
  BOOST_TEST(is(one.line.nextChild(kAnyPlace), 2));
}

BOOST_AUTO_TEST_CASE(one_that_has_not_drawn_its_ticket_may_be_older_and_is_not_woken) {
  OneLine one;
  one.comes(0, 1);
  const auto red = one.join(2, kRed);
  BOOST_TEST(!one.line.isNext(red));
  BOOST_TEST(one.line.isAwaited(kBlue));
  BOOST_TEST(is(one.line.nextChild(kAnyPlace), 2));
  one.entries[0].who = 0;
  BOOST_TEST(one.line.isNext(red));
}

// Whoever is next has left before another one is, and nobody is overtaken.
BOOST_AUTO_TEST_CASE(threads_are_served_one_at_a_time_in_the_order_of_their_tickets) {
  constexpr int kRounds = 300;
  const OneLine one;
  std::atomic<int> inside = 0;
  std::atomic<int> meetings = 0;
  std::vector<std::uint64_t> served;  // by whoever is next
  {
    std::vector<std::jthread> threads;
    for (std::size_t child = 0; child < 4; ++child)
      threads.emplace_back([&, child] {
        for (int round = 0; round < kRounds; ++round) {
          const auto place = one.join(child);
          while (!one.line.isNext(place)) std::this_thread::yield();
          if (++inside > 1) ++meetings;
          served.push_back(place.who);
          --inside;
          one.line.leave(place);
        }
      });
  }
  BOOST_TEST(meetings.load() == 0);
  BOOST_TEST(served.size() == 4u * kRounds);
  BOOST_TEST(std::is_sorted(served.begin(), served.end()));
  BOOST_TEST(one.line.size() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
