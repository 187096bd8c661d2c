// The bytes of a request in order, framed as its head says, however they are taken.
#include "common/http/request_writer.h"

#include <boost/test/unit_test.hpp>
#include <vector>

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(request_writer)

namespace {

constexpr BodyFraming kNoBody{};
constexpr BodyFraming kChunked{BodyFraming::Kind::kChunked, 0};
constexpr BodyFraming kLength{BodyFraming::Kind::kLength, 10};

// Writes all of it, at most `step` bytes at a time.
std::string written(BodyFraming framing, const std::vector<std::string>& pieces, std::size_t step = SIZE_MAX) {
  RequestWriter writer("head|", framing);
  std::string bytes;
  std::size_t next = 0;
  while (!writer.isDone()) {
    if (writer.wantsPiece()) {
      next < pieces.size() ? writer.add(pieces[next]) : writer.end();
      ++next;
    }
    std::string both{writer.first().data(), writer.first().size()};
    both.append(writer.second().data(), writer.second().size());
    const std::size_t count = std::min(step, both.size());
    bytes.append(both, 0, count);
    writer.take(count);
  }
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_request_is_its_head_and_its_framed_body) {
  struct Row {
    BodyFraming framing;
    std::vector<std::string> pieces;
    std::string expected;
  };
  const Row rows[] = {
      {kNoBody, {}, "head|"},
      {kLength, {"hello", "world"}, "head|helloworld"},
      {kLength, {}, "head|"},
      {kChunked, {}, "head|0\r\n\r\n"},
      {kChunked, {"hello"}, "head|5\r\nhello\r\n0\r\n\r\n"},
      {kChunked, {"hello", "x"}, "head|5\r\nhello\r\n1\r\nx\r\n0\r\n\r\n"},
      {kChunked, {std::string(16, 'a')}, "head|10\r\n" + std::string(16, 'a') + "\r\n0\r\n\r\n"},
      {kChunked, {std::string(65536, 'a')}, "head|10000\r\n" + std::string(65536, 'a') + "\r\n0\r\n\r\n"},
  };
  for (const Row& row : rows)
    for (const std::size_t step : {SIZE_MAX, std::size_t{1}, std::size_t{3}})
      BOOST_TEST((written(row.framing, row.pieces, step) == row.expected), row.expected.substr(0, 40)
                                                                               << " by " << step);
}

// It would write the last chunk, and what follows would be a request of its own to the backend.
BOOST_AUTO_TEST_CASE(an_empty_piece_does_not_end_a_chunked_body) {
  BOOST_TEST(written(kChunked, {"hello", "", "world"}) == "head|5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n");
  BOOST_TEST(written(kChunked, {"", "world"}) == "head|5\r\nworld\r\n0\r\n\r\n");
}

// The rest would be a request of its own to the backend, or the next request a part of this one.
BOOST_AUTO_TEST_CASE(a_body_that_is_not_as_long_as_announced_is_broken) {
  struct Row {
    std::vector<std::string> pieces;
    bool isBroken;
  };
  const Row rows[] = {{{"0123456789"}, false},
                      {{"01234", "56789"}, false},
                      {{"01234", "", "56789"}, false},
                      {{"0123"}, true},
                      {{}, true},
                      {{"0123456789x"}, true},
                      {{"01234", "56789x"}, true},
                      {{"0123456789", "x"}, true}};
  for (const Row& row : rows) {
    RequestWriter writer("", kLength);
    std::string sent;
    for (std::size_t next = 0; next < row.pieces.size() && !writer.isBroken(); ++next) {
      writer.add(row.pieces[next]);
      sent.append(writer.second().data(), writer.second().size());
      writer.take(writer.second().size());
    }
    if (!writer.isBroken()) writer.end();
    BOOST_TEST(writer.isBroken() == row.isBroken, sent);
    BOOST_TEST(sent.size() <= kLength.length);
  }
}

BOOST_AUTO_TEST_CASE(a_chunk_can_be_closed_before_a_pause) {
  RequestWriter writer("", kChunked);
  BOOST_TEST(!writer.closeChunk());
  writer.add(std::string_view("hello"));
  writer.take(3 + 5);
  BOOST_TEST(writer.closeChunk());
  BOOST_TEST((std::string_view(writer.first().data(), writer.first().size()) == "\r\n"));
  writer.take(2);
  BOOST_TEST(!writer.closeChunk());
  writer.add(std::string_view("x"));
  BOOST_TEST((std::string_view(writer.first().data(), writer.first().size()) == "1\r\n"));
  writer.take(4);
  writer.end();
  BOOST_TEST((std::string_view(writer.first().data(), writer.first().size()) == "\r\n0\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(a_piece_is_wanted_when_all_before_has_been_taken) {
  RequestWriter writer("head", kLength);
  BOOST_TEST(!writer.wantsPiece());
  writer.take(4);
  BOOST_TEST(writer.wantsPiece());
  writer.add(std::string_view("hello"));
  BOOST_TEST(!writer.wantsPiece());
  writer.take(4);
  BOOST_TEST(!writer.wantsPiece());
  writer.take(1);
  BOOST_TEST(writer.wantsPiece());
  writer.add(std::string_view("world"));
  writer.take(5);
  BOOST_TEST(!writer.isDone());
  writer.end();
  BOOST_TEST(writer.isDone());
  BOOST_TEST(!writer.wantsPiece());
}

BOOST_AUTO_TEST_CASE(a_request_without_a_body_wants_none) {
  RequestWriter writer("head", kNoBody);
  BOOST_TEST(!writer.isDone());
  writer.take(4);
  BOOST_TEST(!writer.wantsPiece());
  BOOST_TEST(writer.isDone());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
