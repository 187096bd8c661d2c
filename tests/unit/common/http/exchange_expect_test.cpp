// Expectations, trailers and the time for all of an exchange, over a real socket.
#include <sys/socket.h>

#include <boost/test/unit_test.hpp>

#include "common/http/exchange.h"
#include "tests/unit/support/exchange_ends.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(exchange_expect, *boost::unit_test::timeout(120))

namespace {

constexpr milliseconds kLong{20'000};
const std::string kHead = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n";
const std::string kBody = "5\r\nhello\r\n0\r\n\r\n";
const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

ExchangePlan expecting(milliseconds limit = kLong) {
  ExchangePlan plan{kHead, {BodyFraming::Kind::kChunked, 0}, false, "", {kLong, kLong, kLong, kLong}};
  plan.limits.expect = limit;
  plan.expectsContinue = true;
  return plan;
}

// A body that says whether it was asked.
class AskedBody final : public RequestBody {
 public:
  explicit AskedBody(HeaderFields trailers = {}) : trailers_(std::move(trailers)) {}
  Result<BodyPiece> next() override {
    if (asked++ == 0) return BodyPiece{BodyPiece::State::kBytes, std::string_view("hello")};
    return BodyPiece{};
  }
  bool blocks() const override { return true; }
  HeaderFields trailers() const override { return trailers_; }
  int asked = 0;

 private:
  HeaderFields trailers_;
};

struct Ended {
  std::string outcome;
  ExchangeEnd end;
  RecordingSink sink;
  AskedBody body;
  ExchangeReport report;
};

Ended run(ExchangePlan plan, ScriptedPeer::Script script, AskedBody body = AskedBody{}) {
  SocketPair pair = makeSocketPair();
  auto connection = makeClearConnection(std::move(pair.ours));
  const ScriptedPeer peer(std::move(pair.theirs), std::move(script));
  Ended ended{"", {}, {}, std::move(body), {}};
  plan.report = &ended.report;
  auto result = exchangeHere(*connection, std::move(plan), ended.body, ended.sink);
  ended.outcome = outcomeOf(result);
  if (result) ended.end = *result;
  connection.reset();  // or a peer that still sends would never end
  return ended;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_body_waits_for_the_backends_word) {
  std::string early;
  std::string late;
  const Ended ended = run(expecting(), [&](FileDescriptor& end) {
    receive(end.get(), kHead.size());
    const timeval moment{0, 50'000};
    ::setsockopt(end.get(), SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
    early = receive(end.get(), 1);
    const timeval none{};
    ::setsockopt(end.get(), SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
    sendAll(end.get(), "HTTP/1.1 100 Continue\r\n\r\n");
    late = receive(end.get(), kBody.size());
    sendAll(end.get(), kOk);
    receiveUntilEnd(end.get());
  });
  BOOST_TEST(ended.outcome == "done");
  BOOST_TEST(early == "");
  BOOST_TEST(late == kBody);
  BOOST_TEST(ended.end.connectionIsReusable);
  BOOST_TEST(ended.sink.status == 200);
}

BOOST_AUTO_TEST_CASE(another_interim_response_is_not_the_word) {
  const Ended ended = run(expecting(), [&](FileDescriptor& end) {
    receive(end.get(), kHead.size());
    sendAll(end.get(), "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
    receiveUntilEnd(end.get());
  });
  BOOST_TEST(ended.outcome == "done");
  BOOST_TEST(ended.body.asked == 0);
  BOOST_TEST(ended.sink.status == 417);
  BOOST_TEST(!ended.end.connectionIsReusable);
  BOOST_TEST(!ended.sink.saidComplete);
}

BOOST_AUTO_TEST_CASE(a_final_response_in_its_place_leaves_the_body_alone) {
  for (const std::string& response : {kOk, std::string("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")}) {
    std::string sent;
    const Ended ended = run(expecting(), [&](FileDescriptor& end) {
      receive(end.get(), kHead.size());
      sendAll(end.get(), response);
      sent = receiveUntilEnd(end.get());
    });
    BOOST_TEST(ended.outcome == "done");
    BOOST_TEST(ended.body.asked == 0);
    BOOST_TEST(sent == "");
    BOOST_TEST(!ended.end.connectionIsReusable);
  }
}

BOOST_AUTO_TEST_CASE(a_silent_backend_gets_the_body_after_the_limit) {
  std::string body;
  const Ended ended = run(expecting(milliseconds{30}), [&](FileDescriptor& end) {
    receive(end.get(), kHead.size());
    body = receive(end.get(), kBody.size());
    sendAll(end.get(), kOk);
    receiveUntilEnd(end.get());
  });
  BOOST_TEST(ended.outcome == "done");
  BOOST_TEST(body == kBody);
  BOOST_TEST(ended.end.connectionIsReusable);
}

BOOST_AUTO_TEST_CASE(a_backend_that_closes_in_its_place_may_be_asked_again) {
  SocketPair pair = makeSocketPair();
  const auto connection = makeClearConnection(std::move(pair.ours));
  const ScriptedPeer peer(std::move(pair.theirs), [](FileDescriptor& end) { receive(end.get(), kHead.size()); });
  AskedBody body;
  RecordingSink sink;
  const auto result = exchangeHere(*connection, expecting(), body, sink);
  BOOST_TEST(outcomeOf(result) == "closed-early");
  BOOST_TEST(result.error().seen == Seen::kMaybeRan);
  BOOST_TEST(body.asked == 0);
}

BOOST_AUTO_TEST_CASE(trailers_go_both_ways) {
  const std::string expected = "POST / HTTP/1.1\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: abc\r\nEmpty: \r\n\r\n";
  std::string seen;
  ExchangePlan plan = expecting();
  plan.expectsContinue = false;
  plan.headBytes = "POST / HTTP/1.1\r\n\r\n";
  const Ended ended = run(
      std::move(plan),
      [&](FileDescriptor& end) {
        seen = receive(end.get(), expected.size());
        sendAll(end.get(),
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: grpc-status\r\n\r\n2\r\nok\r\n0\r\n"
                "grpc-status: 0\r\nSet-Cookie: a=b\r\nX-Forwarded-For: c\r\nX-Note:  two words \r\n\r\n");
        receiveUntilEnd(end.get());
      },
      AskedBody({{"X-Sum", "abc"}, {"Content-Length", "9"}, {"Empty", ""}, {"Bad", "a\nb"}, {"b a d", "x"}}));
  BOOST_TEST(ended.outcome == "done");
  BOOST_TEST(seen == expected);
  BOOST_TEST(ended.sink.received == "ok");
  BOOST_TEST(ended.sink.trailing == "grpc-status: 0\nX-Note: two words\n");
  BOOST_TEST(ended.end.connectionIsReusable);
}

BOOST_AUTO_TEST_CASE(the_time_for_all_of_it_ends_what_goes_on_slowly) {
  ExchangePlan plan = expecting();
  plan.expectsContinue = false;
  plan.limits.end = Clock::now() + milliseconds{100};
  const Ended ended = run(std::move(plan), [](FileDescriptor& end) {
    receive(end.get(), kHead.size() + kBody.size());
    bool isThere = sendAll(end.get(), "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    for (int count = 0; count < 1000 && isThere; ++count) {
      isThere = sendAll(end.get(), "x");
      std::this_thread::sleep_for(milliseconds{5});
    }
  });
  BOOST_TEST(ended.outcome == "total-timeout");
}

BOOST_AUTO_TEST_CASE(a_byte_of_a_response_says_that_the_backend_has_run) {
  SocketPair pair = makeSocketPair();
  const auto connection = makeClearConnection(std::move(pair.ours));
  const ScriptedPeer peer(std::move(pair.theirs), [](FileDescriptor& end) {
    receiveUntil(end.get(), "\r\n\r\n");
    sendAll(end.get(), "H");
  });
  ListedBody none;
  RecordingSink sink;
  const auto result =
      exchangeHere(*connection, {"GET / HTTP/1.1\r\n\r\n", {}, false, "", {kLong, kLong, kLong, kLong}}, none, sink);
  BOOST_TEST(outcomeOf(result) == "closed-early");
  BOOST_TEST(result.error().seen == Seen::kRan);
}

BOOST_AUTO_TEST_CASE(the_report_counts_bytes_and_the_promise_is_told) {
  ExchangePlan plan = expecting();
  plan.expectsContinue = false;
  const std::string response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: max=100, timeout=7\r\n\r\nok";
  const Ended ended = run(std::move(plan), [&](FileDescriptor& end) {
    receive(end.get(), kHead.size() + kBody.size());
    sendAll(end.get(), response);
    receiveUntilEnd(end.get());
  });
  BOOST_TEST(ended.outcome == "done");
  BOOST_TEST(ended.report.sent == kHead.size() + kBody.size());
  BOOST_TEST(ended.report.received == response.size());
  BOOST_TEST((ended.report.firstByte != Clock::time_point{}));
  BOOST_REQUIRE(ended.end.promisedIdleTime.has_value());
  BOOST_TEST(ended.end.promisedIdleTime->count() == 7000);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
