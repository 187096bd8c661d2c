// Responses that are too much, or too little: heads without end, and whatever the connection's end cuts short.
#include "common/http/response_parser.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/support/parsed_response.h"
#include "tests/unit/support/printing.h"
#include "tests/unit/support/response_rows.h"

namespace proxytest {

using namespace proxycommon;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(response_parser)

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

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
