// RFC 9111 3: what a shared cache may store.
#include "common/cache/cacheability.h"

#include <boost/test/unit_test.hpp>
#include <ostream>

#include "common/cache/cache_tags.h"
#include "tests/unit/common/cache/messages.h"

namespace proxycommon {
std::ostream& operator<<(std::ostream& out, Storable storable) {
  return out << nameOf(storable);
}
}  // namespace proxycommon

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(cacheability)

namespace {

Storable judged(int status, const HeaderFields& response, const HeaderFields& request = {},
                std::string_view method = "GET", const CachePolicy& policy = {}) {
  return mayStore(get(request, method), {status, response}, policy, kNow);
}

const HeaderField kFresh{"Cache-Control", "max-age=60"};
const HeaderField kTag{"ETag", "\"x\""};

}  // namespace

BOOST_AUTO_TEST_CASE(get_and_head_alone_are_stored) {
  for (const std::string_view method : {"GET", "HEAD"}) BOOST_TEST(judged(200, {kFresh}, {}, method) == Storable::kYes);
  for (const std::string_view method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get", "FOO"})
    BOOST_TEST(judged(200, {kFresh}, {}, method) == Storable::kMethod);
}

// One client's no-store says nothing of what the next one will be given.
BOOST_AUTO_TEST_CASE(what_the_response_forbids_it_forbids_for_the_next_too) {
  for (const Storable of :
       {Storable::kNoStore, Storable::kPrivate, Storable::kSetCookie, Storable::kVaryAny, Storable::kNoFreshness,
        Storable::kNoUse, Storable::kStatus, Storable::kTags, Storable::kTooLarge, Storable::kVaryAdded}) {
    BOOST_TEST(isOfResource(of, 200), nameOf(of));
    BOOST_TEST(isOfResource(of, 404), nameOf(of));
    for (const int status : {304, 400, 401, 403, 412, 416, 429, 500, 502, 503, 504})
      BOOST_TEST(!isOfResource(of, status), nameOf(of));
  }
  for (const Storable of :
       {Storable::kYes, Storable::kMethod, Storable::kRequestNoStore, Storable::kAuthorization, Storable::kPartial})
    BOOST_TEST(!isOfResource(of, 200), nameOf(of));
}

// What a purge by tag would miss.
BOOST_AUTO_TEST_CASE(what_has_more_tags_than_are_kept_is_not_stored) {
  std::string tags;
  for (std::size_t number = 0; number < kMostTags; ++number) tags.append(std::to_string(number)).append(" ");
  BOOST_TEST(judged(200, {kFresh, {"Surrogate-Key", tags}}) == Storable::kYes);
  const std::string more = tags + "more";
  BOOST_TEST(judged(200, {kFresh, {"Surrogate-Key", more}}) == Storable::kTags);
  const std::string tooLong(kMostTagLength + 1, 't');
  BOOST_TEST(judged(200, {kFresh, {"Cache-Tag", tooLong}}) == Storable::kTags);
  BOOST_TEST(judged(200, {kFresh, {"Cache-Tag", "with blank"}}) == Storable::kTags);
  BOOST_TEST(judged(200, {{"Cache-Control", "private"}, {"Cache-Tag", tooLong}}) == Storable::kPrivate);
}

// RFC 9110 9.3.3.
BOOST_AUTO_TEST_CASE(a_post_is_stored_when_it_says_what_for) {
  const auto post = [](int status, const HeaderFields& fields) { return judged(status, fields, {}, "POST"); };
  BOOST_TEST(post(200, {kFresh, {"Content-Location", "/a/b?c=d"}}) == Storable::kYes);
  BOOST_TEST(post(200, {kFresh, {"Content-Location", "b?c=d"}}) == Storable::kYes);
  BOOST_TEST(post(200, {kFresh, {"Content-Location", "http://WWW.test:80/a/b?c=d"}}) == Storable::kYes);
  BOOST_TEST(post(200, {kFresh, {"Content-Location", "/a/b"}}) == Storable::kMethod);
  BOOST_TEST(post(200, {kFresh, {"Content-Location", "https://www.test/a/b?c=d"}}) == Storable::kMethod);
  BOOST_TEST(post(200, {kTag, {"Content-Location", "/a/b?c=d"}}) == Storable::kMethod);
  BOOST_TEST(post(404, {kFresh, {"Content-Location", "/a/b?c=d"}}) == Storable::kMethod);
}

// "the response status code is final"; RFC 9110 15.1; RFC 6585.
BOOST_AUTO_TEST_CASE(every_final_status_is_stored_with_explicit_freshness) {
  for (const int status : {200, 201, 203, 204, 299, 300, 301, 302, 303, 307, 308, 400, 403,
                           404, 405, 410, 414, 451, 499, 500, 501, 502, 503, 504, 599, 799})
    BOOST_TEST_CONTEXT(status) BOOST_TEST(judged(status, {kFresh}) == Storable::kYes);
  for (const int status : {100, 103, 199, 304, 416, 428, 429, 431, 511})
    BOOST_TEST_CONTEXT(status) BOOST_TEST(judged(status, {kFresh}) == Storable::kStatus);
}

BOOST_AUTO_TEST_CASE(without_explicit_freshness_the_status_decides) {
  for (const int status : {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501}) {
    BOOST_TEST_CONTEXT(status) {
      BOOST_TEST(judged(status, {kTag}) == Storable::kYes);
      BOOST_TEST(judged(status, {}) == Storable::kNoFreshness);
    }
  }
  for (const int status : {201, 302, 303, 307, 400, 403, 500, 503, 299, 599}) {
    BOOST_TEST_CONTEXT(status) {
      BOOST_TEST(judged(status, {kTag}) == Storable::kNoFreshness);
      BOOST_TEST(judged(status, {kTag, {"Cache-Control", "public"}}) == Storable::kYes);
    }
  }
}

// RFC 9111 5.2.2.3.
BOOST_AUTO_TEST_CASE(what_must_be_understood_is) {
  const HeaderField must{"Cache-Control", "must-understand, no-store, max-age=60"};
  BOOST_TEST(judged(200, {must}) == Storable::kYes);
  BOOST_TEST(judged(404, {must}) == Storable::kYes);
  BOOST_TEST(judged(299, {must}) == Storable::kStatus);
  BOOST_TEST(judged(599, {must}) == Storable::kStatus);
  BOOST_TEST(judged(200, {{"Cache-Control", "must-understand, private"}}) == Storable::kPrivate);
}

BOOST_AUTO_TEST_CASE(directives_of_the_response_forbid_it) {
  const struct {
    std::string_view value;
    Storable expected;
  } rows[] = {
      {"no-store", Storable::kNoStore},
      {"max-age=60, no-store", Storable::kNoStore},
      {"public, no-store", Storable::kNoStore},
      {"private", Storable::kPrivate},
      {"private, max-age=60, public", Storable::kPrivate},
      {"private=\"x-a\", max-age=60", Storable::kYes},
      {"no-cache", Storable::kNoFreshness},
      {"no-cache, max-age=60", Storable::kNoUse},
      {"max-age=0", Storable::kNoUse},
      {"s-maxage=0, max-age=60", Storable::kNoUse},
      {"max-age=0, s-maxage=60", Storable::kYes},
      {"max-age=x", Storable::kNoUse},
      {"max-age=0, stale-while-revalidate=5", Storable::kYes},
      {"max-age=0, stale-if-error=5", Storable::kYes},
      {"max-age=0, stale-if-error=5, must-revalidate", Storable::kNoUse},
      {"max-age=60, foo=bar", Storable::kYes},
      {"proxy-revalidate, max-age=60", Storable::kYes},
      {"no-transform, max-age=60", Storable::kYes},
  };
  for (const auto& [value, expected] : rows)
    BOOST_TEST_CONTEXT(value) BOOST_TEST(judged(200, {{"Cache-Control", value}}) == expected);
}

BOOST_AUTO_TEST_CASE(with_a_validator_what_is_stale_is_of_use) {
  for (const std::string_view value : {"no-cache", "max-age=0", "no-cache, max-age=60", "must-revalidate"}) {
    BOOST_TEST_CONTEXT(value) {
      BOOST_TEST(judged(200, {kTag, {"Cache-Control", value}}) == Storable::kYes);
      BOOST_TEST(judged(200, {{"Last-Modified", kNowText}, {"Cache-Control", value}}) == Storable::kYes);
    }
  }
  BOOST_TEST(judged(200, {kTag, {"Expires", "0"}}) == Storable::kYes);
  BOOST_TEST(judged(200, {{"Expires", "0"}}) == Storable::kNoUse);
  BOOST_TEST(judged(200, {{"Cache-Control", "max-age=60"}, {"Age", "60"}}) == Storable::kNoUse);
  BOOST_TEST(judged(200, {{"Cache-Control", "max-age=60"}, {"Age", "59"}}) == Storable::kYes);
}

// RFC 9111 5.2.1.5; a Pragma: no-cache, or any other directive, does not forbid it.
BOOST_AUTO_TEST_CASE(a_request_may_forbid_it) {
  BOOST_TEST(judged(200, {kFresh}, {{"Cache-Control", "no-store"}}) == Storable::kRequestNoStore);
  for (const std::string_view value : {"no-cache", "max-age=0", "only-if-cached", "no-transform"})
    BOOST_TEST(judged(200, {kFresh}, {{"Cache-Control", value}}) == Storable::kYes);
  BOOST_TEST(judged(200, {kFresh}, {{"Pragma", "no-cache"}}) == Storable::kYes);
}

// RFC 9111 3.5.
BOOST_AUTO_TEST_CASE(authorized_responses_need_permission) {
  const HeaderFields request{{"Authorization", "Basic eDp5"}};
  for (const std::string_view value :
       {"max-age=60", "max-age=60, immutable", "max-age=60, proxy-revalidate", "no-cache"})
    BOOST_TEST_CONTEXT(value)
  BOOST_TEST(judged(200, {kTag, {"Cache-Control", value}}, request) == Storable::kAuthorization);
  for (const std::string_view value : {"max-age=60, public", "max-age=60, must-revalidate", "s-maxage=60"})
    BOOST_TEST_CONTEXT(value) BOOST_TEST(judged(200, {kTag, {"Cache-Control", value}}, request) == Storable::kYes);
}

BOOST_AUTO_TEST_CASE(users_that_are_known_otherwise_are_authorized_too) {
  const HeaderFields none;
  CacheRequest request = get(none);
  request.isOfUser = true;
  const HeaderFields fresh{kFresh};
  BOOST_TEST(mayStore(request, {200, fresh}, {}, kNow) == Storable::kAuthorization);
  const HeaderFields isPublic{{"Cache-Control", "max-age=60, public"}};
  BOOST_TEST(mayStore(request, {200, isPublic}, {}, kNow) == Storable::kYes);
}

BOOST_AUTO_TEST_CASE(cookies_are_stored_only_when_said) {
  const HeaderField cookie{"Set-Cookie", "a=b"};
  BOOST_TEST(judged(200, {kFresh, cookie}) == Storable::kSetCookie);
  BOOST_TEST(judged(200, {kFresh, cookie}, {}, "GET", {.storesSetCookie = true}) == Storable::kYes);
  BOOST_TEST(judged(200, {{"Cache-Control", "max-age=60, no-cache=\"set-cookie\""}, cookie}) == Storable::kYes);
  BOOST_TEST(judged(200, {{"Cache-Control", "max-age=60, private=\"set-cookie\""}, cookie}) == Storable::kYes);
}

BOOST_AUTO_TEST_CASE(vary_star_is_not_stored) {
  BOOST_TEST(judged(200, {kFresh, {"Vary", "*"}}) == Storable::kVaryAny);
  BOOST_TEST(judged(200, {kFresh, {"Vary", "accept"}, {"Vary", "cookie, *"}}) == Storable::kVaryAny);
  BOOST_TEST(judged(200, {kFresh, {"Vary", "accept"}}) == Storable::kYes);
}

// RFC 9111 3.3, 3.4.
BOOST_AUTO_TEST_CASE(parts_need_a_strong_validator_and_a_place) {
  const HeaderField range{"Content-Range", "bytes 0-9/100"};
  const auto judgedPart = [](const HeaderFields& response, std::string_view asked = "bytes=0-9") {
    return judged(206, response, {{"Range", asked}});
  };
  BOOST_TEST(judgedPart({kFresh, kTag, range}) == Storable::kYes);
  BOOST_TEST(judgedPart({kFresh, kTag, range, {"Content-Length", "10"}}) == Storable::kYes);
  BOOST_TEST(judgedPart({kFresh, range}) == Storable::kPartial);
  BOOST_TEST(judgedPart({kFresh, kTag}) == Storable::kPartial);
  BOOST_TEST(judgedPart({kFresh, {"ETag", "W/\"x\""}, range}) == Storable::kPartial);
  BOOST_TEST(judgedPart({kFresh, kTag, {"Content-Range", "lines 0-9/100"}}) == Storable::kPartial);
  BOOST_TEST(judgedPart({kFresh, kTag, {"Content-Range", "bytes 0-9/*"}}) == Storable::kPartial);
  BOOST_TEST(judgedPart({kFresh, kTag, range, range}) == Storable::kPartial);
  for (const std::string_view length : {"9", "11", "100", "", "x"})
    BOOST_TEST(judgedPart({kFresh, kTag, range, {"Content-Length", length}}) == Storable::kPartial);
  BOOST_TEST(judgedPart({kFresh, kTag, {"Content-Type", "multipart/byteranges; boundary=x"}}) == Storable::kPartial);
  BOOST_TEST(judgedPart({kFresh, kTag, range, {"Content-Type", "Multipart/ByteRanges; boundary=x"}}) ==
             Storable::kPartial);
  BOOST_TEST(judgedPart({kFresh, kTag, range}, "bytes=0-1,5-9") == Storable::kPartial);
  BOOST_TEST(judgedPart({kFresh, kTag, range}, "lines=0-9") == Storable::kPartial);
  BOOST_TEST(judged(206, {kFresh, kTag, range}) == Storable::kPartial);
  BOOST_TEST(judged(206, {kFresh, kTag, range}, {{"Range", "bytes=0-9"}}, "HEAD") == Storable::kPartial);
}

// RFC 9213 2.2.
BOOST_AUTO_TEST_CASE(a_targeted_field_decides_alone) {
  const HeaderField forUs{"CDN-Cache-Control", "max-age=60"};
  BOOST_TEST(judged(200, {forUs, {"Cache-Control", "no-store, private"}}) == Storable::kYes);
  BOOST_TEST(judged(200, {{"CDN-Cache-Control", "no-store"}, kFresh}) == Storable::kNoStore);
  BOOST_TEST(judged(200, {{"CDN-Cache-Control", "NO-STORE"}, kFresh}) == Storable::kYes);
  BOOST_TEST(judged(200, {forUs, {"Cache-Control", "no-store"}}, {}, "GET", {.targets = {}}) == Storable::kNoStore);
}

BOOST_AUTO_TEST_CASE(other_fields_do_not_matter) {
  BOOST_TEST(judged(200, {kFresh, {"Trailer", "X-A"}}) == Storable::kYes);
  BOOST_TEST(judged(200, {kFresh, {"Pragma", "no-cache"}}) == Storable::kYes);
  BOOST_TEST(judged(200, {kFresh}, {{"Cookie", "a=b"}}) == Storable::kYes);
}

BOOST_AUTO_TEST_CASE(lookups_are_for_get_and_head) {
  const HeaderFields noStore{{"Cache-Control", "no-store"}};
  BOOST_CHECK(mayLookUp(get(noStore)) && mayLookUp(get({}, "HEAD")));
  BOOST_CHECK(!mayLookUp(get({}, "POST")) && !mayLookUp(get({}, "OPTIONS")));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
