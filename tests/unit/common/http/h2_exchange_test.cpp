// The request's side of a stream, with the test in the place of the loop: what it hears goes to the sink, what the
// client sends goes out within bounds, and what does not come in time has a name.
#include "common/http/h2_exchange.h"

#include <array>
#include <boost/test/unit_test.hpp>

#include "tests/unit/support/exchange_ends.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(h2_exchange, *boost::unit_test::timeout(60))

namespace {

constexpr milliseconds kLong{20'000};
constexpr milliseconds kShort{20};
constexpr BodyFraming kChunked{BodyFraming::Kind::kChunked, 0};

H2ExchangePlan planOf(BodyFraming framing, ExchangeLimits limits, milliseconds opening, bool expects) {
  H2ExchangePlan plan{framing, limits, opening};
  plan.expectsContinue = expects;
  return plan;
}

// An exchange that is parked at every wait, and the loop's end of its stream.
struct Parked {
  Parked(RequestBody& body, BodyFraming framing, ExchangeLimits limits = {kLong, kLong, kLong, kLong},
         milliseconds opening = kLong, bool expects = false)
      : stream(std::make_shared<H2Stream>(
            H2Request{}, [this] { ++wakes; }, [this](const std::shared_ptr<H2Stream>&) { ++asked; })),
        task(runH2Exchange(H2StreamHandle(stream), planOf(framing, limits, opening, expects), body, sink, waiter)) {
    task.start();
  }
  void open() { stream->setPlace({}, 1, {}); }
  void goOn() { waiter.resume({}); }
  void head(int status) {
    ResponseHead head;
    head.status = status;
    stream->onHead(head, false);
  }
  std::string sent(std::size_t most = 1'000'000) {
    std::string bytes(most, '\0');
    bytes.resize(stream->takeBody(bytes).bytes);
    return bytes;
  }

  int wakes = 0;
  int asked = 0;
  std::shared_ptr<H2Stream> stream;
  RecordingSink sink;
  ParkingWaiter waiter;
  Task<Result<ExchangeEnd>> task;
};

std::string_view bytesOf(const std::string& text) {
  return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_comes_goes_to_the_sink_in_its_order) {
  ListedBody none;
  Parked parked(none, {});
  parked.open();
  parked.head(103);
  parked.head(200);
  parked.stream->onBody(bytesOf("hello"));
  BOOST_TEST(parked.wakes == 1);  // once for all
  parked.goOn();
  BOOST_REQUIRE(parked.waiter.isParked());
  BOOST_TEST(parked.sink.interims == std::vector<int>{103});
  BOOST_TEST(parked.sink.status == 200);
  BOOST_TEST(parked.sink.received == "hello");
  parked.stream->onTrailers({{"grpc-status", "0"}});
  parked.stream->onEnd();
  BOOST_TEST(parked.wakes == 2);
  parked.goOn();
  BOOST_REQUIRE(parked.task.isDone());
  BOOST_TEST(outcomeOf(parked.task.result()) == "done");
  BOOST_REQUIRE(parked.sink.trailerFields.size() == 1U);
  BOOST_TEST(parked.sink.trailerFields.front().first == "grpc-status");
}

BOOST_AUTO_TEST_CASE(a_head_that_ends_a_call_of_grpc_gives_its_status_as_trailers) {
  ListedBody none;
  Parked parked(none, {});
  parked.open();
  ResponseHead head;
  head.status = 200;
  head.fields = {{"content-type", "application/grpc"}, {"grpc-status", "5"}};
  parked.stream->onHead(head, true);
  parked.goOn();
  BOOST_REQUIRE(parked.task.isDone());
  BOOST_TEST(parked.sink.status == 200);
  BOOST_REQUIRE(parked.sink.trailerFields.size() == 1U);
  BOOST_TEST(parked.sink.trailerFields.front().second == "5");
}

BOOST_AUTO_TEST_CASE(a_body_is_not_touched_before_there_is_a_place_and_is_bounded_then) {
  const std::string whole(200'000, 'x');
  ListedBody body({whole});
  Parked parked(body, kChunked);
  BOOST_TEST(parked.sent().empty());
  parked.open();
  parked.goOn();
  std::string sent = parked.sent(1000);
  BOOST_TEST(sent.size() == 1000U);
  int rounds = 0;
  while (sent.size() < whole.size() && ++rounds < 100) {
    const std::string more = parked.sent();
    BOOST_TEST(more.size() <= H2Stream::kOutbound);
    sent += more;
    parked.goOn();
  }
  BOOST_TEST(sent == whole);
  std::array<char, 1> none{};
  BOOST_TEST((parked.stream->takeBody(none).state == H2BodyPart::State::kEnd));
}

BOOST_AUTO_TEST_CASE(a_body_waits_for_the_word_that_was_asked_for) {
  constexpr ExchangeLimits kLimits{kLong, kLong, kLong, kLong, {}, kLong};
  ListedBody body({"hello"});
  Parked continued(body, kChunked, kLimits, kLong, true);
  continued.open();
  continued.goOn();
  BOOST_TEST(continued.sent() == "");
  continued.head(100);
  continued.goOn();
  BOOST_TEST(continued.sent() == "hello");

  ListedBody unread({"hello"});
  Parked answered(unread, kChunked, kLimits, kLong, true);
  answered.open();
  answered.goOn();
  answered.head(417);
  answered.stream->onEnd();
  answered.goOn();
  BOOST_REQUIRE(answered.task.isDone());
  BOOST_TEST(answered.sink.status == 417);
  BOOST_TEST(!answered.sink.saidComplete);
  BOOST_TEST(answered.sent() == "");

  // One that does not know of it gets the body after a while.
  ListedBody late({"hello"});
  Parked silent(late, kChunked, {kLong, kLong, kLong, kLong, {}, kShort}, kLong, true);
  silent.open();
  silent.goOn();
  for (int count = 0;
       count < 100 && silent.sent(0).empty() && silent.waiter.interest().until < Clock::now() + kLong / 2; ++count)
    silent.waiter.resumeWhenReady();
  BOOST_TEST(silent.sent() == "hello");
}

BOOST_AUTO_TEST_CASE(room_wakes_even_one_that_has_not_looked) {
  ListedBody body({std::string(200'000, 'x')});
  Parked parked(body, kChunked);
  parked.open();
  parked.goOn();
  parked.sink.fullness = [] { return true; };
  parked.head(200);
  parked.goOn();
  const int before = parked.wakes;
  parked.stream->onBody(bytesOf("waits"));
  parked.sent();
  BOOST_TEST(parked.wakes >= before + 1);
  parked.goOn();
  BOOST_TEST(!parked.sent().empty());
}

BOOST_AUTO_TEST_CASE(bodies_of_the_wrong_length_are_refused) {
  for (const char* sent : {"ab", "abcd"}) {
    ListedBody body({sent});
    Parked parked(body, {BodyFraming::Kind::kLength, 3});
    parked.open();
    parked.goOn();
    BOOST_REQUIRE(parked.task.isDone());
    BOOST_TEST(outcomeOf(parked.task.result()) == "client-malformed");
    BOOST_TEST(parked.stream->settle().left);
  }
}

BOOST_AUTO_TEST_CASE(a_client_that_is_behind_stalls_what_the_peer_may_send) {
  ListedBody none;
  Parked parked(none, {});
  parked.open();
  parked.head(200);
  parked.goOn();
  parked.sink.fullness = [] { return true; };
  parked.stream->onBody(std::string(H2Session::kStreamWindow, 'x'));
  parked.goOn();
  BOOST_TEST(parked.stream->settle().consumed == 0U);
  BOOST_TEST((parked.waiter.interest().clientEvents & POLLOUT) != 0);
  parked.sink.fullness = [] { return false; };
  parked.waiter.resume({.client = true});
  BOOST_TEST(parked.stream->settle().consumed == H2Session::kStreamWindow);
  BOOST_TEST(parked.sink.received.size() == H2Session::kStreamWindow);
}

BOOST_AUTO_TEST_CASE(what_does_not_come_in_time_has_a_name) {
  const auto endOf = [](RequestBody& body, BodyFraming framing, bool opens, int status, ExchangeLimits limits,
                        milliseconds opening) {
    Parked parked(body, framing, limits, opening);
    if (opens) parked.open();
    if (status > 0) parked.head(status);
    if (opens) parked.goOn();
    for (int round = 0; round < 5 && !parked.task.isDone(); ++round) parked.waiter.resumeWhenReady();
    BOOST_REQUIRE(parked.task.isDone());
    return std::string{outcomeOf(parked.task.result())};
  };
  ListedBody none;
  ListedBody large({std::string(1'000'000, 'x')});
  BOOST_TEST(endOf(none, {}, false, 0, {kLong, kLong, kLong, kLong}, kShort) == "connect-timeout");
  BOOST_TEST(endOf(none, {}, true, 0, {kShort, kLong, kLong, kLong}, kLong) == "first-byte-timeout");
  BOOST_TEST(endOf(none, {}, true, 200, {kLong, kShort, kLong, kLong}, kLong) == "idle-timeout");
  BOOST_TEST(endOf(large, kChunked, true, 0, {kLong, kLong, kShort, kLong}, kLong) == "send-timeout");
}

BOOST_AUTO_TEST_CASE(what_has_come_is_passed_on_before_an_error) {
  ListedBody none;
  Parked parked(none, {});
  parked.open();
  parked.head(200);
  parked.stream->onBody(bytesOf("part"));
  parked.stream->onFailed(failure(ErrorKind::kStreamReset, "reset", Seen::kRan));
  parked.goOn();
  BOOST_REQUIRE(parked.task.isDone());
  const auto end = parked.task.result();
  BOOST_TEST(outcomeOf(end) == "stream-reset");
  BOOST_TEST(end.error().seen == Seen::kRan);
  BOOST_TEST(parked.sink.received == "part");
}

BOOST_AUTO_TEST_CASE(a_client_that_goes_leaves_the_stream) {
  ListedBody none;
  {
    Parked parked(none, {});
    parked.open();
    parked.goOn();
    parked.waiter.resume({.clientGone = true});
    BOOST_REQUIRE(parked.task.isDone());
    BOOST_TEST(outcomeOf(parked.task.result()) == "client-gone");
  }
  std::shared_ptr<H2Stream> stream;
  {
    Parked dropped(none, {});
    stream = dropped.stream;
    BOOST_TEST(!stream->isLeft());
  }
  BOOST_TEST(stream->isLeft());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
