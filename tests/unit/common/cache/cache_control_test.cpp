// RFC 9111 5.2: Cache-Control.
#include "common/cache/cache_control.h"

#include <boost/test/unit_test.hpp>

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(cache_control)

namespace {

CacheControl parsed(std::string_view value) {
  return parseCacheControl(HeaderFields{{"Cache-Control", value}});
}

constexpr long kNone = -1;
long numberOf(const std::optional<Seconds>& seconds) {
  return seconds ? static_cast<long>(seconds->count()) : kNone;
}

struct NumberRow {
  std::string_view value;
  long expected;
};

}  // namespace

BOOST_AUTO_TEST_CASE(flags_are_read_without_case) {
  const struct {
    std::string_view value;
    bool CacheControl::*flag;
  } rows[] = {
      {"no-store", &CacheControl::noStore},
      {"NO-STORE", &CacheControl::noStore},
      {"No-Cache", &CacheControl::noCache},
      {"private", &CacheControl::isPrivate},
      {"public", &CacheControl::isPublic},
      {"must-revalidate", &CacheControl::mustRevalidate},
      {"proxy-revalidate", &CacheControl::proxyRevalidate},
      {"must-understand", &CacheControl::mustUnderstand},
      {"no-transform", &CacheControl::noTransform},
      {"immutable", &CacheControl::immutable},
      {"only-if-cached", &CacheControl::onlyIfCached},
      {"max-age=1, no-store", &CacheControl::noStore},
      {" ,, no-store ,", &CacheControl::noStore},
      {"foo=\"no-cache, bar\", no-store", &CacheControl::noStore},
      {"foo=\"a\\\", no-cache\",no-store", &CacheControl::noStore},
      {"no-store=1", &CacheControl::noStore},
      {"no-cache=\"\"", &CacheControl::noCache},
      {"private=\"a b\"", &CacheControl::isPrivate},
  };
  for (const auto& [value, flag] : rows) BOOST_CHECK_MESSAGE(parsed(value).*flag, value);
}

BOOST_AUTO_TEST_CASE(what_stands_in_quotes_or_is_part_of_a_name_is_no_directive) {
  for (const std::string_view value :
       {"foo=\"no-store\"", "foo=\"a, no-store, b\"", "xno-store", "no-storex", "no store", "foo=\"\\\", no-store\""})
    BOOST_CHECK_MESSAGE(!parsed(value).noStore, value);
}

BOOST_AUTO_TEST_CASE(max_age_is_a_number_or_stale) {
  const NumberRow rows[] = {
      {"public", kNone},
      {"max-age=0", 0},
      {"max-age=3600", 3600},
      {"MAX-AGE=60", 60},
      {"max-age=\"60\"", 60},
      {"max-age=007", 7},
      {"max-age=2147483648", 2147483648L},
      {"max-age=2147483649", 2147483648L},
      {"max-age=99999999999999999999999", 2147483648L},
      {"max-age", 0},
      {"max-age=", 0},
      {"max-age=abc", 0},
      {"max-age=-1", 0},
      {"max-age=+1", 0},
      {"max-age=1.5", 0},
      {"max-age=60s", 0},
      {"max-age= 60", 0},
      {"max-age =60", 0},
      {"max-age='60'", 0},
      {"max-age=60, max-age=60", 60},
      {"max-age=60, max-age=70", 0},
      {"x-max-age=60", kNone},
      {"foo=\"max-age=60\"", kNone},
  };
  for (const auto& [value, expected] : rows)
    BOOST_TEST_CONTEXT(value) BOOST_TEST(numberOf(parsed(value).maxAge) == expected);
}

BOOST_AUTO_TEST_CASE(other_numbers_are_read_likewise) {
  BOOST_TEST(numberOf(parsed("s-maxage=5").sharedMaxAge) == 5);
  BOOST_TEST(numberOf(parsed("s-maxage=x").sharedMaxAge) == 0);
  BOOST_TEST(numberOf(parsed("min-fresh=5").minFresh) == 5);
  BOOST_TEST(numberOf(parsed("min-fresh=x").minFresh) == kMostSeconds.count());
  BOOST_TEST(numberOf(parsed("max-stale=5").maxStale) == 5);
  BOOST_TEST(numberOf(parsed("max-stale").maxStale) == kMostSeconds.count());
  BOOST_TEST(numberOf(parsed("max-stale=x").maxStale) == 0);
  BOOST_TEST(numberOf(parsed("stale-while-revalidate=5").staleWhileRevalidate) == 5);
  BOOST_TEST(numberOf(parsed("stale-if-error=5").staleIfError) == 5);
  BOOST_TEST(numberOf(parsed("stale-if-error").staleIfError) == 0);
}

// RFC 9111 5.2.2.4, 5.2.2.7.
BOOST_AUTO_TEST_CASE(no_cache_and_private_may_name_fields) {
  const auto both = parsed("no-cache=\"Set-Cookie, x-a\", private=\"X-B\"");
  BOOST_CHECK(!both.noCache && !both.isPrivate);
  BOOST_CHECK((both.noCacheFields == std::vector<std::string_view>{"Set-Cookie", "x-a"}));
  BOOST_CHECK((both.privateFields == std::vector<std::string_view>{"X-B"}));
  BOOST_CHECK((parsed("no-cache=Set-Cookie").noCacheFields == std::vector<std::string_view>{"Set-Cookie"}));
  BOOST_CHECK(parsed("no-cache=\"x\", no-cache").noCache);
}

BOOST_AUTO_TEST_CASE(all_lines_count) {
  const auto control =
      parseCacheControl(HeaderFields{{"Cache-Control", "max-age=1"}, {"X", "no-store"}, {"cache-control", "private"}});
  BOOST_CHECK(control.isPresent && control.isPrivate && !control.noStore);
  BOOST_TEST(numberOf(control.maxAge) == 1);
  BOOST_CHECK(!parseCacheControl(HeaderFields{{"X", "no-store"}}).isPresent);
}

// RFC 9111 5.4.
BOOST_AUTO_TEST_CASE(pragma_counts_where_cache_control_is_missing) {
  BOOST_CHECK(requestControl(HeaderFields{{"Pragma", "no-cache"}}).noCache);
  BOOST_CHECK(requestControl(HeaderFields{{"Pragma", "foo, No-Cache"}}).noCache);
  BOOST_CHECK(!requestControl(HeaderFields{{"Pragma", "foo"}}).noCache);
  BOOST_CHECK(!requestControl(HeaderFields{{"Pragma", "no-cache"}, {"Cache-Control", "max-age=1"}}).noCache);
  BOOST_CHECK(!responseControl(HeaderFields{{"Pragma", "no-cache"}}, {}).noCache);
}

// RFC 9111 4.2.4.
BOOST_AUTO_TEST_CASE(four_directives_forbid_stale_responses) {
  for (const std::string_view value : {"no-cache", "must-revalidate", "proxy-revalidate", "s-maxage=1"})
    BOOST_CHECK_MESSAGE(parsed(value).forbidsStale(), value);
  for (const std::string_view value : {"max-age=1", "no-cache=\"x\"", "immutable", "stale-if-error=1"})
    BOOST_CHECK_MESSAGE(!parsed(value).forbidsStale(), value);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
