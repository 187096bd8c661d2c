// Places of which only so many are there.
#include "common/shared/claims.h"

#include <array>
#include <boost/test/unit_test.hpp>
#include <set>
#include <thread>
#include <vector>

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(claims, *boost::unit_test::timeout(60))

namespace {

struct Places {
  explicit Places(std::size_t size) : holders(size), claims(holders.data(), size) {}
  std::vector<std::atomic<std::uint32_t>> holders;
  Claims claims;
};

}  // namespace

BOOST_AUTO_TEST_CASE(there_is_none_before_there_are_places) {
  BOOST_TEST(!Claims());
  BOOST_TEST(!!Places(1).claims);
}

BOOST_AUTO_TEST_CASE(each_place_is_given_once_until_the_limit) {
  for (const std::size_t child : {0u, 1u, 7u, 300u}) {
    const Places places(1024);
    std::set<std::size_t> taken;
    while (const auto place = places.claims.take(child, 100)) taken.insert(*place);
    BOOST_TEST(taken.size() == 100u);
    BOOST_TEST(*taken.rbegin() == 99u);
    BOOST_TEST(places.claims.taken() == 100u);
  }
}

BOOST_AUTO_TEST_CASE(children_share_the_limit) {
  const Places places(1024);
  for (std::size_t count = 0; count < 10; ++count) BOOST_TEST(!!places.claims.take(count, 10));
  for (std::size_t child = 0; child < 10; ++child) BOOST_TEST(!places.claims.take(child, 10));
}

BOOST_AUTO_TEST_CASE(what_is_given_back_is_taken_again) {
  const Places places(8);
  std::vector<std::size_t> taken;
  while (const auto place = places.claims.take(3, 8)) taken.push_back(*place);
  places.claims.giveBack(taken[5]);
  BOOST_TEST(places.claims.taken() == 7u);
  BOOST_TEST(places.claims.take(4, 8).value() == taken[5]);
  BOOST_TEST(!places.claims.take(4, 8));
}

BOOST_AUTO_TEST_CASE(a_limit_of_none_gives_none_and_one_above_the_places_gives_all) {
  const Places places(4);
  BOOST_TEST(!places.claims.take(0, 0));
  for (int count = 0; count < 4; ++count) BOOST_TEST(!!places.claims.take(0, 1'000'000));
  BOOST_TEST(!places.claims.take(0, 1'000'000));
}

// After a graceful restart with a lower limit.
BOOST_AUTO_TEST_CASE(what_was_taken_beyond_a_new_limit_is_counted) {
  const Places places(1024);
  for (int count = 0; count < 20; ++count) places.claims.take(0, 20);
  BOOST_TEST(!places.claims.take(1, 5));
  BOOST_TEST(places.claims.taken() == 20u);
}

BOOST_AUTO_TEST_CASE(those_of_a_dead_child_are_free_again_and_no_others) {
  const Places places(1024);
  for (int count = 0; count < 3; ++count) places.claims.take(0, 100);
  for (int count = 0; count < 5; ++count) places.claims.take(1, 100);
  BOOST_TEST(places.claims.strikeOut(1) == 5u);
  BOOST_TEST(places.claims.strikeOut(1) == 0u);
  BOOST_TEST(places.claims.taken() == 3u);
}

BOOST_AUTO_TEST_CASE(threads_never_have_more_than_the_limit) {
  constexpr unsigned kLimit = 3;
  const Places places(1024);
  std::atomic<unsigned> now = 0;
  std::atomic<unsigned> most = 0;
  std::atomic<unsigned> times = 0;
  {
    std::vector<std::jthread> threads;
    for (std::size_t child = 0; child < 6; ++child)
      threads.emplace_back([&, child] {
        for (int round = 0; round < 5000; ++round) {
          const auto place = places.claims.take(child, kLimit);
          if (!place) continue;
          const unsigned held = ++now;
          for (unsigned before = most; before < held && !most.compare_exchange_weak(before, held);) {
          }
          ++times;
          --now;
          places.claims.giveBack(*place);
        }
      });
  }
  BOOST_TEST(most.load() <= kLimit);
  BOOST_TEST(times.load() > 0u);
  BOOST_TEST(places.claims.taken() == 0u);
}

BOOST_AUTO_TEST_CASE(those_who_came_under_a_higher_limit_count_under_a_lower_one) {
  std::array<std::atomic<std::uint32_t>, 64> places{};
  const Claims claims(places.data(), places.size());
  std::vector<std::size_t> held;
  for (int one = 0; one < 10; ++one) held.push_back(*claims.take(3, 10));
  // Those at the first places end, and leave eight, though two places are enough now.
  for (const std::size_t place : held)
    if (place < 2) claims.giveBack(place);
  BOOST_TEST(!claims.take(4, 2));
  for (const std::size_t place : held)
    if (place >= 3) claims.giveBack(place);
  BOOST_TEST(claims.take(4, 2).has_value());
  BOOST_TEST(!claims.take(4, 2));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
