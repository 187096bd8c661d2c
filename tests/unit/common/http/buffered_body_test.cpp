// Bodies of which a part is taken in first: no byte lost or doubled, whatever part that is.
#include "common/http/buffered_body.h"

#include <sys/socket.h>

#include <boost/test/unit_test.hpp>

#include "tests/unit/support/exchange_ends.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(buffered_body, *boost::unit_test::timeout(60))

namespace {

using Kind = BodyFraming::Kind;

std::string drained(RequestBody& body) {
  std::string bytes;
  for (int count = 0; count < 100'000; ++count) {
    const auto piece = body.next();
    BOOST_REQUIRE_EQUAL(outcomeOf(piece), "done");
    if (piece->state != BodyPiece::State::kBytes) break;
    bytes.append(piece->bytes.data(), piece->bytes.size());
  }
  return bytes;
}

Outcome filled(BufferedBody& body, std::uint64_t limit) {
  BlockingWaiter waiter;
  return finished(body.fill(limit, waiter));
}

std::vector<std::string> manyPieces() {
  std::vector<std::string> pieces;
  for (int count = 0; count < 30; ++count) pieces.emplace_back(10'000 + count, static_cast<char>('a' + count % 26));
  return pieces;
}
std::string joined(const std::vector<std::string>& pieces) {
  std::string all;
  for (const std::string& piece : pieces) all += piece;
  return all;
}

// Counts what is asked of it.
class CountingBody final : public RequestBody {
 public:
  explicit CountingBody(RequestBody& inner) : inner_(inner) {}
  Result<BodyPiece> next() override { return ++asked, inner_.next(); }
  bool blocks() const override { return inner_.blocks(); }
  int asked = 0;

 private:
  RequestBody& inner_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_body_comes_whole_however_much_of_it_was_taken_in) {
  const std::string all = joined(manyPieces());
  for (const std::uint64_t limit : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{64 * 1024},
                                    std::uint64_t{250'000}, std::uint64_t{all.size()}, std::uint64_t{1} << 40})
    BOOST_TEST_CONTEXT("limit " << limit) {
      ListedBody source(manyPieces());
      BufferedBody body(source);
      BOOST_REQUIRE_EQUAL(outcomeOf(filled(body, limit)), "done");
      BOOST_TEST((drained(body) == all));
      BOOST_TEST((body.next()->state == BodyPiece::State::kEnd));
    }
}

BOOST_AUTO_TEST_CASE(nothing_is_asked_past_the_limit) {
  ListedBody listed(manyPieces());
  CountingBody source(listed);
  BufferedBody body(source);
  BOOST_REQUIRE_EQUAL(outcomeOf(filled(body, 25'000)), "done");
  BOOST_TEST(source.asked == 3);
}

BOOST_AUTO_TEST_CASE(a_body_that_was_taken_in_whole_has_a_length) {
  ListedBody source({"hello ", "world"});
  BufferedBody body(source);
  BOOST_REQUIRE_EQUAL(outcomeOf(filled(body, 1000)), "done");
  const BodyFraming framing = body.framing({Kind::kChunked, 0});
  BOOST_TEST((framing.kind == Kind::kLength));
  BOOST_TEST(framing.length == 11u);
  BOOST_TEST(drained(body) == "hello world");
}

BOOST_AUTO_TEST_CASE(an_empty_body_has_the_length_zero) {
  ListedBody source;
  BufferedBody body(source);
  BOOST_REQUIRE_EQUAL(outcomeOf(filled(body, 1000)), "done");
  BOOST_TEST((body.framing({Kind::kChunked, 0}).kind == Kind::kLength));
  BOOST_TEST(body.framing({Kind::kChunked, 0}).length == 0u);
  BOOST_TEST((body.next()->state == BodyPiece::State::kEnd));
}

BOOST_AUTO_TEST_CASE(a_body_that_goes_on_keeps_its_framing_and_so_does_one_with_a_length) {
  ListedBody source(manyPieces());
  BufferedBody partial(source);
  BOOST_REQUIRE_EQUAL(outcomeOf(filled(partial, 1000)), "done");
  BOOST_TEST((partial.framing({Kind::kChunked, 0}).kind == Kind::kChunked));
  // Not what has come but what was announced: where the two differ the exchange must see it.
  ListedBody shorter({"hell"});
  BufferedBody whole(shorter);
  BOOST_REQUIRE_EQUAL(outcomeOf(filled(whole, 1000)), "done");
  BOOST_TEST(whole.framing({Kind::kLength, 5}).length == 5u);
}

BOOST_AUTO_TEST_CASE(what_has_not_come_yet_is_awaited_from_the_client) {
  SocketPair client = makeSocketPair();
  SocketBody source(std::move(client.ours));
  BufferedBody body(source);
  ParkingWaiter waiter({source.descriptor(), true});
  Task<Outcome> filling = body.fill(10, waiter);
  filling.start();
  BOOST_REQUIRE(waiter.isParked());
  BOOST_TEST(waiter.interest().clientEvents == POLLIN);
  BOOST_TEST(waiter.interest().backend == -1);
  sendAll(client.theirs.get(), "hello");
  waiter.resumeWhenReady();
  BOOST_REQUIRE(waiter.isParked());
  sendAll(client.theirs.get(), "world, and more");
  std::jthread([&waiter] { waiter.resumeWhenReady(); });
  BOOST_REQUIRE(filling.isDone());
  BOOST_TEST(outcomeOf(filling.result()) == "done");
  ::shutdown(client.theirs.get(), SHUT_WR);
  BOOST_TEST(drained(body) == "helloworld, and more");
}

BOOST_AUTO_TEST_CASE(a_client_that_goes_meanwhile_is_an_error) {
  SocketPair client = makeSocketPair();
  SocketBody source(std::move(client.ours));
  BufferedBody body(source);
  ParkingWaiter waiter;
  Task<Outcome> filling = body.fill(10, waiter);
  filling.start();
  BOOST_REQUIRE(waiter.isParked());
  waiter.resume({.clientGone = true});
  BOOST_REQUIRE(filling.isDone());
  BOOST_TEST(outcomeOf(filling.result()) == "client-gone");
}

BOOST_AUTO_TEST_CASE(an_error_of_the_source_is_passed_on) {
  ListedBody atOnce({"hello"}, failure(ErrorKind::kClientTooLarge, "too large"));
  BufferedBody body(atOnce);
  BOOST_TEST(outcomeOf(filled(body, 1000)) == "client-too-large");
  ListedBody later({"hello"}, failure(ErrorKind::kClientTimeout, "late"));
  BufferedBody partial(later);
  BOOST_REQUIRE_EQUAL(outcomeOf(filled(partial, 5)), "done");
  BOOST_TEST(outcomeOf(partial.next()) == "done");
  BOOST_TEST(outcomeOf(partial.next()) == "client-timeout");
}

BOOST_AUTO_TEST_CASE(it_goes_out_in_an_exchange_like_any_other_body) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n\r\n";
  SocketPair pair = makeSocketPair();
  const auto connection = makeClearConnection(std::move(pair.ours));
  const std::string all = joined(manyPieces());
  std::string seen;
  {
    const ScriptedPeer peer(std::move(pair.theirs), [&](FileDescriptor& end) {
      seen = receive(end.get(), head.size() + all.size()).substr(head.size());
      sendAll(end.get(), "HTTP/1.1 204 No Content\r\n\r\n");
    });
    ListedBody source(manyPieces());
    BufferedBody body(source);
    BOOST_REQUIRE_EQUAL(outcomeOf(filled(body, 1'000'000)), "done");
    RecordingSink sink;
    constexpr milliseconds kLong{20'000};
    const ExchangePlan plan{head, body.framing({Kind::kChunked, 0}), false, "", {kLong, kLong, kLong, kLong}};
    BOOST_TEST(outcomeOf(exchangeHere(*connection, plan, body, sink)) == "done");
  }
  BOOST_TEST((seen == all));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
