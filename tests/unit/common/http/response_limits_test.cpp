// How large a response's head may be: what the caller of the parser says, however the bytes come.
#include <boost/test/unit_test.hpp>

#include "tests/unit/support/parsed_response.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(response_limits)

namespace {

std::string parsedWith(HeadLimits limits, const std::string& bytes, std::size_t size) {
  ResponseRecorder recorder;
  ResponseParser parser(false, recorder, limits);
  for (std::size_t place = 0; !parser.isDone() && place < bytes.size(); place += size) {
    recorder.pending.append(bytes.substr(place, size));
    const auto used = parser.feed(recorder.pending);
    if (!used) return used.error().detail;
    recorder.pending.erase(0, *used);
  }
  return std::string{parser.isDone() ? "done" : "unfinished"};
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_limits_of_a_head_are_the_callers) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: " + std::string(200, 'a') + "\r\n\r\n";
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, head.size()}) {
    BOOST_TEST(parsedWith({2, 300}, head, size) == "done");
    BOOST_TEST(parsedWith({1, 300}, head, size) == "the response head has more than 1 fields");
    BOOST_TEST(parsedWith({2, 150}, head, size) == "the response head has more than 150 bytes");
  }
}

BOOST_AUTO_TEST_CASE(what_stands_around_a_field_counts_too) {
  std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
  for (int count = 0; count < 50; ++count) head += "A: b\r\n";
  head += "\r\n";
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, head.size()}) {
    BOOST_TEST(parsedWith({100, head.size() + 10}, head, size) == "done");
    BOOST_TEST(parsedWith({100, head.size() - 10}, head, size) ==
               "the response head has more than " + std::to_string(head.size() - 10) + " bytes");
  }
}

// The limit is the head's: a body of many chunks is not measured by it, and trailers are.
BOOST_AUTO_TEST_CASE(a_small_limit_leaves_the_body_alone) {
  std::string bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int count = 0; count < 100; ++count) bytes += "5;extension=x\r\nhello\r\n";
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, std::size_t{64}, bytes.size() * 2}) {
    BOOST_TEST(parsedWith({1, 60}, bytes + "0\r\n\r\n", size) == "done");
    BOOST_TEST(parsedWith({1, 60}, bytes + "0\r\nX: " + std::string(60, 'x') + "\r\n\r\n", size) ==
               "the trailers have more than 60 bytes");
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
