// The gate that requests leave by: what it writes, and every byte that it does not let through.
#include "common/http/request_head.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(request_head)

namespace {

constexpr BodyFraming kNoBody{};
constexpr BodyFraming kChunked{BodyFraming::Kind::kChunked, 0};

std::string headBytes(const RequestHead& head) {
  std::string bytes;
  BOOST_TEST(outcomeOf(appendRequestHead(head, bytes)) == "done");
  return bytes;
}

std::string_view outcome(const RequestHead& head) {
  std::string bytes;
  return outcomeOf(appendRequestHead(head, bytes));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_head_is_written_in_order_with_the_framing_last) {
  const HeaderFields fields{{"Host", "example.com"}, {"X-Empty", ""}, {"X-Text", "\xc3\xa4\t\"b\""}};
  const std::string common = "Host: example.com\r\nX-Empty: \r\nX-Text: \xc3\xa4\t\"b\"\r\n";
  BOOST_TEST(headBytes({"GET", "/a?b=%20", fields, kNoBody}) == "GET /a?b=%20 HTTP/1.1\r\n" + common + "\r\n");
  BOOST_TEST(headBytes({"POST", "/", fields, {BodyFraming::Kind::kLength, UINT64_MAX}}) ==
             "POST / HTTP/1.1\r\n" + common + "Content-Length: 18446744073709551615\r\n\r\n");
  BOOST_TEST(headBytes({"PUT", "/", fields, {BodyFraming::Kind::kLength, 0}}) ==
             "PUT / HTTP/1.1\r\n" + common + "Content-Length: 0\r\n\r\n");
  BOOST_TEST(headBytes({"M-SEARCH", "*", {}, kChunked}) == "M-SEARCH * HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(a_head_is_appended_to_what_is_there) {
  std::string bytes = "before ";
  BOOST_TEST(outcomeOf(appendRequestHead({"GET", "/", {}, kNoBody}, bytes)) == "done");
  BOOST_TEST(bytes == "before GET / HTTP/1.1\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(no_byte_that_could_split_a_request_gets_through) {
  for (const char byte : {'\r', '\n', '\0', '\x01', '\x0b', '\x7f'})
    for (const std::string& text : {byte + "x"s, "x"s + byte + "y", "x"s + byte}) {
      BOOST_TEST_CONTEXT("byte " << static_cast<int>(byte) << " in a text of " << text.size()) {
        BOOST_TEST(outcome({text, "/", {}, kNoBody}) == "request-refused");
        BOOST_TEST(outcome({"GET", "/" + text, {}, kNoBody}) == "request-refused");
        BOOST_TEST(outcome({"GET", "/", {{"A", "b"}, {text, "value"}}, kNoBody}) == "request-refused");
        BOOST_TEST(outcome({"GET", "/", {{"A", "b"}, {"Name", text}}, kNoBody}) == "request-refused");
      }
    }
}

BOOST_AUTO_TEST_CASE(what_one_part_may_not_hold_is_refused_there) {
  struct Row {
    std::string_view text;
    bool asMethod;
    bool asTarget;
    bool asName;
    bool asValue;
  };
  const Row rows[] = {
      {"", false, false, false, true},
      {" ", false, false, false, true},
      {"a b", false, false, false, true},
      {"a\tb", false, false, false, true},
      {"a#b", true, false, true, true},
      {"a:b", false, true, false, true},
      {"a/b", false, true, false, true},
      {"a\x80", false, false, false, true},
      {"a\"b", false, true, false, true},
      {"a{b", false, true, false, true},
      {"GET / HTTP/1.1", false, false, false, true},
  };
  const auto expected = [](bool good) { return good ? "done" : "request-refused"; };
  for (const Row& row : rows) BOOST_TEST_CONTEXT("\"" << row.text << "\"") {
      BOOST_TEST(outcome({row.text, "/", {}, kNoBody}) == expected(row.asMethod));
      BOOST_TEST(outcome({"GET", row.text, {}, kNoBody}) == expected(row.asTarget));
      BOOST_TEST(outcome({"GET", "/", {{row.text, "x"}}, kNoBody}) == expected(row.asName));
      BOOST_TEST(outcome({"GET", "/", {{"Name", row.text}}, kNoBody}) == expected(row.asValue));
    }
}

BOOST_AUTO_TEST_CASE(the_error_says_where_and_shows_no_raw_bytes) {
  std::string bytes;
  const auto refused = appendRequestHead({"GET", "/", {{"Name", "a\r\nEvil: b"}}, kNoBody}, bytes);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().detail.find("value of a header field") != std::string::npos);
  BOOST_TEST(refused.error().detail.find("a\\x0d\\x0aEvil") != std::string::npos);
  BOOST_TEST(refused.error().seen == Seen::kNothing);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
