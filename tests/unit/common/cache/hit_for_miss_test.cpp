// Keys whose responses cannot be stored: for how long that is remembered, of how many, and by whom.
#include "common/cache/hit_for_miss.h"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <thread>
#include <vector>

#include "tests/unit/support/forks.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(hit_for_miss, *boost::unit_test::timeout(60))

namespace {

constexpr milliseconds kHour = std::chrono::hours{1};

HitForMiss makeTable() {
  auto shared = SharedState::make(1);
  BOOST_REQUIRE_EQUAL(outcomeOf(shared), "done");
  auto made = HitForMiss::prepare(**shared);
  BOOST_REQUIRE_EQUAL(outcomeOf(made), "done");
  return *made;
}

// As different as digests are.
Digest keyOf(std::uint64_t number) {
  Digest key;
  for (std::size_t half = 0; half < 2; ++half) {
    std::uint64_t word = (number * 2 + half + 1) * 0x9e37'79b9'7f4a'7c15;
    word = (word ^ word >> 31) * 0xbf58'476d'1ce4'e5b9;
    word ^= word >> 29;
    std::memcpy(key.bytes.data() + half * sizeof word, &word, sizeof word);
  }
  return key;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_marked_is_until_it_is_unmarked) {
  const HitForMiss table = makeTable();
  BOOST_TEST(!table.isMarked(keyOf(1)));
  table.mark(keyOf(1), kHour);
  BOOST_TEST(table.isMarked(keyOf(1)));
  BOOST_TEST(!table.isMarked(keyOf(2)));
  table.mark(keyOf(1), kHour);
  table.unmark(keyOf(1));
  BOOST_TEST(!table.isMarked(keyOf(1)));
}

BOOST_AUTO_TEST_CASE(what_is_absent_is_so_until_something_is_stored) {
  const HitForMiss table = makeTable();
  const auto is = [&](Miss what) { return table.find(keyOf(1)) == what; };
  table.noteStored(keyOf(1));
  BOOST_TEST(is(Miss::kUnknown));
  table.markAbsent(keyOf(1), kHour, table.timesStored(keyOf(1)));
  BOOST_TEST(is(Miss::kAbsent));
  BOOST_TEST((table.find(keyOf(2)) == Miss::kUnknown));
  table.noteStored(keyOf(1));
  BOOST_TEST(is(Miss::kUnshared));
  table.noteStored(keyOf(1));
  BOOST_TEST(is(Miss::kUnshared));
  table.markAbsent(keyOf(1), kHour, table.timesStored(keyOf(1)));
  BOOST_TEST(is(Miss::kAbsent));
  table.mark(keyOf(1), kHour);
  BOOST_TEST(is(Miss::kUnshared));
  table.markAbsent(keyOf(2), milliseconds{1}, table.timesStored(keyOf(2)));
  while (table.isMarked(keyOf(2))) std::this_thread::sleep_for(milliseconds{1});
  BOOST_TEST((table.find(keyOf(2)) == Miss::kUnknown));
}

// It looked before that was stored, and says so after.
BOOST_AUTO_TEST_CASE(what_was_absent_before_something_came_is_not_absent_any_more) {
  const HitForMiss table = makeTable();
  const std::uint32_t before = table.timesStored(keyOf(1));
  table.noteStored(keyOf(1));
  table.markAbsent(keyOf(1), kHour, before);
  BOOST_TEST((table.find(keyOf(1)) == Miss::kUnshared));
  table.unmark(keyOf(1));
  table.markAbsent(keyOf(1), kHour, before);
  BOOST_TEST((table.find(keyOf(1)) == Miss::kUnshared));
}

// Else a store that others write to as well would never be asked again.
BOOST_AUTO_TEST_CASE(a_mark_is_prolonged_near_its_end_and_somebody_looks_then) {
  const HitForMiss table = makeTable();
  table.markAbsent(keyOf(1), kHour, table.timesStored(keyOf(1)));
  table.prolong(keyOf(1), kHour);
  BOOST_TEST((table.find(keyOf(1)) == Miss::kAbsent));
  table.prolong(keyOf(1), 5 * kHour);
  BOOST_TEST((table.find(keyOf(1)) == Miss::kUnshared));
  table.prolong(keyOf(2), kHour);
  BOOST_TEST((table.find(keyOf(2)) == Miss::kUnshared));
  table.prolong(keyOf(3), milliseconds{0});
  BOOST_TEST((table.find(keyOf(3)) == Miss::kUnknown));
}

BOOST_AUTO_TEST_CASE(a_mark_ends_with_its_span) {
  const HitForMiss table = makeTable();
  table.mark(keyOf(1), milliseconds{1});
  table.mark(keyOf(2), milliseconds::max());
  table.mark(keyOf(3), milliseconds{0});
  table.mark(keyOf(4), kHour);
  table.mark(keyOf(4), milliseconds{-1});
  BOOST_TEST(!table.isMarked(keyOf(3)));
  BOOST_TEST(!table.isMarked(keyOf(4)));
  while (table.isMarked(keyOf(1))) std::this_thread::sleep_for(milliseconds{1});
  BOOST_TEST(table.isMarked(keyOf(2)));
  table.mark(keyOf(1), kHour);
  BOOST_TEST(table.isMarked(keyOf(1)));
}

BOOST_AUTO_TEST_CASE(keys_of_one_set_are_told_apart_and_the_one_that_ends_first_makes_room) {
  const HitForMiss table = makeTable();
  const auto sibling = [](unsigned char number) {
    Digest key = keyOf(1);
    key.bytes[15] = number;
    return key;
  };
  for (unsigned char number = 0; number < 4; ++number) table.mark(sibling(number), kHour * (number == 2 ? 1 : 5));
  for (unsigned char number = 0; number < 4; ++number) BOOST_TEST(table.isMarked(sibling(number)));
  BOOST_TEST(!table.isMarked(sibling(4)));
  table.mark(sibling(4), kHour);
  for (const unsigned char number : {0, 1, 3, 4}) BOOST_TEST(table.isMarked(sibling(number)));
  BOOST_TEST(!table.isMarked(sibling(2)));
}

BOOST_AUTO_TEST_CASE(thousands_of_keys_fit_and_none_that_was_not_marked_is) {
  const HitForMiss table = makeTable();
  constexpr std::uint64_t kMany = 8000;
  for (std::uint64_t number = 0; number < kMany; ++number) table.mark(keyOf(number), kHour);
  std::uint64_t marked = 0;
  for (std::uint64_t number = 0; number < kMany; ++number) marked += table.isMarked(keyOf(number));
  // A few sets have more than fit.
  BOOST_TEST(marked > kMany * 98 / 100);
  for (std::uint64_t number = kMany; number < 3 * kMany; ++number) BOOST_REQUIRE(!table.isMarked(keyOf(number)));
}

BOOST_AUTO_TEST_CASE(what_one_process_marks_others_see) {
  const HitForMiss table = makeTable();
  const pid_t child = forked([&] {
    table.mark(keyOf(1), kHour);
    return 0;
  });
  BOOST_REQUIRE(statusOf(child) == 0);
  BOOST_TEST(table.isMarked(keyOf(1)));
}

BOOST_AUTO_TEST_CASE(many_who_write_one_set_at_once_mark_no_key_that_shares_half_of_theirs) {
  const HitForMiss table = makeTable();
  constexpr unsigned kWriters = 8;
  const auto rival = [](unsigned first, unsigned second) {
    Digest key = keyOf(1);
    key.bytes[7] = static_cast<unsigned char>(first);
    key.bytes[15] = static_cast<unsigned char>(second);
    return key;
  };
  std::atomic<bool> goesOn{true};
  std::vector<std::thread> writers;
  for (unsigned number = 0; number < kWriters; ++number)
    writers.emplace_back([&, number] {
      while (goesOn) {
        table.mark(rival(number, number), kHour);
        table.unmark(rival(number, number));
      }
    });
  bool anyone = false;
  for (unsigned look = 0; look < 20'000; ++look) {
    const unsigned number = look % kWriters;
    anyone |= table.isMarked(rival(number + kWriters, number)) || table.isMarked(rival(number, number + kWriters));
  }
  goesOn = false;
  for (std::thread& writer : writers) writer.join();
  BOOST_TEST(!anyone);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
