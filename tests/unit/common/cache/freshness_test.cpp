// RFC 9111 4.2: how long a response is fresh, and how old it is.
#include "common/cache/freshness.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/common/cache/messages.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(freshness)

namespace {

constexpr std::string_view kMinuteLater = "Sun, 09 Sep 2001 01:47:40 GMT";
constexpr std::string_view kMinuteBefore = "Sun, 09 Sep 2001 01:45:40 GMT";
constexpr std::string_view kHundredDaysBefore = "Fri, 01 Jun 2001 01:46:40 GMT";

long lifetimeOf(const HeaderFields& fields, int status = 200, const CachePolicy& policy = {}) {
  return freshnessLifetime(stored(fields, status), responseControl(fields, policy), policy).count();
}

long ageOf(const HeaderFields& fields, milliseconds delay = milliseconds{0}, milliseconds resident = milliseconds{0}) {
  StoredResponse response = stored(fields);
  response.requestTime = kNow - delay;
  return currentAge(response, kNow + resident).count();
}

const HeaderField kDate{"Date", kNowText};

}  // namespace

// RFC 9111 4.2.1.
BOOST_AUTO_TEST_CASE(the_first_of_three_counts) {
  const struct {
    HeaderFields fields;
    long expected;
  } rows[] = {
      {{kDate, {"Cache-Control", "max-age=10"}}, 10},
      {{kDate, {"Cache-Control", "max-age=10, s-maxage=20"}}, 20},
      {{kDate, {"Cache-Control", "max-age=10, s-maxage=0"}}, 0},
      {{kDate, {"Cache-Control", "max-age=10"}, {"Expires", kMinuteLater}}, 10},
      {{kDate, {"Cache-Control", "s-maxage=x, max-age=10"}, {"Expires", kMinuteLater}}, 0},
      {{kDate, {"Expires", kMinuteLater}}, 60},
      {{{"Expires", kMinuteLater}}, 60},
      {{{"Date", kMinuteBefore}, {"Expires", kMinuteLater}}, 120},
      {{{"Date", "yesterday"}, {"Expires", kMinuteLater}}, 60},
      {{kDate, {"Expires", kNowText}}, 0},
      {{kDate, {"Expires", kMinuteBefore}}, 0},
      {{kDate, {"Cache-Control", "public"}, {"Expires", kMinuteLater}}, 60},
      {{kDate, {"Expires", kMinuteLater}, {"Pragma", "no-cache"}}, 60},
      {{kDate, {"Expires", "0"}}, 0},
      {{kDate, {"Expires", "-1"}}, 0},
      {{kDate, {"Expires", ""}}, 0},
      {{kDate, {"Expires", "60"}}, 0},
      {{kDate, {"Expires", "Sunday, 09-Sep-01 01:47:40 GMT"}}, 60},
      {{kDate, {"Expires", "Sun Sep  9 01:47:40 2001"}}, 60},
      {{kDate, {"Expires", kMinuteLater}, {"Expires", kMinuteLater}}, 60},
      {{kDate, {"Expires", kMinuteLater}, {"Expires", kNowText}}, 0},
      {{kDate, {"CDN-Cache-Control", "max-age=5"}, {"Cache-Control", "max-age=10"}}, 5},
      {{kDate, {"CDN-Cache-Control", "public"}, {"Expires", kMinuteLater}}, 0},
      {{kDate, {"CDN-Cache-Control", ""}, {"Expires", kMinuteLater}}, 60},
      {{kDate, {"Cache-Control", "max-age=4294967296"}}, 2147483648L},
      {{kDate, {"Expires", "Fri, 31 Dec 9999 23:59:59 GMT"}}, 2147483648L},
      {{kDate}, 0},
  };
  for (const auto& [fields, expected] : rows)
    BOOST_TEST_CONTEXT(fields.back().name << ": " << fields.back().value) BOOST_TEST(lifetimeOf(fields) == expected);
}

// RFC 9111 4.2.2.
BOOST_AUTO_TEST_CASE(heuristics_take_a_part_of_the_time_since_it_was_modified) {
  const HeaderField modified{"Last-Modified", kMinuteBefore};
  BOOST_TEST(lifetimeOf({kDate, modified}) == 6);
  BOOST_TEST(lifetimeOf({modified}) == 6);
  BOOST_TEST(lifetimeOf({kDate, modified}, 200, {.heuristicPercent = 50}) == 30);
  BOOST_TEST(lifetimeOf({kDate, modified}, 200, {.heuristicPercent = 0}) == 0);
  BOOST_TEST(lifetimeOf({kDate, {"Last-Modified", kHundredDaysBefore}}) == 86400);
  BOOST_TEST(lifetimeOf({kDate, {"Last-Modified", kMinuteLater}}) == 0);
  BOOST_TEST(lifetimeOf({kDate, {"Last-Modified", "once"}}) == 0);
  BOOST_TEST(lifetimeOf({kDate, modified, {"Cache-Control", "max-age=1"}}) == 1);
  BOOST_TEST(lifetimeOf({kDate, modified, {"Expires", "0"}}) == 0);
}

// RFC 9110 15.1; RFC 9111 4.2.2 (public).
BOOST_AUTO_TEST_CASE(heuristics_are_for_some_statuses) {
  const HeaderFields fields{kDate, {"Last-Modified", kMinuteBefore}};
  for (const int status : {200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501})
    BOOST_TEST_CONTEXT(status) BOOST_TEST(lifetimeOf(fields, status) == 6);
  for (const int status : {201, 299, 302, 303, 307, 400, 403, 500, 502, 599})
    BOOST_TEST_CONTEXT(status) BOOST_TEST(lifetimeOf(fields, status) == 0);
  HeaderFields shared = fields;
  shared.push_back({"Cache-Control", "public"});
  BOOST_TEST(lifetimeOf(shared, 299) == 6);
}

// RFC 9111 4.2.3.
BOOST_AUTO_TEST_CASE(age_is_what_the_formula_gives) {
  using namespace std::chrono_literals;
  BOOST_TEST(ageOf({kDate}) == 0);
  BOOST_TEST(ageOf({kDate}, 0ms, 999ms) == 0);
  BOOST_TEST(ageOf({kDate}, 0ms, 1000ms) == 1);
  BOOST_TEST(ageOf({{"Date", kMinuteBefore}}) == 60);
  BOOST_TEST(ageOf({{"Date", kMinuteLater}}) == 0);
  BOOST_TEST(ageOf({}) == 0);
  BOOST_TEST(ageOf({{"Date", "never"}}, 0ms, 5s) == 5);
  BOOST_TEST(ageOf({kDate, {"Age", "30"}}) == 30);
  BOOST_TEST(ageOf({{"Date", kMinuteBefore}, {"Age", "30"}}) == 60);
  BOOST_TEST(ageOf({{"Date", kMinuteBefore}, {"Age", "90"}}) == 90);
  BOOST_TEST(ageOf({kDate, {"Age", "30"}}, 4s) == 34);
  BOOST_TEST(ageOf({kDate, {"Age", "30"}}, 4s, 10s) == 44);
  BOOST_TEST(ageOf({{"Date", kMinuteBefore}}, 4s, 10s) == 70);
  BOOST_TEST(ageOf({kDate}, 4s, 10s) == 14);
}

BOOST_AUTO_TEST_CASE(clocks_that_go_back_make_nothing_negative) {
  using namespace std::chrono_literals;
  BOOST_TEST(ageOf({kDate}, -5s, 0ms) == 0);
  BOOST_TEST(ageOf({kDate}, 0ms, -5s) == 0);
  BOOST_TEST(ageOf({kDate, {"Age", "7"}}, -5s, -5s) == 7);
}

// A response of this very second is not older for the milliseconds that its Date does not tell.
BOOST_AUTO_TEST_CASE(a_part_of_a_second_is_no_age) {
  StoredResponse response = stored({kDate});
  response.requestTime = response.responseTime = kNow + milliseconds{900};
  BOOST_TEST(currentAge(response, kNow + milliseconds{1800}).count() == 0);
  BOOST_TEST(currentAge(response, kNow + milliseconds{1900}).count() == 1);
}

// RFC 9111 5.1.
BOOST_AUTO_TEST_CASE(age_fields_are_read_leniently) {
  BOOST_TEST(ageOf({kDate, {"Age", " 30 "}}) == 30);
  BOOST_TEST(ageOf({kDate, {"Age", "30, 60"}}) == 30);
  BOOST_TEST(ageOf({kDate, {"Age", "30"}, {"Age", "60"}}) == 30);
  for (const std::string_view value : {"", "x", "-30", "30.5", "30s", "\"30\"", ", 30"})
    BOOST_TEST_CONTEXT(value) BOOST_TEST(ageOf({kDate, {"Age", value}}) == 0);
  BOOST_TEST(ageOf({kDate, {"Age", "99999999999999999999"}}) == 2147483648L);
}

BOOST_AUTO_TEST_CASE(time_to_live_becomes_negative) {
  const StoredResponse response = stored({kDate, {"Cache-Control", "max-age=10"}});
  BOOST_TEST(timeToLive(response, {}, kNow).count() == 10);
  BOOST_TEST(timeToLive(response, {}, kNow + Seconds{10}).count() == 0);
  BOOST_TEST(timeToLive(response, {}, kNow + Seconds{15}).count() == -5);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_validated_is_of_use_until_nothing_permits_it) {
  const auto until = [](const HeaderFields& fields, const CachePolicy& policy = {}) {
    return std::chrono::floor<Seconds>(usefulUntil(stored(fields), policy) - kNow).count();
  };
  constexpr long kDay = 86'400;
  BOOST_TEST(until({{"Cache-Control", "max-age=10"}}) == 10 + kDay);
  BOOST_TEST(until({{"Cache-Control", "max-age=10"}, {"Age", "4"}}) == 6 + kDay);
  BOOST_TEST(until({{"Cache-Control", "max-age=10, stale-if-error=5, stale-while-revalidate=7"}}) == 10 + kDay);
  BOOST_TEST(until({{"Cache-Control", "max-age=10, stale-if-error=100000"}}) == 100'010);
  BOOST_TEST(until({{"Cache-Control", "max-age=10, stale-while-revalidate=100000"}}) == 100'010);
  BOOST_TEST(until({{"Cache-Control", "max-age=10"}}, {.staleIfError = Seconds{100'000}}) == 100'010);
  for (const std::string_view forbids : {"must-revalidate", "proxy-revalidate", "s-maxage=10"}) {
    const std::string value = "max-age=10, stale-if-error=5, " + std::string(forbids);
    BOOST_TEST_CONTEXT(value) BOOST_TEST(until({{"Cache-Control", value}}) == 10);
  }
  BOOST_CHECK(usefulUntil(stored({{"ETag", "\"x\""}}), {}) == WallTime::max());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
