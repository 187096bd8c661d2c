// Bodies that are given once more: the same bytes, however far the first time went.
#include "common/http/replayed_body.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/support/exchange_ends.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(replayed_body)

namespace {

const std::vector<std::string> kPieces = {"one ", std::string(40'000, 'b'), std::string(90'000, 'c'), " end"};

std::string whole() {
  std::string all;
  for (const std::string& piece : kPieces) all += piece;
  return all;
}

// At most `most` pieces, and whether the end came.
std::string given(RequestBody& body, int most = 1000) {
  std::string bytes;
  for (int count = 0; count < most; ++count) {
    const auto piece = body.next();
    BOOST_REQUIRE_EQUAL(outcomeOf(piece), "done");
    if (piece->state != BodyPiece::State::kBytes) break;
    bytes.append(piece->bytes.data(), piece->bytes.size());
  }
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_same_bytes_come_again_from_wherever_it_is_rewound) {
  for (int first = 0; first <= 5; ++first)
    for (int second = 0; second <= 12; ++second) {
      ListedBody source(kPieces);
      ReplayedBody body(source, 1'000'000);
      const std::string before = given(body, first);
      BOOST_TEST(whole().starts_with(before));
      BOOST_REQUIRE(body.canRewind());
      BOOST_REQUIRE_EQUAL(outcomeOf(body.rewind()), "done");
      BOOST_TEST(whole().starts_with(given(body, second)));
      BOOST_REQUIRE_EQUAL(outcomeOf(body.rewind()), "done");
      BOOST_TEST((given(body) == whole()));
    }
}

BOOST_AUTO_TEST_CASE(past_the_limit_there_is_no_way_back) {
  ListedBody source(kPieces);
  ReplayedBody body(source, 50'000);
  given(body, 2);
  BOOST_TEST(body.canRewind());
  given(body, 1);
  BOOST_TEST(!body.canRewind());
  BOOST_TEST(given(body) == " end");
}

BOOST_AUTO_TEST_CASE(what_has_given_nothing_can_always_begin) {
  ListedBody source({"x"});
  ReplayedBody body(source, 0);
  BOOST_TEST(body.canRewind());
  BOOST_REQUIRE_EQUAL(outcomeOf(body.rewind()), "done");
  BOOST_TEST(given(body) == "x");
  BOOST_TEST(!body.canRewind());
}

BOOST_AUTO_TEST_CASE(an_error_of_the_source_is_passed_on) {
  ListedBody source({"x"}, failure(ErrorKind::kClientGone, "gone"));
  ReplayedBody body(source, 100);
  given(body, 1);
  BOOST_TEST(outcomeOf(body.next()) == "client-gone");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
