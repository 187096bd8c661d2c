// What is learned of how long a peer lets a connection be idle.
#include "common/pool/idle_limit.h"

#include <boost/test/unit_test.hpp>

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(idle_limit)

namespace {

constexpr milliseconds kNever = milliseconds::max();

Clock::time_point at(int seconds) {
  return Clock::time_point{std::chrono::hours{1}} + std::chrono::seconds{seconds};
}

}  // namespace

BOOST_AUTO_TEST_CASE(nothing_is_known_in_the_beginning) {
  const IdleLimit limit;
  BOOST_TEST((limit.retirement(at(0)) == kNever));
  BOOST_TEST(limit.safety(at(0)).count() == 500);
}

BOOST_AUTO_TEST_CASE(a_promise_is_kept_with_a_margin) {
  struct Row {
    int promised;
    int retirement;
  };
  for (const Row& row :
       {Row{0, 0}, Row{100, 0}, Row{1000, 800}, Row{5000, 4000}, Row{10'000, 8000}, Row{75'000, 73'000}}) {
    IdleLimit limit;
    limit.promised(milliseconds{row.promised});
    BOOST_TEST(limit.retirement(at(0)).count() == row.retirement);
    BOOST_TEST(limit.safety(at(0)).count() == row.retirement);
  }
}

BOOST_AUTO_TEST_CASE(two_closings_of_one_age_tell_of_a_timer) {
  IdleLimit limit;
  limit.foundClosed(milliseconds{900}, milliseconds{1100}, at(0));
  BOOST_TEST((limit.retirement(at(0)) == kNever));
  limit.foundClosed(milliseconds{950}, milliseconds{1150}, at(10));
  BOOST_TEST(limit.retirement(at(10)).count() == 700);
  // What was observed is tried anew some day.
  BOOST_TEST((limit.retirement(at(10 + 301)) == kNever));
}

BOOST_AUTO_TEST_CASE(closings_of_different_ages_tell_of_none) {
  IdleLimit limit;
  limit.foundClosed(milliseconds{100}, milliseconds{300}, at(0));
  limit.foundClosed(milliseconds{9000}, milliseconds{9200}, at(10));
  limit.foundClosed(milliseconds{2000}, milliseconds{2200}, at(20));
  BOOST_TEST((limit.retirement(at(20)) == kNever));
}

BOOST_AUTO_TEST_CASE(what_closes_in_one_moment_has_one_cause) {
  IdleLimit limit;
  for (int age : {5000, 5010, 5020}) limit.foundClosed(milliseconds{age}, milliseconds{age + 200}, at(0));
  BOOST_TEST((limit.retirement(at(0)) == kNever));
}

BOOST_AUTO_TEST_CASE(one_that_closes_behind_every_response_is_not_used_again) {
  IdleLimit limit;
  limit.foundClosed(milliseconds{0}, milliseconds{200}, at(0));
  limit.foundClosed(milliseconds{0}, milliseconds{5}, at(1));
  BOOST_TEST(limit.retirement(at(1)).count() == 0);
  BOOST_TEST(limit.safety(at(1)).count() == 0);
}

BOOST_AUTO_TEST_CASE(the_lesser_of_promise_and_observation_counts) {
  IdleLimit limit;
  limit.promised(milliseconds{60'000});
  limit.foundClosed(milliseconds{1000}, milliseconds{1200}, at(0));
  limit.foundClosed(milliseconds{1000}, milliseconds{1200}, at(5));
  BOOST_TEST(limit.retirement(at(5)).count() == 800);
  limit.promised(milliseconds{500});
  BOOST_TEST(limit.retirement(at(5)).count() == 300);
}

BOOST_AUTO_TEST_CASE(half_of_what_was_seen_open_is_safe) {
  IdleLimit limit;
  limit.foundOpen(milliseconds{20'000});
  BOOST_TEST(limit.safety(at(0)).count() == 10'000);
  // Until one closes earlier.
  limit.foundClosed(milliseconds{3000}, milliseconds{3200}, at(1));
  BOOST_TEST(limit.safety(at(1)).count() == 1500);
  limit.foundClosed(milliseconds{10}, milliseconds{200}, at(60));
  BOOST_TEST(limit.safety(at(60)).count() == 500);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
