// Exchanges that change the protocol: only to what was offered, and with not a byte lost behind the head.
#include <boost/test/unit_test.hpp>

#include "common/http/exchange.h"
#include "tests/unit/support/exchange_ends.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(exchange_upgrade, *boost::unit_test::timeout(60))

namespace {

constexpr milliseconds kLong{20'000};
constexpr ExchangeLimits kLimits{kLong, kLong, kLong, kLong};
const std::string kHead = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket, foo\r\n\r\n";
const std::string kSwitch = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

struct Ended {
  Result<ExchangeEnd> end;
  RecordingSink sink;
  std::string rest;  // what the connection still gives
};

// The peer's response comes in pieces of `step` bytes.
Ended answered(const std::string& response, std::string_view offered, std::size_t step = 1'000'000) {
  SocketPair pair = makeSocketPair();
  const auto connection = makeClearConnection(std::move(pair.ours));
  const ScriptedPeer peer(std::move(pair.theirs), [&](FileDescriptor& end) {
    receive(end.get(), kHead.size());
    for (std::size_t sent = 0; sent < response.size(); sent += step) sendAll(end.get(), response.substr(sent, step));
  });
  ListedBody none;
  RecordingSink sink;
  auto end = exchangeHere(*connection, {kHead, {}, false, offered, kLimits}, none, sink);
  std::string rest;
  std::vector<char> buffer(1000);
  while (true) {
    const IoResult got = connection->readWithin(buffer, kLong);
    if (got.state != IoState::kDone) break;
    rest.append(buffer.data(), got.bytes);
  }
  return {std::move(end), std::move(sink), std::move(rest)};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_switch_to_what_was_offered_ends_the_exchange) {
  const Ended ended = answered(kSwitch, "websocket");
  BOOST_REQUIRE_EQUAL(outcomeOf(ended.end), "done");
  BOOST_TEST(ended.end->switched);
  BOOST_TEST(ended.end->requestIsComplete);
  BOOST_TEST(!ended.end->connectionIsReusable);
  BOOST_TEST(ended.end->behindHead == "");
  BOOST_TEST(ended.sink.switchStatus == 101);
  BOOST_TEST(ended.sink.status == 0);
}

BOOST_AUTO_TEST_CASE(the_choice_is_compared_without_case_and_may_be_any_of_the_offer) {
  BOOST_TEST(outcomeOf(answered(kSwitch, "WebSocket").end) == "done");
  BOOST_TEST(outcomeOf(answered(kSwitch, "foo, websocket").end) == "done");
  BOOST_TEST(outcomeOf(answered("HTTP/1.1 101 x\r\nupgrade:  FOO\t\r\n\r\n", "websocket, foo").end) == "done");
}

BOOST_AUTO_TEST_CASE(a_switch_that_was_not_offered_is_malformed) {
  struct Row {
    std::string response;
    std::string_view offered;
  };
  const Row rows[] = {
      {kSwitch, ""},
      {kSwitch, "foo"},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", "websocket"},
      {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "websocket"},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade:\r\n\r\n", "websocket"},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket, h2c\r\n\r\n", "websocket"},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket/13\r\n\r\n", "websocket"},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.response << " to " << row.offered) {
      const Ended ended = answered(row.response, row.offered);
      BOOST_REQUIRE_EQUAL(outcomeOf(ended.end), "malformed-response");
      BOOST_TEST(ended.end.error().detail.find("101") != std::string::npos);
      BOOST_TEST(ended.sink.switchStatus == 0);
    }
}

// Whatever has been read behind the head, and whatever has not, is all there is, in its order.
BOOST_AUTO_TEST_CASE(no_byte_behind_the_head_is_lost_or_taken_for_http) {
  const std::string behind = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello\x81\x05" + std::string(200'000, 'x');
  for (const std::size_t step : {1'000'000, 1'000, 97}) BOOST_TEST_CONTEXT("pieces of " << step) {
      const Ended ended = answered(kSwitch + behind, "websocket", step);
      BOOST_REQUIRE_EQUAL(outcomeOf(ended.end), "done");
      BOOST_TEST((ended.end->behindHead + ended.rest == behind));
      BOOST_TEST(ended.sink.received == "");
    }
}

BOOST_AUTO_TEST_CASE(interim_responses_may_come_before_the_switch) {
  const Ended ended = answered("HTTP/1.1 103 Early Hints\r\n\r\n" + kSwitch + "first", "websocket");
  BOOST_REQUIRE_EQUAL(outcomeOf(ended.end), "done");
  BOOST_TEST(ended.end->switched);
  BOOST_TEST((ended.end->behindHead + ended.rest == "first"));
  BOOST_TEST(ended.sink.interims.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_backend_that_does_not_switch_answers_like_any_other) {
  const Ended ended =
      answered("HTTP/1.1 426 Upgrade Required\r\nUpgrade: foo\r\nContent-Length: 3\r\n\r\nno!", "websocket");
  BOOST_REQUIRE_EQUAL(outcomeOf(ended.end), "done");
  BOOST_TEST(!ended.end->switched);
  BOOST_TEST(ended.end->connectionIsReusable);
  BOOST_TEST(ended.sink.status == 426);
  BOOST_TEST(ended.sink.received == "no!");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
