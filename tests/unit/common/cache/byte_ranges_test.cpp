// RFC 9110 14, RFC 9111 3.3 and 3.4: parts of a whole.
#include "common/cache/byte_ranges.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/common/cache/messages.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(byte_ranges)

namespace {

const HeaderField kTag{"ETag", "\"x\""};

StoredResponse part(std::uint64_t first, std::uint64_t length, std::optional<std::uint64_t> complete,
                    HeaderFields fields = {kTag}) {
  StoredResponse response = stored(std::move(fields), 206);
  response.part = StoredPart{first, complete};
  response.bodyLength = length;
  return response;
}

std::string shown(const std::optional<ByteRange>& range) {
  return range ? std::to_string(range->first) + "-" + std::to_string(range->last) : "none";
}

// "old 0+5, new 0+10": where the pieces are from.
std::string shown(const std::optional<Combination>& combination) {
  if (!combination) return "none";
  std::string text = std::to_string(combination->part.first) + ":";
  for (const auto& [isNew, offset, length] : combination->pieces)
    text.append(isNew ? " new " : " old ").append(std::to_string(offset)).append("+").append(std::to_string(length));
  return text + (combination->isWhole() ? " whole" : "");
}

}  // namespace

// RFC 9110 14.4.
BOOST_AUTO_TEST_CASE(content_range_is_read_strictly_and_written_back) {
  for (const std::string_view text :
       {"bytes 0-0/1", "bytes 0-499/1234", "bytes 500-999/1234", "bytes 42-1233/*", "bytes */1234"}) {
    BOOST_TEST_CONTEXT(text) {
      const auto range = parseContentRange(text);
      BOOST_REQUIRE(range);
      BOOST_TEST(formatContentRange(*range) == text);
    }
  }
  BOOST_CHECK((*parseContentRange(" Bytes 1-2/3 ") == ContentRange{ByteRange{1, 2}, 3}));
  for (const std::string_view text :
       {"", "bytes", "bytes ", "bytes 0-1", "bytes 1-0/5", "bytes 0-5/5", "bytes */*", "bytes 0-/5", "bytes -5/10",
        "bytes=0-1/5", "lines 0-1/5", "bytes 0-1/x", "bytes 0-1/", "bytes 0-1/-1", "bytes 0 - 1/5", "bytes a-b/5",
        "bytes 0-1/5, bytes 2-3/5", "bytes 0-99999999999999999999/*", "bytes 0-1/5/6"})
    BOOST_CHECK_MESSAGE(!parseContentRange(text), text);
}

// RFC 9110 14.1.2, 14.2.
BOOST_AUTO_TEST_CASE(one_range_is_read) {
  const struct {
    std::string_view text;
    std::string_view expected;       // of 1000 bytes
    std::string_view withoutLength;  // where that is not known
  } rows[] = {
      {"bytes=0-499", "0-499", "0-499"},
      {"bytes=500-999", "500-999", "500-999"},
      {"bytes=500-2000", "500-999", "500-2000"},
      {"bytes=999-999", "999-999", "999-999"},
      {"BYTES=0-0", "0-0", "0-0"},
      {"bytes= 0-0 ", "0-0", "0-0"},
      {"bytes=9500-", "none", "none"},
      {"bytes=950-", "950-999", "none"},
      {"bytes=-500", "500-999", "none"},
      {"bytes=-2000", "0-999", "none"},
      {"bytes=-0", "none", "none"},
      {"bytes=-", "none", "none"},
      {"bytes=1000-1001", "none", "1000-1001"},
      {"bytes=5-4", "none", "none"},
      {"bytes=0-0,-1", "none", "none"},
      {"bytes=0-0, 5-6", "none", "none"},
      {"lines=0-5", "none", "none"},
      {"bytes 0-5", "none", "none"},
      {"bytes=", "none", "none"},
      {"bytes=a-b", "none", "none"},
      {"bytes=5", "none", "none"},
      {"bytes=0-99999999999999999999", "0-999", "0-1152921504606846976"},
  };
  for (const auto& [text, expected, withoutLength] : rows) {
    BOOST_TEST_CONTEXT(text) {
      const HeaderFields fields{{"Range", text}};
      BOOST_TEST(shown(askedRange(get(fields), 1000)) == expected);
      BOOST_TEST(shown(askedRange(get(fields), std::nullopt)) == withoutLength);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_range_is_asked_for_once_and_by_get) {
  const HeaderField range{"Range", "bytes=0-4"};
  BOOST_TEST(shown(askedRange(get({}), 1000)) == "none");
  BOOST_TEST(shown(askedRange(get(HeaderFields{range}, "HEAD"), 1000)) == "none");
  BOOST_TEST(shown(askedRange(get(HeaderFields{range, range}), 1000)) == "none");
  BOOST_TEST(shown(askedRange(get(HeaderFields{{"Range", "bytes=-5"}}), 0)) == "none");
}

BOOST_AUTO_TEST_CASE(a_part_gives_what_lies_in_it_whole) {
  const auto given = [](std::string_view range, const StoredResponse& response) {
    return shown(rangeFromPart(get(HeaderFields{{"Range", range}}), response));
  };
  const StoredResponse middle = part(100, 100, 1000);
  BOOST_TEST(given("bytes=100-199", middle) == "100-199");
  BOOST_TEST(given("bytes=150-150", middle) == "150-150");
  BOOST_TEST(given("bytes=99-150", middle) == "none");
  BOOST_TEST(given("bytes=150-200", middle) == "none");
  BOOST_TEST(given("bytes=150-", middle) == "none");
  BOOST_TEST(given("bytes=-10", middle) == "none");
  BOOST_TEST(given("bytes=-10", part(900, 100, 1000)) == "990-999");
  BOOST_TEST(given("bytes=950-", part(900, 100, 1000)) == "950-999");
  BOOST_TEST(given("bytes=950-5000", part(900, 100, 1000)) == "950-999");
  BOOST_TEST(given("bytes=100-150", part(100, 100, std::nullopt)) == "100-150");
  BOOST_TEST(given("bytes=100-100", part(100, 0, 1000)) == "none");
  BOOST_TEST(given("bytes=0-1", stored({kTag})) == "none");
}

// RFC 9110 13.1.5, 8.8.2.2.
BOOST_AUTO_TEST_CASE(if_range_compares_strongly) {
  constexpr std::string_view kEarlier = "Sun, 09 Sep 2001 01:46:38 GMT";
  const auto holds = [](std::string_view value, const HeaderFields& fields) {
    return ifRangeHolds(get(HeaderFields{{"If-Range", value}}), stored(fields));
  };
  BOOST_CHECK(holds("\"x\"", {kTag}));
  BOOST_CHECK(!holds("\"y\"", {kTag}));
  BOOST_CHECK(!holds("W/\"x\"", {kTag}));
  BOOST_CHECK(!holds("\"x\"", {{"ETag", "W/\"x\""}}));
  BOOST_CHECK(!holds("W/\"x\"", {{"ETag", "W/\"x\""}}));
  BOOST_CHECK(!holds("\"x\"", {}));
  BOOST_CHECK(!holds("x", {kTag}));
  BOOST_CHECK(!holds("", {kTag}));
  BOOST_CHECK(holds(kEarlier, {{"Last-Modified", kEarlier}, {"Date", kNowText}}));
  BOOST_CHECK(!holds(kNowText, {{"Last-Modified", kEarlier}, {"Date", kNowText}}));
  BOOST_CHECK(!holds(kNowText, {{"Last-Modified", kNowText}, {"Date", kNowText}}));
  BOOST_CHECK(!holds(kEarlier, {{"Last-Modified", kEarlier}}));
  BOOST_CHECK(ifRangeHolds(get({}), stored({})));
}

BOOST_AUTO_TEST_CASE(what_a_206_brings_is_told_by_its_content_range) {
  BOOST_CHECK((partOf({206, HeaderFields{{"Content-Range", "bytes 5-9/20"}}}) == StoredPart{5, 20}));
  BOOST_CHECK((partOf({206, HeaderFields{{"Content-Range", "bytes 5-9/*"}}}) == StoredPart{5, std::nullopt}));
  BOOST_CHECK(!partOf({206, HeaderFields{{"Content-Range", "bytes */20"}}}));
  BOOST_CHECK(!partOf({200, HeaderFields{{"Content-Range", "bytes 5-9/20"}}}));
  BOOST_CHECK(!partOf({206, HeaderFields{}}));
  const HeaderField range{"Content-Range", "bytes 5-9/20"};
  BOOST_CHECK(!partOf({206, HeaderFields{range, range}}));
  BOOST_CHECK(!partOf({206, HeaderFields{range, {"Content-Type", " multipart/byteranges; boundary=x"}}}));
  BOOST_CHECK(lengthOfPart({206, HeaderFields{range}}) == 5U);
  BOOST_CHECK(!lengthOfPart({200, HeaderFields{range}}));
}

// RFC 9111 3.4, RFC 9110 15.3.7.3.
BOOST_AUTO_TEST_CASE(parts_that_touch_are_combined) {
  const struct {
    StoredResponse old;
    StoredResponse brought;
    std::string_view expected;
  } rows[] = {
      {part(0, 5, 10), part(5, 5, 10), "0: old 0+5 new 0+5 whole"},
      {part(5, 5, 10), part(0, 5, 10), "0: new 0+5 old 0+5 whole"},
      {part(0, 5, 20), part(5, 5, 20), "0: old 0+5 new 0+5"},
      {part(0, 7, 10), part(5, 5, 10), "0: old 0+5 new 0+5 whole"},
      {part(3, 7, 10), part(0, 5, 10), "0: new 0+5 old 2+5 whole"},
      {part(0, 10, 20), part(2, 3, 20), "0: old 0+2 new 0+3 old 5+5"},
      {part(2, 3, 20), part(0, 10, 20), "0: new 0+10"},
      {part(2, 3, 20), part(2, 3, 20), "2: new 0+3"},
      {part(0, 5, std::nullopt), part(5, 5, 10), "0: old 0+5 new 0+5 whole"},
      {part(0, 5, 10), part(5, 5, std::nullopt), "0: old 0+5 new 0+5 whole"},
      {part(0, 5, std::nullopt), part(5, 5, std::nullopt), "0: old 0+5 new 0+5"},
      {part(0, 5, 20), part(6, 5, 20), "none"},
      {part(6, 5, 20), part(0, 5, 20), "none"},
      {part(0, 5, 10), part(5, 5, 11), "none"},
      {part(0, 15, std::nullopt), part(5, 5, 10), "none"},
      {part(0, 5, 10), part(5, 5, 10, {{"ETag", "\"y\""}}), "none"},
      {part(0, 5, 10), part(5, 5, 10, {}), "none"},
      {part(0, 5, 10, {}), part(5, 5, 10, {}), "none"},
      {part(0, 5, 10, {{"ETag", "W/\"x\""}}), part(5, 5, 10, {{"ETag", "W/\"x\""}}), "none"},
  };
  for (const auto& [old, brought, expected] : rows)
    BOOST_TEST_CONTEXT(expected) BOOST_TEST(shown(combine(old, brought)) == expected);
}

BOOST_AUTO_TEST_CASE(a_stored_whole_is_a_part_as_well) {
  StoredResponse whole = stored({kTag});
  whole.bodyLength = 10;
  BOOST_TEST(shown(combine(whole, part(2, 3, 10))) == "0: old 0+2 new 0+3 old 5+5 whole");
  BOOST_TEST(shown(combine(whole, part(2, 3, 11))) == "none");
  BOOST_TEST(shown(combine(part(2, 3, 10), whole)) == "0: new 0+10 whole");
}

// RFC 9111 3.4 is of the representation: what an error says is none of it.
BOOST_AUTO_TEST_CASE(only_a_200_is_a_whole) {
  StoredResponse whole = stored({kTag}, 404);
  whole.bodyLength = 10;
  BOOST_TEST(shown(combine(whole, part(2, 3, 10))) == "none");
  whole.status = 200;
  BOOST_TEST(shown(combine(whole, part(2, 3, 10))) == "0: old 0+2 new 0+3 old 5+5 whole");
  StoredResponse placeless = part(0, 5, 10);
  placeless.part.reset();
  BOOST_TEST(shown(combine(part(5, 5, 10), placeless)) == "none");
}

BOOST_AUTO_TEST_CASE(fields_of_one_message_are_not_of_both) {
  const HeaderFields fields =
      combinedFields(part(0, 5, 10, {kTag, {"Age", "50"}, {"Date", kNowText}, {"Content-Digest", "sha-256=:AA==:"}}),
                     part(5, 5, 10, {kTag, {"Age", "1"}, {"Content-MD5", "AA=="}, {"Repr-Digest", "sha-256=:AA==:"}}));
  BOOST_TEST(fields.size() == 3U);
  BOOST_TEST(findField(fields, "Age")->value == "1");
  BOOST_TEST(findField(fields, "Repr-Digest"));
}

BOOST_AUTO_TEST_CASE(fields_are_those_of_the_newest) {
  const HeaderFields fields =
      combinedFields(part(0, 5, 10, {kTag, {"X-A", "1"}, {"X-B", "1"}, {"Content-Range", "bytes 0-4/10"}}),
                     part(5, 5, 10, {kTag, {"x-a", "2"}, {"Content-Length", "5"}}));
  BOOST_TEST(fields.size() == 3U);
  BOOST_TEST(findField(fields, "X-A")->value == "2");
  BOOST_TEST(findField(fields, "X-B")->value == "1");
  BOOST_TEST(findField(fields, "ETag")->value == "\"x\"");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
