// RFC 9211: Cache-Status.
#include "common/cache/cache_status.h"

#include <boost/test/unit_test.hpp>

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(cache_status)

// RFC 9211 2.1 to 2.8.
BOOST_AUTO_TEST_CASE(parameters_are_written_as_they_are_defined) {
  const struct {
    CacheStatus status;
    std::string_view expected;
  } rows[] = {
      {{.cache = "proxy", .isHit = true}, "proxy; hit"},
      {{.cache = "proxy", .isHit = true, .ttl = Seconds{376}}, "proxy; hit; ttl=376"},
      {{.cache = "proxy", .isHit = true, .ttl = Seconds{-412}}, "proxy; hit; ttl=-412"},
      {{.cache = "proxy", .forward = ForwardReason::kBypass}, "proxy; fwd=bypass"},
      {{.cache = "proxy", .forward = ForwardReason::kMethod}, "proxy; fwd=method"},
      {{.cache = "proxy", .forward = ForwardReason::kUriMiss}, "proxy; fwd=uri-miss"},
      {{.cache = "proxy", .forward = ForwardReason::kVaryMiss}, "proxy; fwd=vary-miss"},
      {{.cache = "proxy", .forward = ForwardReason::kMiss}, "proxy; fwd=miss"},
      {{.cache = "proxy", .forward = ForwardReason::kRequest}, "proxy; fwd=request"},
      {{.cache = "proxy", .forward = ForwardReason::kStale, .forwardStatus = 304}, "proxy; fwd=stale; fwd-status=304"},
      {{.cache = "proxy", .forward = ForwardReason::kPartial}, "proxy; fwd=partial"},
      {{.cache = "proxy", .forward = ForwardReason::kUriMiss, .isStored = true, .isCollapsed = true},
       "proxy; fwd=uri-miss; stored; collapsed"},
      {{.cache = "proxy", .isHit = true, .key = "a http://b/?c"}, "proxy; hit; key=\"a http://b/?c\""},
      {{.cache = "proxy", .detail = "memory"}, "proxy; detail=memory"},
      {{.cache = "proxy", .detail = "no room"}, "proxy; detail=\"no room\""},
      {{.cache = "proxy", .isHit = true, .forward = ForwardReason::kStale}, "proxy; hit"},
      {{.cache = "www.test:80", .isHit = true}, "www.test:80; hit"},
      {{.cache = "8.8.8.8", .isHit = true}, "\"8.8.8.8\"; hit"},
      {{.cache = "my proxy", .isHit = true}, "\"my proxy\"; hit"},
      {{.cache = "", .isHit = true}, "\"\"; hit"},
  };
  for (const auto& [status, expected] : rows) BOOST_TEST(cacheStatusValue(status) == expected);
}

// RFC 8941 3.3.3: what could end the string, or the line, does not stand there as it is.
BOOST_AUTO_TEST_CASE(strings_hold_only_what_they_may) {
  BOOST_TEST(cacheStatusValue({.cache = "p", .key = "a\"b\\c"}) == "p; key=\"a\\\"b\\\\c\"");
  BOOST_TEST(cacheStatusValue({.cache = "p", .key = "a\r\nX: y\x80\x7f"}) == "p; key=\"aX: y\"");
}

BOOST_AUTO_TEST_CASE(this_cache_stands_behind_those_nearer_to_the_origin) {
  const CacheStatus status{.cache = "p", .isHit = true};
  BOOST_TEST(appendedCacheStatus("", status) == "p; hit");
  BOOST_TEST(appendedCacheStatus(" o; fwd=miss ", status) == "o; fwd=miss, p; hit");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
