// Responses that are well formed: each is fed whole and in pieces, and must be understood the same way every time, as
// RFC 9112 has it. What is refused is response_parser_refusal_test.cpp's, limits are response_parser_limits_test.cpp's.
#include "common/http/response_parser.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/support/parsed_response.h"
#include "tests/unit/support/printing.h"
#include "tests/unit/support/response_rows.h"

namespace proxytest {

using namespace proxycommon;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(response_parser)

BOOST_AUTO_TEST_CASE(bodies_end_where_their_framing_says) {
  const GoodRow rows[] = {
      {withFields("Content-Length: 5"), 200, "hello", true},
      {withFields("Content-Length: 4"), 200, "hell", true, "o"},
      {withFields("content-LENGTH:\t 005 \t"), 200, "hello", true},
      {withFields("Content-Length:5"), 200, "hello", true},
      {withFields("Content-Length: 0"), 200, "", true, "hello"},
      {withFields("Content-Length: 5\r\nContent-Length: 5"), 200, "hello", true},
      {withFields("Content-Length: 5, 5"), 200, "hello", true},
      {withFields("Server: x"), 200, "hello", false},
      {kStatusLine + "\r\n", 200, "", false},
      {withChunks("5\r\nhello\r\n0\r\n\r\n"), 200, "hello", true},
      {withChunks("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), 200, "hello world", true},
      {withChunks("00000000000000000000005\r\nhello\r\n000\r\n\r\n"), 200, "hello", true},
      {withChunks("A\r\n0123456789\r\n0\r\n\r\n"), 200, "0123456789", true},
      {withChunks("a\r\n0123456789\r\n0\r\n\r\nnext"), 200, "0123456789", true, "next"},
      {withChunks("5\r\n0\r\n\r\n\r\n0\r\n\r\n"), 200, "0\r\n\r\n", true},
      {withChunks("5;a\r\nhello\r\n0;b=c\r\n\r\n"), 200, "hello", true},
      {withChunks("5 ; a = \"b;\\\"c\\\\\" ; d\r\nhello\r\n0\r\n\r\n"), 200, "hello", true},
      {withChunks("5\r\nhello\r\n0\r\nTrailer: x\r\nOther:\r\n folded\r\n\r\n"), 200, "hello", true},
      {kStatusLine + "transfer-encoding: \t ChUnKeD \t\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200, "hello", true},
      {kStatusLine + "Transfer-Encoding:\r\n chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200, "hello", true},
      // Neither name is the field that frames.
      {withFields("Transfer_Encoding: chunked"), 200, "hello", false},
      {withFields("X-Content-Length: 1"), 200, "hello", false},
  };
  for (const GoodRow& row : rows) mustBeUnderstood(row);
}

// Whose last chunk comes in parts: "0 CR LF", then "CR", then "LF".
BOOST_AUTO_TEST_CASE(a_chunked_body_may_be_empty) {
  mustBeUnderstood({withChunks("0\r\n\r\nnext"), 200, "", true, "next"});
}

// A sender that pauses there would else wait for a client that has not got it.
BOOST_AUTO_TEST_CASE(data_that_looks_like_the_last_chunk_is_passed_on_at_once) {
  ResponseRecorder recorder;
  ResponseParser parser(false, recorder);
  for (const std::string& bytes : {withChunks(""), "8\r\n"s, "0\r\nx"s})
    BOOST_TEST(*parser.feed(bytes) == bytes.size());
  recorder.pending = "0\r\ny";
  BOOST_TEST(*parser.feed(recorder.pending) == 4u);
  BOOST_TEST(recorder.parsed.body == "0\r\nx0\r\ny");
}

BOOST_AUTO_TEST_CASE(responses_without_a_body_have_none_whatever_their_fields_say) {
  const std::string lengths[] = {"Content-Length: 5", "Transfer-Encoding: chunked", "Server: x"};
  for (const std::string& field : lengths) {
    for (const int status : {100, 103, 199, 204, 304}) {
      const std::string head = "HTTP/1.1 " + std::to_string(status) + " Reason\r\n" + field + "\r\n\r\n";
      // A body that a 204 announces may yet come, and must not pass for the next response (RFC 9110 15.3.5).
      const bool announcesFalsely = status == 204 && field != "Server: x";
      mustBeUnderstood({head + "hello", status, "", !announcesFalsely, "hello"});
    }
    mustBeUnderstood({withFields(field), 200, "", true, "hello"}, true);
  }
}

BOOST_AUTO_TEST_CASE(one_parser_takes_one_response) {
  const std::string second = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo";
  mustBeUnderstood({"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none" + second, 200, "one", true, second});
  mustBeUnderstood({"HTTP/1.1 100 Continue\r\n\r\n" + second, 100, "", true, second});
  mustBeUnderstood({"HTTP/1.1 204 No Content\r\n\r\n" + second, 204, "", true, second});
  mustBeUnderstood({withChunks("3\r\none\r\n0\r\n\r\n") + second, 200, "one", true, second});
}

BOOST_AUTO_TEST_CASE(after_the_end_nothing_more_is_used) {
  ResponseRecorder recorder;
  ResponseParser parser(false, recorder);
  BOOST_TEST(!parser.isHeadDone());
  const std::string head = "HTTP/1.1 204 No Content\r\n\r\n";
  BOOST_TEST(*parser.feed(head) == head.size());
  BOOST_TEST(parser.isHeadDone());
  BOOST_TEST(parser.isDone());
  BOOST_TEST(*parser.feed(head) == 0u);
  BOOST_TEST(static_cast<bool>(parser.feedEnd()));
}

// RFC 9112 9.3. A Transfer-Encoding in HTTP/1.0 is faulty framing (6.1): it may be read, but nothing after it.
BOOST_AUTO_TEST_CASE(a_connection_is_kept_where_version_and_options_allow_it) {
  struct Row {
    std::string version;
    std::string fields;
    bool reusable;
  };
  const Row rows[] = {
      {"1.1", "", true},
      {"1.1", "Connection: close\r\n", false},
      {"1.1", "connection: CLOSE\r\n", false},
      {"1.1", "Connection: keep-alive\r\n", true},
      {"1.1", "Connection: keep-alive, close\r\n", false},
      {"1.1", "Connection: close\r\nConnection: keep-alive\r\n", false},
      {"1.1", "Connection: x,\t, close ,\r\n", false},
      {"1.1", "Connection: not-close\r\n", true},
      {"1.1", "Connection:\r\n", true},
      {"1.0", "", false},
      {"1.0", "Connection: keep-alive\r\n", true},
      {"1.0", "Connection: Keep-Alive, x\r\n", true},
      {"1.0", "Connection: keep-alive, close\r\n", false},
      {"1.0", "Connection: close\r\nConnection: keep-alive\r\n", false},
      {"1.0", "Proxy-Connection: keep-alive\r\n", false},
  };
  for (const Row& row : rows)
    mustBeUnderstood({"HTTP/" + row.version + " 200 OK\r\nContent-Length: 5\r\n" + row.fields + "\r\nhello", 200,
                      "hello", row.reusable});
  mustBeUnderstood(
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200,
       "hello", false});
}

BOOST_AUTO_TEST_CASE(status_line_and_fields_come_as_they_were_sent) {
  const ParsedResponse parsed = parseWhole(
      "HTTP/1.0 404 Not\tFound \xc3\xa4\r\nA: b\r\nempty:\r\na:\t two  words \t\r\nC: d:e\r\nText: \xe4\x80\r\n\r\n");
  BOOST_TEST(parsed.status == 404);
  BOOST_TEST(parsed.version == 10);
  BOOST_TEST(parsed.reason == "Not\tFound \xc3\xa4");
  BOOST_TEST(parsed.fields == "A: b\nempty: \na: two  words\nC: d:e\nText: \xe4\x80\n");
}

BOOST_AUTO_TEST_CASE(a_reason_may_be_empty) {
  BOOST_TEST(parseWhole(withStatusLine("HTTP/1.1 200 ")).error == "");
  BOOST_TEST(parseWhole(withStatusLine("HTTP/1.1 200 ")).reason == "");
}

BOOST_AUTO_TEST_CASE(a_status_that_nobody_knows_is_passed_on) {
  for (const int status : {299, 399, 499, 599, 600, 999})
    mustBeUnderstood({withStatusLine("HTTP/1.1 " + std::to_string(status) + " x"), status, "", true});
}

// RFC 9112 5.2: a proxy replaces each fold by spaces.
BOOST_AUTO_TEST_CASE(folded_fields_are_joined) {
  const std::string bytes =
      kStatusLine + "A: one\r\n two\r\n\t  three \r\nB:\r\n b\r\nC: c\r\n \r\nContent-Length: 0\r\n\r\n";
  const ParsedResponse parsed = parseWhole(bytes);
  BOOST_TEST(parsed.error == "");
  BOOST_TEST(parsed.fields == "A: one two three\nB: b\nC: c\nContent-Length: 0\n");
  BOOST_TEST((parseInPieces(bytes, 1) == parsed));
}

// RFC 9110 8.6: refused, or passed on as the one length that it is; never as a list.
BOOST_AUTO_TEST_CASE(a_repeated_length_is_passed_on_once) {
  for (const char* fields :
       {"Content-Length: 5, 5", "Content-Length: 5\r\ncontent-length: 5", "Content-Length: 5 ,5,\t5"}) {
    const ParsedResponse parsed = parseWhole(withFields(fields));
    BOOST_TEST(parsed.fields == "Content-Length: 5\n", printable(fields) << " gave " << printable(parsed.fields));
    BOOST_TEST(parsed.body == "hello");
  }
}

BOOST_AUTO_TEST_CASE(trailers_do_not_appear_among_the_fields) {
  const ParsedResponse parsed = parseWhole(withChunks("0\r\nSet-Cookie: a=b\r\nConnection: close\r\n\r\n"));
  BOOST_TEST(parsed.error == "");
  BOOST_TEST(parsed.fields == "Transfer-Encoding: chunked\n");
}

BOOST_AUTO_TEST_CASE(an_error_of_the_events_ends_the_parsing) {
  class Failing final : public ResponseEvents {
    Outcome onHead(ResponseHead&) override { return {}; }
    Outcome onTrailers(const HeaderFields&) override { return {}; }
    Outcome onBody(std::span<const char>) override { return failure(ErrorKind::kClientGone, "gone"); }
  };
  for (const std::string& bytes :
       {withFields("Content-Length: 5"), withFields("A: b"), withChunks("5\r\nhello\r\n0\r\n\r\n")}) {
    Failing events;
    ResponseParser parser(false, events);
    BOOST_TEST(outcomeOf(parser.feed(bytes)) == "client-gone");
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
