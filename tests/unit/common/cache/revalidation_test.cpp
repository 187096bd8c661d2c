// RFC 9111 4.3, 3.2: asking whether a stored response still holds.
#include "common/cache/revalidation.h"

#include <boost/test/unit_test.hpp>

#include "common/cache/freshness.h"
#include "tests/unit/common/cache/messages.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(revalidation)

namespace {

constexpr std::string_view kLater = "Sun, 09 Sep 2001 01:47:40 GMT";

std::string shown(const HeaderFields& fields) {
  std::string text;
  for (const HeaderField& field : fields)
    text.append(text.empty() ? "" : "; ").append(field.name).append("=").append(field.value);
  return text;
}

std::string after(const HeaderFields& before, const HeaderFields& update) {
  return shown(freshened(stored(before), update, {}, kNow, kNow).fields);
}

}  // namespace

// RFC 9111 4.3.1.
BOOST_AUTO_TEST_CASE(the_stored_validators_are_asked_for) {
  const auto asked = [](const HeaderFields& request, const HeaderFields& response) {
    return shown(conditionalFields(request, stored(response)));
  };
  BOOST_TEST(asked({}, {{"ETag", "\"x\""}}) == "If-None-Match=\"x\"");
  BOOST_TEST(asked({}, {{"ETag", "W/\"x\""}}) == "If-None-Match=W/\"x\"");
  BOOST_TEST(asked({}, {{"Last-Modified", "then"}}) == "If-Modified-Since=then");
  BOOST_TEST(asked({}, {{"Last-Modified", "then"}, {"ETag", "\"x\""}}) ==
             "If-None-Match=\"x\"; If-Modified-Since=then");
  BOOST_TEST(asked({{"A", "1"}}, {}) == "A=1");
  BOOST_TEST(asked({{"if-none-match", "\"y\""},
                    {"If-Modified-Since", "now"},
                    {"A", "1"},
                    {"Range", "bytes=0-1"},
                    {"If-Range", "\"y\""}},
                   {{"ETag", "\"x\""}}) == "A=1; If-None-Match=\"x\"");
  BOOST_CHECK(hasValidator(HeaderFields{{"etag", "\"x\""}}) && hasValidator(HeaderFields{{"Last-Modified", "x"}}));
  BOOST_CHECK(!hasValidator(HeaderFields{{"Date", "x"}}));
}

// RFC 9111 4.3.1; RFC 9110 13.2.2: Range counts where the condition does not hold any more.
BOOST_AUTO_TEST_CASE(a_part_is_asked_about_as_a_part) {
  StoredResponse part = stored({{"ETag", "\"x\""}, {"Last-Modified", "then"}}, 206);
  part.part = StoredPart{0, 10};
  const auto asked = [&](const HeaderFields& request) { return shown(conditionalFields(request, part)); };
  BOOST_TEST(asked({{"Range", "bytes=0-1"}}) == "Range=bytes=0-1; If-None-Match=\"x\"");
  BOOST_TEST(asked({{"Range", "bytes=0-1"}, {"If-Range", "\"x\""}, {"If-None-Match", "\"y\""}}) ==
             "Range=bytes=0-1; If-Range=\"x\"; If-None-Match=\"x\"");
}

// RFC 9111 4.3.4.
BOOST_AUTO_TEST_CASE(a_304_speaks_of_what_has_its_validator) {
  const struct {
    HeaderFields update;
    HeaderFields before;
    bool expected;
  } rows[] = {
      {{{"ETag", "\"x\""}}, {{"ETag", "\"x\""}}, true},
      {{{"ETag", "\"x\""}}, {{"ETag", "\"y\""}}, false},
      {{{"ETag", "\"x\""}}, {{"ETag", "W/\"x\""}}, false},
      {{{"ETag", "\"x\""}}, {{"Last-Modified", "a"}}, false},
      {{{"ETag", "\"x\""}, {"Last-Modified", "b"}}, {{"ETag", "\"x\""}, {"Last-Modified", "a"}}, true},
      {{{"ETag", "W/\"x\""}}, {{"ETag", "W/\"x\""}}, true},
      {{{"ETag", "W/\"x\""}}, {{"ETag", "\"x\""}}, true},
      {{{"ETag", "W/\"x\""}}, {{"ETag", "W/\"y\""}}, false},
      {{{"ETag", "W/\"x\""}}, {}, false},
      {{{"Last-Modified", "a"}}, {{"Last-Modified", "a"}}, true},
      {{{"Last-Modified", "b"}}, {{"Last-Modified", "a"}}, false},
      {{{"Last-Modified", "a"}}, {{"ETag", "\"x\""}}, false},
      {{}, {{"Last-Modified", "a"}}, true},
      {{}, {{"ETag", "\"x\""}}, true},
      {{}, {}, true},
  };
  for (const auto& [update, before, expected] : rows)
    BOOST_TEST_CONTEXT(shown(update) << " | " << shown(before)) BOOST_TEST(selects(update, stored(before)) == expected);
}

// RFC 9111 3.2.
BOOST_AUTO_TEST_CASE(a_304_replaces_fields_but_not_those_of_the_bytes) {
  const struct {
    HeaderFields before;
    HeaderFields update;
    std::string_view expected;
  } rows[] = {
      {{{"A", "1"}, {"B", "2"}}, {{"a", "3"}}, "B=2; a=3"},
      {{{"A", "1"}}, {{"C", "3"}}, "A=1; C=3"},
      {{{"A", "1"}, {"A", "2"}}, {{"A", "3"}}, "A=3"},
      {{{"A", "1"}}, {{"A", "2"}, {"A", "3"}}, "A=2; A=3"},
      {{{"A", "1"}}, {}, "A=1"},
      {{{"Content-Length", "9"}}, {{"Content-Length", "0"}}, "Content-Length=9"},
      {{{"Content-Type", "a"}}, {{"Content-Type", "b"}}, "Content-Type=b"},
      {{{"Content-Encoding", "gzip"}}, {{"Content-Encoding", "br"}}, "Content-Encoding=gzip"},
      {{{"Content-Digest", "a"}}, {{"Content-Digest", "b"}}, "Content-Digest=a"},
      {{{"Content-Range", "a"}}, {{"Content-Range", "b"}}, "Content-Range=a"},
      {{}, {{"Content-Range", "b"}}, ""},
      {{{"A", "1"}}, {{"Connection", "B"}, {"B", "2"}, {"Keep-Alive", "x"}, {"Upgrade", "x"}}, "A=1"},
      {{{"Age", "5"}, {"Date", "then"}}, {{"Date", "now"}}, "Date=now"},
      {{{"Age", "5"}, {"Date", "then"}}, {{"Age", "1"}}, "Age=1"},
      {{{"X", "1"}}, {{"Cache-Control", "no-cache=x"}}, "Cache-Control=no-cache=x"},
      {{{"X", "1"}}, {{"Cache-Control", "private=\"x\""}, {"X", "2"}}, "Cache-Control=private=\"x\""},
      {{{"ETag", "\"x\""}}, {{"ETag", "W/\"x\""}}, "ETag=W/\"x\""},
      {{{"Expires", "a"}}, {{"Expires", "b"}}, "Expires=b"},
      {{{"Vary", "a"}}, {{"Vary", "b"}}, "Vary=b"},
  };
  for (const auto& [before, update, expected] : rows)
    BOOST_TEST_CONTEXT(expected) BOOST_TEST(after(before, update) == expected);
}

BOOST_AUTO_TEST_CASE(what_has_been_confirmed_is_as_young_as_the_answer) {
  StoredResponse old = stored({{"Date", kNowText}, {"Age", "100"}, {"Cache-Control", "max-age=10"}, {"ETag", "\"x\""}});
  old.bodyLength = 7;
  old.isAuthorized = true;
  const WallTime later = kNow + Seconds{60};
  const HeaderFields update{{"Date", kLater}, {"Cache-Control", "max-age=20"}};
  const StoredResponse fresh = freshened(old, update, {}, later - Seconds{1}, later);
  BOOST_TEST(currentAge(fresh, later).count() == 1);
  BOOST_TEST(timeToLive(fresh, {}, later).count() == 19);
  BOOST_CHECK(fresh.bodyLength == 7 && fresh.isAuthorized && fresh.status == 200 && fresh.reason == "Fine");
  // Without a Date it is as old as its coming.
  BOOST_TEST(currentAge(freshened(old, {}, {}, later, later), later).count() == 0);
}

namespace {

Freshening afterwards(const HeaderFields& before, const HeaderFields& update, const HeaderFields& request = {},
                      std::string_view method = "GET") {
  const StoredResponse old = stored(before);
  return judgeFreshened(get(request, method), old, freshened(old, update, {}, kNow, kNow), {}, kNow);
}

const HeaderField kTag{"ETag", "\"x\""};

}  // namespace

// RFC 9111 3, 5.2.2.5, 5.2.2.7.
BOOST_AUTO_TEST_CASE(what_may_not_be_stored_does_not_stay_when_it_is_confirmed) {
  const HeaderField fresh{"Cache-Control", "max-age=60"};
  for (const std::string_view method : {"GET", "HEAD"}) {
    BOOST_CHECK(afterwards({kTag, fresh}, {kTag}, {}, method) == Freshening::kReplaces);
    for (const std::string_view value : {"private", "no-store", "max-age=60, private"}) BOOST_TEST_CONTEXT(value)
    BOOST_CHECK(afterwards({kTag, fresh}, {{"Cache-Control", value}}, {}, method) == Freshening::kRemoves);
    BOOST_CHECK(afterwards({kTag, fresh}, {{"Set-Cookie", "who=alice"}}, {}, method) == Freshening::kRemoves);
    BOOST_CHECK(afterwards({kTag, fresh}, {{"Vary", "*"}}, {}, method) == Freshening::kRemoves);
  }
}

// RFC 9111 3.5, 5.2.1.5.
BOOST_AUTO_TEST_CASE(what_one_client_alone_may_have_changes_nothing) {
  const HeaderField fresh{"Cache-Control", "max-age=60"};
  const HeaderFields before{kTag, fresh};
  const HeaderFields noStore{{"Cache-Control", "no-store"}};
  const HeaderFields authorized{{"Authorization", "Basic eDp5"}};
  BOOST_CHECK(afterwards(before, {kTag}, noStore) == Freshening::kStays);
  BOOST_CHECK(afterwards(before, {{"Cache-Control", "private"}}, noStore) == Freshening::kRemoves);
  BOOST_CHECK(afterwards(before, {kTag}, authorized) == Freshening::kStays);
  BOOST_CHECK(afterwards(before, {{"Cache-Control", "private"}}, authorized) == Freshening::kStays);
  BOOST_CHECK(afterwards(before, {{"Cache-Control", "public, max-age=60"}}, authorized) == Freshening::kReplaces);
  for (const HeaderFields& request : {noStore, authorized})
    BOOST_CHECK(afterwards(before, {{"Vary", "x-user"}}, request) == Freshening::kRemoves);
}

// RFC 9111 4.1.
BOOST_AUTO_TEST_CASE(what_is_selected_by_other_fields_than_it_was_does_not_stay) {
  const HeaderField fresh{"Cache-Control", "max-age=60"};
  BOOST_CHECK(afterwards({kTag, fresh}, {{"Vary", "x-user"}}) == Freshening::kRemoves);
  BOOST_CHECK(afterwards({kTag, fresh, {"Vary", "x-user"}}, {{"Vary", "x-user, accept"}}) == Freshening::kRemoves);
  BOOST_CHECK(afterwards({kTag, fresh, {"Vary", "x-user, accept"}}, {{"Vary", "x-user"}}) == Freshening::kRemoves);
  BOOST_CHECK(afterwards({kTag, fresh, {"Vary", "x-user, accept"}}, {{"Vary", "Accept,X-User"}}) ==
              Freshening::kReplaces);
  BOOST_CHECK(afterwards({kTag, fresh, {"Vary", "x-user"}}, {kTag}) == Freshening::kReplaces);
}

// A purge by the new tags would not find it.
BOOST_AUTO_TEST_CASE(other_tags_remove_what_is_stored) {
  const HeaderField fresh{"Cache-Control", "max-age=60"};
  const HeaderField tagged{"Cache-Tag", "a, b"};
  BOOST_CHECK(afterwards({kTag, fresh, tagged}, {kTag}) == Freshening::kReplaces);
  BOOST_CHECK(afterwards({kTag, fresh, tagged}, {tagged}) == Freshening::kReplaces);
  BOOST_CHECK(afterwards({kTag, fresh, tagged}, {{"Cache-Tag", "a, c"}}) == Freshening::kRemoves);
  BOOST_CHECK(afterwards({kTag, fresh, tagged}, {{"Surrogate-Key", "c"}}) == Freshening::kRemoves);
  BOOST_CHECK(afterwards({kTag, fresh}, {tagged}) == Freshening::kRemoves);
}

// RFC 9111 4.3.5.
BOOST_AUTO_TEST_CASE(a_head_confirms_or_outdates) {
  const auto judged = [](const HeaderFields& before, const HeaderFields& answer, int status = 200) {
    StoredResponse response = stored(before);
    response.bodyLength = 5;
    return judgeHead(response, {status, answer});
  };
  const HeaderField length{"Content-Length", "5"};
  const HeaderField tag{"ETag", "\"x\""};
  BOOST_CHECK(judged({tag}, {tag, length}) == HeadFreshening::kUpdates);
  BOOST_CHECK(judged({tag}, {}) == HeadFreshening::kUpdates);
  BOOST_CHECK(judged({}, {length}) == HeadFreshening::kUpdates);
  BOOST_CHECK(judged({}, {{"Content-Length", "6"}}) == HeadFreshening::kStale);
  BOOST_CHECK(judged({{"Content-Length", "5"}}, {{"Content-Length", "6"}}) == HeadFreshening::kStale);
  BOOST_CHECK(judged({tag}, {{"ETag", "\"y\""}, length}) == HeadFreshening::kStale);
  BOOST_CHECK(judged({{"Last-Modified", "a"}}, {{"Last-Modified", "b"}}) == HeadFreshening::kStale);
  // A validator that the stored one has not got matches nothing.
  BOOST_CHECK(judged({}, {tag}) == HeadFreshening::kStale);
  BOOST_CHECK(judged({tag}, {tag, {"Last-Modified", "a"}}) == HeadFreshening::kStale);
  BOOST_CHECK(judged({{"Last-Modified", "a"}}, {tag, {"Last-Modified", "a"}}) == HeadFreshening::kStale);
  BOOST_CHECK(judged({{"Last-Modified", "a"}}, {{"Last-Modified", "a"}}) == HeadFreshening::kUpdates);
  for (const int status : {204, 304, 404, 500}) BOOST_CHECK(judged({tag}, {tag}, status) == HeadFreshening::kNothing);
  BOOST_CHECK(judgeHead(stored({}, 404), {200, {}}) == HeadFreshening::kNothing);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
