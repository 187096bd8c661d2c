// RFC 9111 4, 5.2.1, RFC 5861, RFC 8246: when a stored response answers.
#include "common/cache/serving.h"

#include <boost/test/unit_test.hpp>

#include "common/cache/vary.h"
#include "tests/unit/common/cache/messages.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(serving)

namespace {

struct Row {
  std::string_view response;  // Cache-Control
  std::string_view request;   // Cache-Control
  long age;
  Verdict verdict;
  ServingReason reason = ServingReason::kNone;
};

Serving judged(std::string_view response, std::string_view request, long age, const CachePolicy& policy = {}) {
  const HeaderFields fields{{"Cache-Control", request}};
  const auto asked = std::span(fields).first(request.empty() ? 0 : 1);
  const StoredResponse found = stored({{"Date", kNowText}, {"Cache-Control", response}});
  return judge({"GET", "http", "www.test", "/", asked}, found, policy, kNow + Seconds{age});
}

void check(std::span<const Row> rows) {
  for (const Row& row : rows) {
    BOOST_TEST_CONTEXT(row.response << " | " << row.request << " | " << row.age) {
      const Serving serving = judged(row.response, row.request, row.age);
      BOOST_CHECK(serving.verdict == row.verdict);
      BOOST_CHECK(serving.reason == row.reason);
      BOOST_TEST(serving.age.count() == row.age);
    }
  }
}

bool servedOnError(std::string_view response, std::string_view request, long age, const CachePolicy& policy = {}) {
  const HeaderFields fields{{"Cache-Control", request}};
  const StoredResponse found = stored({{"Date", kNowText}, {"Cache-Control", response}});
  return mayServeOnError(get(fields), found, policy, kNow + Seconds{age});
}

using enum Verdict;
using enum ServingReason;

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_asked_about_each_time_is_not_reusable) {
  const auto reusable = [](std::string_view control, long age) {
    return isReusable(stored({{"Date", kNowText}, {"Cache-Control", control}, {"ETag", "\"x\""}}), {},
                      kNow + Seconds{age});
  };
  for (const std::string_view control : {"max-age=10", "max-age=10, must-revalidate", "max-age=10, no-cache=\"X-A\""}) {
    BOOST_TEST(reusable(control, 9), control);
    BOOST_TEST(!reusable(control, 10), control);
  }
  for (const std::string_view control :
       {"no-cache", "max-age=10, no-cache", "max-age=0", "max-age=0, must-revalidate", "no-store, max-age=0",
        "max-age=0, must-revalidate, stale-while-revalidate=60", "max-age=0, stale-if-error=60"})
    BOOST_TEST(!reusable(control, 0), control);
  BOOST_TEST(reusable("max-age=0, stale-while-revalidate=60", 59));
  BOOST_TEST(!reusable("max-age=0, stale-while-revalidate=60", 60));
}

BOOST_AUTO_TEST_CASE(fresh_is_what_is_younger_than_its_lifetime) {
  const Row rows[] = {
      {"max-age=10", "", 0, kFresh},
      {"max-age=10", "", 9, kFresh},
      {"max-age=10", "", 10, kRevalidate, kExpired},
      {"max-age=10", "", 11, kRevalidate, kExpired},
      {"s-maxage=20, max-age=10", "", 15, kFresh},
      {"max-age=0", "", 0, kRevalidate, kExpired},
      {"public", "", 0, kRevalidate, kExpired},
      {"max-age=10, must-revalidate", "", 9, kFresh},
      {"max-age=10, proxy-revalidate", "", 9, kFresh},
      {"max-age=10, no-cache=\"x\"", "", 9, kFresh},
      {"max-age=10, no-cache", "", 0, kRevalidate, kNoCache},
      {"no-cache", "max-stale", 0, kRevalidate, kNoCache},
  };
  check(rows);
}

// RFC 9111 5.2.1.
BOOST_AUTO_TEST_CASE(requests_may_ask_for_more) {
  const Row rows[] = {
      {"max-age=10", "no-cache", 0, kRevalidate, kRequestNoCache},
      {"max-age=10", "max-age=0", 0, kFresh},
      {"max-age=10", "max-age=0", 1, kRevalidate, kRequestMaxAge},
      {"max-age=10", "max-age=5", 5, kFresh},
      {"max-age=10", "max-age=5", 6, kRevalidate, kRequestMaxAge},
      {"max-age=10", "max-age=x", 1, kRevalidate, kRequestMaxAge},
      {"max-age=10", "max-age=100", 10, kRevalidate, kExpired},
      {"max-age=10", "min-fresh=5", 5, kFresh},
      {"max-age=10", "min-fresh=5", 6, kRevalidate, kRequestMinFresh},
      {"max-age=10", "min-fresh=x", 0, kRevalidate, kRequestMinFresh},
      {"max-age=10", "no-store", 5, kFresh},
      {"max-age=10", "only-if-cached", 5, kFresh},
      {"max-age=10", "no-transform", 5, kFresh},
      {"max-age=10", "foo=bar", 5, kFresh},
  };
  check(rows);
}

// RFC 9111 5.2.1.2.
BOOST_AUTO_TEST_CASE(requests_may_accept_stale_responses) {
  const Row rows[] = {
      {"max-age=10", "max-stale", 1000, kStale, kExpired},
      {"max-age=10", "max-stale=5", 15, kStale, kExpired},
      {"max-age=10", "max-stale=5", 16, kRevalidate, kExpired},
      {"max-age=10", "max-stale=0", 10, kStale, kExpired},
      {"max-age=10", "max-stale=x", 11, kRevalidate, kExpired},
      {"max-age=10", "max-stale=5", 9, kFresh},
      {"max-age=10", "max-age=5, max-stale=20", 12, kStale, kExpired},
      {"max-age=10", "max-age=5, max-stale=20", 26, kRevalidate, kRequestMaxAge},
      {"max-age=10, must-revalidate", "max-stale", 11, kRevalidate, kExpired},
      {"max-age=10, proxy-revalidate", "max-stale", 11, kRevalidate, kExpired},
      {"s-maxage=10", "max-stale", 11, kRevalidate, kExpired},
  };
  check(rows);
}

// RFC 5861 3; RFC 9111 4.2.4.
BOOST_AUTO_TEST_CASE(stale_while_revalidate_has_its_time) {
  const Row rows[] = {
      {"max-age=10, stale-while-revalidate=5", "", 9, kFresh},
      {"max-age=10, stale-while-revalidate=5", "", 10, kStaleWhileRevalidate, kExpired},
      {"max-age=10, stale-while-revalidate=5", "", 14, kStaleWhileRevalidate, kExpired},
      {"max-age=10, stale-while-revalidate=5", "", 15, kRevalidate, kExpired},
      {"max-age=0, stale-while-revalidate=5", "", 0, kStaleWhileRevalidate, kExpired},
      {"max-age=10, stale-while-revalidate=0", "", 10, kRevalidate, kExpired},
      {"max-age=10, stale-while-revalidate", "", 10, kRevalidate, kExpired},
      {"max-age=10, stale-while-revalidate=x", "", 10, kRevalidate, kExpired},
      {"max-age=10, stale-while-revalidate=5, must-revalidate", "", 11, kRevalidate, kExpired},
      {"max-age=10, stale-while-revalidate=5, proxy-revalidate", "", 11, kRevalidate, kExpired},
      {"s-maxage=10, stale-while-revalidate=5", "", 11, kRevalidate, kExpired},
      {"max-age=10, stale-while-revalidate=5, no-cache", "", 11, kRevalidate, kNoCache},
      {"max-age=10, stale-while-revalidate=5", "no-cache", 11, kRevalidate, kRequestNoCache},
      {"max-age=10, stale-while-revalidate=5", "max-age=0", 11, kRevalidate, kRequestMaxAge},
      {"max-age=10, stale-while-revalidate=5", "max-stale=60", 12, kStaleWhileRevalidate, kExpired},
  };
  check(rows);
}

// RFC 8246 2: clients ought not to ask, and when they do they are answered.
BOOST_AUTO_TEST_CASE(immutable_does_not_outweigh_the_request) {
  const Row rows[] = {
      {"max-age=10, immutable", "", 5, kFresh},
      {"max-age=10, immutable", "no-cache", 5, kRevalidate, kRequestNoCache},
      {"max-age=10, immutable", "max-age=0", 5, kRevalidate, kRequestMaxAge},
      {"max-age=10, immutable", "", 10, kRevalidate, kExpired},
  };
  check(rows);
}

BOOST_AUTO_TEST_CASE(pragma_of_a_request_asks_for_validation) {
  const StoredResponse found = stored({{"Cache-Control", "max-age=10"}});
  const HeaderFields pragma{{"Pragma", "no-cache"}};
  BOOST_CHECK(judge(get(pragma), found, {}, kNow).reason == kRequestNoCache);
  const HeaderFields both{{"Pragma", "no-cache"}, {"Cache-Control", "max-age=5"}};
  BOOST_CHECK(judge(get(both), found, {}, kNow).verdict == kFresh);
}

BOOST_AUTO_TEST_CASE(methods_must_fit) {
  StoredResponse found = stored({{"Cache-Control", "max-age=10"}});
  BOOST_CHECK(judge(get({}, "HEAD"), found, {}, kNow).verdict == kFresh);
  BOOST_CHECK(judge(get({}, "POST"), found, {}, kNow).reason == kMethod);
  found.isHead = true;
  BOOST_CHECK(judge(get({}, "HEAD"), found, {}, kNow).verdict == kFresh);
  const Serving serving = judge(get({}), found, {}, kNow);
  BOOST_CHECK(serving.verdict == kUnusable && serving.reason == kHeadOnly);
}

// RFC 9111 4.1.
BOOST_AUTO_TEST_CASE(another_variant_is_of_no_use) {
  const HeaderFields german{{"Accept-Language", "de"}};
  const HeaderFields english{{"Accept-Language", "en"}};
  StoredResponse found = stored({{"Cache-Control", "max-age=10"}});
  const std::string selection = selectionOf(std::vector<std::string>{"accept-language"}, german);
  found.selection = selection;
  BOOST_CHECK(judge(get(german), found, {}, kNow).verdict == kFresh);
  BOOST_CHECK(judge(get(english), found, {}, kNow).reason == kVary);
  // That of another response, or of an earlier one with other names, decides nothing.
  CacheRequest selecting = get(german);
  selecting.selection = "of another";
  BOOST_CHECK(judge(selecting, found, {}, kNow).verdict == kFresh);
  selecting = get(english);
  selecting.selection = "of another";
  BOOST_CHECK(judge(selecting, found, {}, kNow).reason == kVary);
  BOOST_CHECK(!mayServeOnError(get(english), found, {.staleIfError = milliseconds{99999}}, kNow));
}

// RFC 9111 3.5.
BOOST_AUTO_TEST_CASE(an_authorized_response_needs_permission_still) {
  const auto reason = [](std::string_view control) {
    StoredResponse found = stored({{"Cache-Control", control}});
    found.isAuthorized = true;
    return judge(get({}), found, {}, kNow).reason;
  };
  BOOST_CHECK(reason("max-age=10") == kAuthorization);
  BOOST_CHECK(reason("max-age=10, proxy-revalidate") == kAuthorization);
  BOOST_CHECK(reason("max-age=10, public") == kNone);
  BOOST_CHECK(reason("max-age=10, must-revalidate") == kNone);
  BOOST_CHECK(reason("s-maxage=10") == kNone);
  const HeaderFields authorized{{"Authorization", "Basic eDp5"}};
  BOOST_CHECK(judge(get(authorized), stored({{"Cache-Control", "max-age=10"}}), {}, kNow).verdict == kFresh);
}

// RFC 9111 3.3.
BOOST_AUTO_TEST_CASE(a_part_answers_what_lies_in_it) {
  StoredResponse found = stored({{"Cache-Control", "max-age=10"}, {"ETag", "\"x\""}}, 206);
  found.part = StoredPart{0, 100};
  found.bodyLength = 10;
  const HeaderFields inside{{"Range", "bytes=2-5"}};
  const HeaderFields outside{{"Range", "bytes=5-10"}};
  BOOST_CHECK(judge(get(inside), found, {}, kNow).verdict == kFresh);
  BOOST_CHECK(judge(get(outside), found, {}, kNow).reason == kPart);
  BOOST_CHECK(judge(get({}), found, {}, kNow).verdict == kUnusable);
  BOOST_CHECK(judge(get(inside, "HEAD"), found, {}, kNow).verdict == kUnusable);
}

// RFC 5861 4, RFC 9111 4.2.4.
BOOST_AUTO_TEST_CASE(errors_are_covered_as_far_as_permitted) {
  const struct {
    std::string_view response;
    std::string_view request;
    long age;
    long policy;
    bool expected;
  } rows[] = {
      {"max-age=10", "", 11, 0, false},
      {"max-age=10", "max-age=0", 5, 0, true},
      {"max-age=10, stale-if-error=5", "", 14, 0, true},
      {"max-age=10, stale-if-error=5", "", 15, 0, false},
      {"max-age=10", "", 14, 5, true},
      {"max-age=10", "", 15, 5, false},
      {"max-age=10, stale-if-error=5", "", 20, 60, false},
      {"max-age=10, stale-if-error=0", "", 10, 60, false},
      {"max-age=10", "stale-if-error=5", 14, 0, true},
      {"max-age=10", "stale-if-error=5", 15, 0, false},
      {"max-age=10, stale-if-error=5, must-revalidate", "", 11, 60, false},
      {"max-age=10, stale-if-error=5, proxy-revalidate", "", 11, 60, false},
      {"s-maxage=10, stale-if-error=5", "", 11, 60, false},
      {"max-age=10, stale-if-error=5, no-cache", "", 5, 60, false},
      {"max-age=10, must-revalidate", "stale-if-error=5", 11, 0, false},
      {"max-age=10, stale-if-error=5", "no-cache", 5, 60, false},
      {"max-age=10, must-revalidate", "max-age=0", 5, 0, true},
  };
  for (const auto& row : rows) BOOST_TEST_CONTEXT(row.response << " | " << row.request << " | " << row.age)
  BOOST_TEST(servedOnError(row.response, row.request, row.age, {.staleIfError = milliseconds{row.policy * 1000}}) ==
             row.expected);
}

BOOST_AUTO_TEST_CASE(four_statuses_are_errors_of_a_server) {
  for (const int status : {500, 502, 503, 504}) BOOST_CHECK(isServerError(status));
  for (const int status : {200, 304, 404, 499, 501, 505, 599}) BOOST_CHECK(!isServerError(status));
}

BOOST_AUTO_TEST_CASE(only_if_cached_is_seen) {
  BOOST_CHECK(isOnlyIfCached(get(HeaderFields{{"Cache-Control", "max-age=1, only-if-cached"}})));
  BOOST_CHECK(!isOnlyIfCached(get({})));
}

// RFC 9211 2.2.
BOOST_AUTO_TEST_CASE(reasons_have_their_word) {
  BOOST_CHECK(forwardReason(kExpired) == ForwardReason::kStale);
  BOOST_CHECK(forwardReason(kNoCache) == ForwardReason::kStale);
  BOOST_CHECK(forwardReason(kRequestNoCache) == ForwardReason::kRequest);
  BOOST_CHECK(forwardReason(kRequestMaxAge) == ForwardReason::kRequest);
  BOOST_CHECK(forwardReason(kRequestMinFresh) == ForwardReason::kRequest);
  BOOST_CHECK(forwardReason(kVary) == ForwardReason::kVaryMiss);
  BOOST_CHECK(forwardReason(kPart) == ForwardReason::kPartial);
  BOOST_CHECK(forwardReason(kMethod) == ForwardReason::kMethod);
  BOOST_CHECK(forwardReason(kHeadOnly) == ForwardReason::kMiss);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
