// RFC 9110 13, RFC 9111 4.3.2: what a client has already.
#include "common/cache/preconditions.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/common/cache/messages.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(preconditions)

namespace {

bool isUnchanged(const HeaderFields& request, const HeaderFields& response, int status = 200,
                 std::string_view method = "GET") {
  return evaluatePreconditions(get(request, method), stored(response, status)) == Precondition::kNotModified;
}

constexpr std::string_view kEarlier = "Sun, 09 Sep 2001 01:46:39 GMT";
constexpr std::string_view kLater = "Sun, 09 Sep 2001 01:46:41 GMT";

}  // namespace

// RFC 9110 13.1.2, 8.8.3.2.
BOOST_AUTO_TEST_CASE(if_none_match_compares_weakly) {
  const struct {
    std::string_view asked;
    std::string_view tag;
    bool expected;
  } rows[] = {
      {"\"x\"", "\"x\"", true},
      {"W/\"x\"", "\"x\"", true},
      {"\"x\"", "W/\"x\"", true},
      {"W/\"x\"", "W/\"x\"", true},
      {"\"x\"", "\"y\"", false},
      {"\"x\"", "\"X\"", false},
      {"w/\"x\"", "\"x\"", false},
      {"\"a\", \"x\"", "\"x\"", true},
      {"\"a\",W/\"b\" ,\"x\"", "\"x\"", true},
      {", \"x\" ,", "\"x\"", true},
      {"\"a\", \"b\"", "\"x\"", false},
      {"\"a,\"x\"", "\"x\"", false},
      {"\"a, b\", \"x\"", "\"x\"", true},
      {"\"a,b\"", "\"a,b\"", true},
      {"*", "\"x\"", true},
      {" * ", "\"x\"", true},
      {"\"*\"", "\"x\"", false},
      {"x", "x", false},
      {"x", "\"x\"", false},
      {"\"x", "\"x\"", false},
      {"", "\"x\"", false},
      {"\"\"", "\"\"", true},
  };
  for (const auto& [asked, tag, expected] : rows) BOOST_TEST_CONTEXT(asked << " | " << tag)
  BOOST_TEST(isUnchanged({{"If-None-Match", asked}}, {{"ETag", tag}}) == expected);
}

BOOST_AUTO_TEST_CASE(several_lines_are_one_list) {
  const HeaderFields request{{"If-None-Match", "\"a\""}, {"if-none-match", "\"x\""}};
  BOOST_CHECK(isUnchanged(request, {{"ETag", "\"x\""}}));
  BOOST_CHECK(!isUnchanged(request, {{"ETag", "\"y\""}}));
  BOOST_CHECK(isUnchanged({{"If-None-Match", "*"}}, {}));
  BOOST_CHECK(!isUnchanged({{"If-None-Match", "\"x\""}}, {}));
}

// RFC 9110 13.1.3, RFC 9111 4.3.2.
BOOST_AUTO_TEST_CASE(if_modified_since_compares_dates) {
  const auto since = [](std::string_view date, const HeaderFields& response) {
    return isUnchanged({{"If-Modified-Since", date}}, response);
  };
  const HeaderField modified{"Last-Modified", kNowText};
  BOOST_CHECK(since(kNowText, {modified}));
  BOOST_CHECK(since(kLater, {modified}));
  BOOST_CHECK(!since(kEarlier, {modified}));
  BOOST_CHECK(since("Sunday, 09-Sep-01 01:46:40 GMT", {modified}));
  BOOST_CHECK(!since("yesterday", {modified}));
  BOOST_CHECK(!since("", {modified}));
  BOOST_CHECK(since(kNowText, {{"Date", kNowText}}));
  BOOST_CHECK(!since(kEarlier, {{"Date", kNowText}}));
  BOOST_CHECK(since(kNowText, {}));
  BOOST_CHECK(!since(kEarlier, {}));
  BOOST_CHECK(!since(kEarlier, {modified, {"Date", kEarlier}}));
}

// RFC 9110 13.2.2: If-None-Match alone counts, when it is there.
BOOST_AUTO_TEST_CASE(if_none_match_outweighs_if_modified_since) {
  const HeaderField since{"If-Modified-Since", kNowText};
  const HeaderFields response{{"ETag", "\"x\""}, {"Last-Modified", kNowText}};
  BOOST_CHECK(!isUnchanged({since, {"If-None-Match", "\"y\""}}, response));
  BOOST_CHECK(isUnchanged({{"If-Modified-Since", kEarlier}, {"If-None-Match", "\"x\""}}, response));
  BOOST_CHECK(!isUnchanged({since, {"If-None-Match", ""}}, response));
}

// RFC 9110 13.2.1.
BOOST_AUTO_TEST_CASE(conditions_are_for_successes_of_get_and_head) {
  const HeaderFields request{{"If-None-Match", "\"x\""}};
  const HeaderFields response{{"ETag", "\"x\""}};
  BOOST_CHECK(isUnchanged(request, response, 200, "HEAD"));
  BOOST_CHECK(!isUnchanged(request, response, 200, "POST"));
  for (const int status : {301, 302, 404, 410, 500, 599}) BOOST_CHECK(!isUnchanged(request, response, status));
}

BOOST_AUTO_TEST_CASE(if_match_and_if_unmodified_since_are_for_the_origin) {
  BOOST_CHECK(isForOrigin(get(HeaderFields{{"If-Match", "\"x\""}})));
  BOOST_CHECK(isForOrigin(get(HeaderFields{{"if-unmodified-since", kNowText}})));
  BOOST_CHECK(!isForOrigin(get(HeaderFields{{"If-None-Match", "\"x\""}, {"If-Modified-Since", kNowText}})));
}

// RFC 9110 15.4.5.
BOOST_AUTO_TEST_CASE(a_304_has_no_description_of_what_it_does_not_bring) {
  const auto namesOf = [](const HeaderFields& fields) {
    std::string names;
    for (const HeaderField& field : notModifiedFields(stored(fields))) names.append(field.name).append(" ");
    return names;
  };
  const HeaderFields all{{"Date", kNowText},
                         {"Content-Type", "text/html"},
                         {"content-length", "5"},
                         {"ETag", "\"x\""},
                         {"Content-Encoding", "gzip"},
                         {"Content-Language", "de"},
                         {"Vary", "x"},
                         {"Content-Location", "/"},
                         {"Last-Modified", kNowText},
                         {"Cache-Control", "x"},
                         {"Expires", "0"},
                         {"Content-Range", "bytes 0-4/9"}};
  BOOST_TEST(namesOf(all) == "Date ETag Vary Content-Location Cache-Control Expires ");
  BOOST_TEST(namesOf({{"Last-Modified", kNowText}, {"Content-Type", "x"}}) == "Last-Modified ");
}

BOOST_AUTO_TEST_CASE(entity_tags_are_told_from_others) {
  for (const std::string_view tag : {"\"\"", "\"x\"", "W/\"x\"", "\"a,b\"", "\"\x80\"", "\"W/\""})
    BOOST_CHECK_MESSAGE(isEntityTag(tag), tag);
  for (const std::string_view text : {"", "x", "\"", "\"x", "x\"", "w/\"x\"", "W/x", "\"a b\"", "\"a\"b\"", "\"\x7f\""})
    BOOST_CHECK_MESSAGE(!isEntityTag(text), text);
  BOOST_CHECK(!equalsStrongly("W/\"x\"", "W/\"x\"") && !equalsStrongly("W/\"x\"", "\"x\""));
  BOOST_CHECK(equalsStrongly("\"x\"", "\"x\"") && !equalsStrongly("\"x\"", "\"y\"") && !equalsStrongly("", ""));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
