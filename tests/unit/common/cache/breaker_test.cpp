// When a store is left alone, and for how long.
#include "common/cache/breaker.h"

#include <boost/test/unit_test.hpp>
#include <vector>

namespace proxytest {

using namespace proxycommon;
using std::chrono::seconds;

BOOST_AUTO_TEST_SUITE(breaker, *boost::unit_test::timeout(60))

namespace {
const Clock::time_point kStart{std::chrono::hours{1}};
}  // namespace

BOOST_AUTO_TEST_CASE(a_store_that_is_well_is_always_asked) {
  Breaker breaker;
  for (int call = 0; call < 10; ++call) {
    const auto begun = breaker.begin(kStart);
    BOOST_REQUIRE(!!begun);
    breaker.succeeded(*begun);
  }
  BOOST_TEST(breaker.rest(kStart).count() == 0);
}

BOOST_AUTO_TEST_CASE(rests_grow_until_a_call_succeeds) {
  Breaker breaker;
  auto now = kStart;
  for (const int expected : {250, 500, 1000, 2000, 4000, 4000}) {
    const auto call = breaker.begin(now);
    BOOST_REQUIRE(!!call);
    breaker.failed(*call, now);
    BOOST_TEST(breaker.rest(now).count() == expected);
    BOOST_TEST(!breaker.begin(now + milliseconds{expected - 1}));
    now += milliseconds{expected};
  }
  const auto probe = breaker.begin(now);
  BOOST_REQUIRE(!!probe);
  breaker.succeeded(*probe);
  BOOST_TEST(breaker.rest(now).count() == 0);
  const auto call = breaker.begin(now);
  BOOST_REQUIRE(!!call);
  breaker.failed(*call, now);
  BOOST_TEST(breaker.rest(now).count() == 250);
}

BOOST_AUTO_TEST_CASE(one_call_tries_again_and_another_one_when_that_is_lost) {
  Breaker breaker;
  breaker.failed(*breaker.begin(kStart), kStart);
  const auto now = kStart + seconds{1};
  BOOST_TEST(!!breaker.begin(now));
  BOOST_TEST(!breaker.begin(now));
  BOOST_TEST(!breaker.begin(now + Breaker::kProbe - milliseconds{1}));
  BOOST_TEST(!!breaker.begin(now + Breaker::kProbe));
}

BOOST_AUTO_TEST_CASE(many_that_fail_together_are_one_failure) {
  Breaker breaker;
  std::vector<Breaker::Call> calls;
  for (int call = 0; call < 50; ++call) calls.push_back(*breaker.begin(kStart));
  for (const Breaker::Call& call : calls) breaker.failed(call, kStart);
  BOOST_TEST(breaker.rest(kStart) == Breaker::kShortestRest);
}

// What was begun before does not say how the store is now.
BOOST_AUTO_TEST_CASE(a_late_success_does_not_end_a_rest) {
  Breaker breaker;
  const auto slow = *breaker.begin(kStart);
  breaker.failed(*breaker.begin(kStart), kStart);
  breaker.succeeded(slow);
  BOOST_TEST(!breaker.begin(kStart));
  const auto probe = *breaker.begin(kStart + seconds{1});
  breaker.succeeded(probe);
  breaker.failed(slow, kStart + seconds{1});
  BOOST_TEST(breaker.rest(kStart + seconds{1}).count() == 0);
}

BOOST_AUTO_TEST_CASE(a_line_a_minute) {
  std::atomic<Clock::rep> complainedAt{0};
  const auto mayComplain = [&](Clock::time_point now) { return Breaker::mayComplain(complainedAt, now); };
  BOOST_TEST(mayComplain(kStart));
  BOOST_TEST(!mayComplain(kStart));
  BOOST_TEST(!mayComplain(kStart + seconds{59}));
  BOOST_TEST(mayComplain(kStart + seconds{60}));
  BOOST_TEST(!mayComplain(kStart + seconds{61}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
