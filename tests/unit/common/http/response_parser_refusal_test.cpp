// Responses that are malformed, hostile ones above all. Where RFC 9112 leaves a choice, the strict one is right.
#include "common/http/response_parser.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/support/parsed_response.h"
#include "tests/unit/support/printing.h"
#include "tests/unit/support/response_rows.h"

namespace proxytest {

using namespace proxycommon;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(response_parser)

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

BOOST_AUTO_TEST_CASE(the_error_tells_what_came_without_its_control_characters) {
  ResponseRecorder recorder;
  ResponseParser parser(false, recorder);
  const auto refused = parser.feed("SSH-2.0-OpenSSH\r\nlog: line\x1b\r\n\r\n"s);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().detail.find("SSH-2.0-OpenSSH\\x0d\\x0alog: line\\x1b") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
