// Responses, hostile ones above all: each is fed whole and in pieces, and must be understood the same way every time.
// The right way is RFC 9112's; where it leaves a choice, the strict one.
#include "common/http/response_parser.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/support/parsed_response.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(response_parser)

namespace {

const std::string kStatusLine = "HTTP/1.1 200 OK\r\n";

std::string shown(const std::string& bytes) {
  return printable(bytes, 100);
}

constexpr std::size_t kPieceSizes[] = {1, 2, 3, 5, 7};

void mustBeRefused(const std::string& bytes, std::string_view kind) {
  BOOST_TEST_CONTEXT(shown(bytes)) {
    BOOST_TEST(parseWhole(bytes).error == kind);
    for (const std::size_t size : kPieceSizes) BOOST_TEST_CONTEXT("in pieces of " << size) {
        BOOST_TEST(parseInPieces(bytes, size).error == kind);
      }
  }
}

// A head with this in place of the status line.
std::string withStatusLine(const std::string& line) {
  return line + "\r\nContent-Length: 0\r\n\r\n";
}
// A head with these field lines, and something behind it that must never be taken for a body.
std::string withFields(const std::string& lines) {
  return kStatusLine + lines + "\r\n\r\nhello";
}
std::string withChunks(const std::string& chunks) {
  return kStatusLine + "Transfer-Encoding: chunked\r\n\r\n" + chunks;
}

struct GoodRow {
  std::string bytes;
  int status;
  std::string body;
  bool reusable;
  std::string unconsumed = "";
};

void mustBeUnderstood(const GoodRow& row, bool toHead = false) {
  BOOST_TEST_CONTEXT(shown(row.bytes)) {
    const ParsedResponse whole = parseWhole(row.bytes, toHead);
    BOOST_TEST(whole.error == "");
    BOOST_TEST(whole.status == row.status);
    BOOST_TEST(whole.body == row.body);
    BOOST_TEST(whole.reusable == row.reusable);
    BOOST_TEST(whole.unconsumed == row.unconsumed);
    BOOST_TEST(whole.bodyWasInsideFedBytes);
    for (const std::size_t size : kPieceSizes)
      BOOST_TEST((parseInPieces(row.bytes, size, toHead) == whole), "in pieces of " << size);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(bad_status_lines_are_refused) {
  const std::string rows[] = {"HTTP/1.1 200",
                              "HTTP/1.1  200 OK",
                              "HTTP/1.1\t200 OK",
                              "HTTP/1.1 200\tOK",
                              " HTTP/1.1 200 OK",
                              "\r\nHTTP/1.1 200 OK",
                              "http/1.1 200 OK",
                              "HTTP/1.1, 200 OK",
                              "HTTP/2.0 200 OK",
                              "HTTP/0.9 200 OK",
                              "HTTP/1 200 OK",
                              "HTTP/11 200 OK",
                              "HTTP/1.10 200 OK",
                              "HTTP/01.1 200 OK",
                              "HTTP/1.x 200 OK",
                              "HTTP 200 OK",
                              "ICY 200 OK",
                              "HTTPS/1.1 200 OK",
                              "HTTP/1.1 20 OK",
                              "HTTP/1.1 2000 OK",
                              "HTTP/1.1 2x0 OK",
                              "HTTP/1.1 -20 OK",
                              "HTTP/1.1 +20 OK",
                              "HTTP/1.1 000 None",
                              "HTTP/1.1 099 None",
                              "HTTP/1.1 200 O\0K"s,
                              "HTTP/1.1 200 O\x01K",
                              "HTTP/1.1 200 O\x7fK",
                              "HTTP/1.1 200 O\rK",
                              "HTTP/1.1 200 O\nK",
                              "HTTP/1.1 200 OK\r",
                              "HTTP/1.1 200 OK\nX: y",
                              "<html>not found</html>",
                              "GET / HTTP/1.1",
                              "\0"s,
                              "\x15\x03\x01\x00\x02\x02\x28"s};
  for (const std::string& line : rows) mustBeRefused(withStatusLine(line), "malformed-response");
}

BOOST_AUTO_TEST_CASE(bad_fields_are_refused) {
  const std::string rows[] = {"no colon",
                              "NoColon",
                              ": value",
                              "Name : value",
                              "Name\t: value",
                              "Na me: value",
                              "Na\0me: value"s,
                              "Na\x80me: value",
                              "Na(me: value",
                              "\"Name\": value",
                              " Folded: at the first line",
                              "\tFolded: at the first line",
                              "Name: a\0b"s,
                              "Name: a\x01"
                              "b",
                              "Name: a\x1b[2J",
                              "Name: a\x7f",
                              "Name: a\rb",
                              "Name: a\nb: c",
                              "Name: a\n\tb",
                              "Name: a\r",
                              "Name: a\r\r\nb: c",
                              "Name: a\r\n b\0"s,
                              "A: b\nTransfer-Encoding: chunked",
                              "A: b\rTransfer-Encoding: chunked"};
  for (const std::string& lines : rows) mustBeRefused(withFields(lines), "malformed-response");
}

// RFC 9112 6.3: the framing is refused wherever two readers could find two ends of the body.
BOOST_AUTO_TEST_CASE(bad_lengths_are_refused) {
  const std::string rows[] = {"Content-Length: 5\r\nContent-Length: 6",
                              "Content-Length: 5\r\ncontent-length: 0",
                              "Content-Length: 5, 6",
                              "Content-Length: 5,",
                              "Content-Length: ,5",
                              "Content-Length: 5 5",
                              "Content-Length: 5;x",
                              "Content-Length: -5",
                              "Content-Length: +5",
                              "Content-Length: 0x5",
                              "Content-Length: 5.0",
                              "Content-Length: 5e0",
                              "Content-Length: five",
                              "Content-Length: \"5\"",
                              "Content-Length:",
                              "Content-Length: ,",
                              "Content-Length: \x85"
                              "5",
                              "Content-Length: 5\x0b",
                              "Content-Length: 5\0"s,
                              "Content-Length: 1\r\n 0",
                              "Content-Length: 18446744073709551616",
                              "Content-Length: 18446744073709551621",
                              "Content-Length: 99999999999999999999999999"};
  for (const std::string& lines : rows) mustBeRefused(withFields(lines), "malformed-response");
}

BOOST_AUTO_TEST_CASE(transfer_codings_other_than_chunked_alone_are_refused) {
  const std::string rows[] = {"Content-Length: 5\r\nTransfer-Encoding: chunked",
                              "Transfer-Encoding: chunked\r\nContent-Length: 5",
                              "transfer-encoding: CHUNKED\r\ncontent-length: 5",
                              "Transfer-Encoding: gzip\r\nContent-Length: 5",
                              "Content-Length: 5\r\nTransfer-Encoding: identity",
                              "Transfer-Encoding: gzip",
                              "Transfer-Encoding: identity",
                              "Transfer-Encoding: gzip, chunked",
                              "Transfer-Encoding: chunked, gzip",
                              "Transfer-Encoding: chunked, chunked",
                              "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                              "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
                              "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip",
                              "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
                              "Transfer-Encoding: xchunked",
                              "Transfer-Encoding: chunkedx",
                              "Transfer-Encoding: chunked;q=1",
                              "Transfer-Encoding: \"chunked\"",
                              "Transfer-Encoding:",
                              "Transfer-Encoding: \x0b"
                              "chunked",
                              "Transfer-Encoding: chunked\x0c",
                              "Transfer-Encoding: chunked\0"s,
                              "Transfer-Encoding: chun\r\n ked",
                              "Transfer-Encoding : chunked",
                              "Transfer-Encoding\0: chunked"s};
  for (const std::string& lines : rows) mustBeRefused(withFields(lines), "malformed-response");
}

BOOST_AUTO_TEST_CASE(bad_connection_options_are_refused) {
  for (const char* value : {"\"close\"", "a b", "close;x", "(close)", "close\x80"})
    mustBeRefused(withFields("Content-Length: 5\r\nConnection: "s + value), "malformed-response");
}

BOOST_AUTO_TEST_CASE(heads_without_end_are_refused) {
  const std::string much(70'000, 'a');
  const std::string rows[] = {
      "HTTP/1.1 200 " + much,
      kStatusLine + much,
      kStatusLine + "A: " + much,
      kStatusLine + "A: " + std::string(70'000, ' '),
      kStatusLine + "A: " + much + "\r\nContent-Length: 0\r\n\r\n",
  };
  for (const std::string& bytes : rows) mustBeRefused(bytes, "oversized-head");
  std::string many = kStatusLine;
  for (int count = 0; count < 5000; ++count) many += "A: bcdefghijkl\r\n";
  mustBeRefused(many, "oversized-head");
}

// The limit is one for the whole head, however its parts fall into reads: here each ends one byte behind a line.
BOOST_AUTO_TEST_CASE(a_head_that_comes_line_by_line_is_limited_too) {
  const std::string line = "A: " + std::string(30'000, 'a') + "\r\n";
  std::string bytes = kStatusLine;
  for (int count = 0; count < 10; ++count) bytes += line;
  std::size_t next = kStatusLine.size() + 1;
  const auto lineByLine = [&] { return std::exchange(next, line.size()); };
  BOOST_TEST(parseResponse(bytes + "Content-Length: 0\r\n\r\n", false, lineByLine).error == "oversized-head");
}

BOOST_AUTO_TEST_CASE(a_head_of_almost_the_limit_is_taken) {
  const std::string end = "\r\nContent-Length: 0\r\n\r\n";
  const std::string field = "A: " + std::string(HeadLimits::kMostBytes - 100, 'a');
  mustBeUnderstood({kStatusLine + field + end, 200, "", true});
  // It and what follows may come in one read.
  mustBeUnderstood({kStatusLine + field + end + std::string(70'000, 'b'), 200, "", true, std::string(70'000, 'b')});
}

BOOST_AUTO_TEST_CASE(the_number_of_fields_is_limited) {
  std::string bytes = kStatusLine + "Content-Length: 0\r\n";
  for (std::size_t count = 1; count < HeadLimits{}.fields; ++count) bytes += "A: b\r\n";
  mustBeUnderstood({bytes + "\r\n", 200, "", true});
  mustBeRefused(bytes + "A: b\r\n\r\n", "oversized-head");
}

BOOST_AUTO_TEST_CASE(bad_chunks_are_refused) {
  const std::string rows[] = {"\r\nhello\r\n0\r\n\r\n",
                              "g\r\nhello\r\n0\r\n\r\n",
                              "-5\r\nhello\r\n0\r\n\r\n",
                              "+5\r\nhello\r\n0\r\n\r\n",
                              " 5\r\nhello\r\n0\r\n\r\n",
                              "5 \r\nhello\r\n0\r\n\r\n",
                              "5\t\r\nhello\r\n0\r\n\r\n",
                              "0x5\r\nhello\r\n0\r\n\r\n",
                              "5h\r\nhello\r\n0\r\n\r\n",
                              "5.\r\nhello\r\n0\r\n\r\n",
                              "5,5\r\nhello\r\n0\r\n\r\n",
                              "5_0\r\nhello\r\n0\r\n\r\n",
                              "5\nhello\r\n0\r\n\r\n",
                              "5\rhello\r\n0\r\n\r\n",
                              "5\r\rhello\r\n0\r\n\r\n",
                              "\xef\xbb\xbf"
                              "5\r\nhello\r\n0\r\n\r\n",
                              "10000000000000000\r\nhello\r\n0\r\n\r\n",
                              "10000000000000005\r\nhello\r\n0\r\n\r\n",
                              "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
                              "4\r\nhello\r\n0\r\n\r\n",
                              "6\r\nhello\r\n0\r\n\r\n",
                              "5\r\nhello0\r\n\r\n",
                              "5\r\nhello\n0\r\n\r\n",
                              "5\r\nhello\r0\r\n\r\n",
                              "5\r\nhello\r\n\r\n0\r\n\r\n",
                              "5;\r\nhello\r\n0\r\n\r\n",
                              "5;;a\r\nhello\r\n0\r\n\r\n",
                              "5;=b\r\nhello\r\n0\r\n\r\n",
                              "5;a=\r\nhello\r\n0\r\n\r\n",
                              "5;a b\r\nhello\r\n0\r\n\r\n",
                              "5;a=\"b\r\nhello\r\n0\r\n\r\n",
                              "5;a\nb\r\nhello\r\n0\r\n\r\n",
                              "5;a\0\r\nhello\r\n0\r\n\r\n"s,
                              "5;a=\"\r\nhello\r\n0\r\n\r\n\"",
                              "5\r\nhello\r\n0 \r\n\r\n",
                              "5\r\nhello\r\n0x0\r\n\r\n",
                              "5\r\nhello\r\n0;\r\n\r\n",
                              "5\r\nhello\r\n-0\r\n\r\n",
                              "5\r\nhello\r\n\r\n\r\n",
                              "5\r\nhello\r\n0\n\n\r\n\r\n"};
  for (const std::string& chunks : rows) mustBeRefused(withChunks(chunks), "broken-body");
}

// RFC 9112 7.1.1: qdtext holds no control characters. A reader that takes a bare LF for a line end (2.2) finds the
// chunk's data behind it.
BOOST_AUTO_TEST_CASE(control_characters_in_a_quoted_chunk_extension_are_refused) {
  for (const std::string& value : {"\n"s, "\0"s, "\x01"s, "\x7f"s, "\\\n"s, "\\\0"s})
    mustBeRefused(withChunks("5;a=\"" + value + "\"\r\nhello\r\n0\r\n\r\n"), "broken-body");
}

BOOST_AUTO_TEST_CASE(bad_trailers_are_refused) {
  const std::string rows[] = {"no colon",
                              ": value",
                              "Name : value",
                              "Name: a\nb",
                              "Name: a\rb",
                              "Name: a\0b"s,
                              "Name: a\x01",
                              "\0: b"s,
                              "Content-Length: 5",
                              "Transfer-Encoding: chunked",
                              "Name: " + std::string(3000, 'a') + "\r\n " + std::string(3000, 'b')};
  for (const std::string& lines : rows)
    mustBeRefused(withChunks("5\r\nhello\r\n0\r\n" + lines + "\r\n\r\n"), "broken-body");
}

BOOST_AUTO_TEST_CASE(a_response_that_is_cut_short_is_never_whole) {
  mustBeRefused("", "closed-early");
  mustBeRefused("H", "closed-early");
  mustBeRefused("HTTP/1.1 200 OK\r\n", "closed-early");
  mustBeRefused("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", "closed-early");
  mustBeRefused("HTTP/1.1 204 No Content\r\n", "closed-early");
  const std::string cutBodies[] = {withFields("Content-Length: 6"),
                                   withFields("Content-Length: 18446744073709551615"),
                                   withChunks(""),
                                   withChunks("5"),
                                   withChunks("5\r\n"),
                                   withChunks("5\r\nhel"),
                                   withChunks("5\r\nhello"),
                                   withChunks("5\r\nhello\r\n"),
                                   withChunks("5\r\nhello\r\n0"),
                                   withChunks("5\r\nhello\r\n0\r\n"),
                                   withChunks("5\r\nhello\r\n0\r\n\r"),
                                   withChunks("5\r\nhello\r\n0\r\nTrailer: x\r\n"),
                                   withChunks("5\r\nhello\r\n0\r\nTrailer: x\r\n\r"),
                                   withChunks("ffffffffffffffff\r\nhello\r\n0\r\n\r\n")};
  for (const std::string& bytes : cutBodies) mustBeRefused(bytes, "broken-body");
}

BOOST_AUTO_TEST_CASE(what_came_before_the_cut_is_passed_on) {
  BOOST_TEST(parseWhole(withFields("Content-Length: 6")).body == "hello");
  BOOST_TEST(parseInPieces(withChunks("5\r\nhello\r\n5\r\nwo"), 1).body == "hellowo");
}

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
    Outcome onBody(std::span<const char>) override { return failure(ErrorKind::kClientGone, "gone"); }
  };
  for (const std::string& bytes :
       {withFields("Content-Length: 5"), withFields("A: b"), withChunks("5\r\nhello\r\n0\r\n\r\n")}) {
    Failing events;
    ResponseParser parser(false, events);
    BOOST_TEST(outcomeOf(parser.feed(bytes)) == "client-gone");
  }
}

BOOST_AUTO_TEST_CASE(the_error_tells_what_came_without_its_control_characters) {
  ResponseRecorder recorder;
  ResponseParser parser(false, recorder);
  const auto refused = parser.feed("SSH-2.0-OpenSSH\r\nlog: line\x1b\r\n\r\n"s);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().detail.find("SSH-2.0-OpenSSH\\x0d\\x0alog: line\\x1b") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
