// Exchanges that fail: with which error, what the backend may have seen by then, and what the sink had.
#include <atomic>
#include <boost/test/unit_test.hpp>

#include "common/http/exchange.h"
#include "tests/unit/support/exchange_ends.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(exchange_errors, *boost::unit_test::timeout(120))

namespace {

constexpr milliseconds kLong{20'000};
constexpr ExchangeLimits kLimits{kLong, kLong, kLong, kLong};
constexpr BodyFraming kNoBody{};
constexpr BodyFraming kChunked{BodyFraming::Kind::kChunked, 0};
const std::string kHead = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

ExchangePlan plan(BodyFraming framing, ExchangeLimits limits = kLimits, bool isHead = false) {
  return {kHead, framing, isHead, "", limits};
}
const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";

// What came of an exchange that must fail.
struct Failed {
  Error error;
  RecordingSink sink;
};

Failed failed(SocketPair pair, ScriptedPeer::Script script, const ExchangeLimits& limits = kLimits,
              BodyFraming framing = kNoBody, ListedBody body = ListedBody{}, RecordingSink sink = {}) {
  Failed outcome{{}, std::move(sink)};
  auto connection = makeClearConnection(std::move(pair.ours));
  const ScriptedPeer peer(std::move(pair.theirs), std::move(script));
  const auto end = exchangeHere(*connection, plan(framing, limits), body, outcome.sink);
  connection.reset();  // a peer that waits for us can go
  BOOST_REQUIRE(!end);
  outcome.error = end.error();
  return outcome;
}

// A peer that reads the head, answers, and waits for us to go, or closes.
ScriptedPeer::Script answering(std::string response) {
  return [response = std::move(response)](FileDescriptor& end) {
    receive(end.get(), kHead.size());
    sendAll(end.get(), response);
    receiveUntilEnd(end.get());
  };
}
ScriptedPeer::Script answeringAndClosing(std::string response) {
  return [response = std::move(response)](FileDescriptor& end) {
    receive(end.get(), kHead.size());
    sendAll(end.get(), response);
  };
}

void silent(FileDescriptor& end) {
  receiveUntilEnd(end.get());
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_connection_that_closes_before_a_response) {
  SocketPair closed = makeSocketPair();
  closed.theirs = FileDescriptor();
  const Failed nothingSent = failed(std::move(closed), [](FileDescriptor&) {});
  BOOST_TEST(nothingSent.error.kind == ErrorKind::kClosedEarly);
  BOOST_TEST(nothingSent.error.seen == Seen::kNothing);
  const Failed sent = failed(makeSocketPair(), answeringAndClosing(""));
  BOOST_TEST(sent.error.kind == ErrorKind::kClosedEarly);
  BOOST_TEST(sent.error.seen == Seen::kMaybeRan);
  const Failed withinHead = failed(makeSocketPair(), answeringAndClosing("HTTP/1.1 200 OK\r\nContent-"));
  BOOST_TEST(withinHead.error.kind == ErrorKind::kClosedEarly);
  BOOST_TEST(withinHead.error.seen == Seen::kRan);
  const Failed afterInterim = failed(makeSocketPair(), answeringAndClosing("HTTP/1.1 103 Early Hints\r\n\r\n"));
  BOOST_TEST(afterInterim.error.kind == ErrorKind::kClosedEarly);
  BOOST_TEST(afterInterim.sink.status == 0);
}

BOOST_AUTO_TEST_CASE(a_connection_that_is_reset) {
  const auto resetting = [](const std::string& response) {
    return [response](FileDescriptor& end) {
      receive(end.get(), kHead.size());
      sendAll(end.get(), response);
      reset(end);
    };
  };
  BOOST_TEST(failed(makeTcpPair(), resetting("")).error.kind == ErrorKind::kClosedEarly);
  const Failed withinBody = failed(makeTcpPair(), resetting(kOk + "hel"));
  BOOST_TEST((withinBody.error.kind == ErrorKind::kBrokenBody || withinBody.error.kind == ErrorKind::kClosedEarly));
}

BOOST_AUTO_TEST_CASE(a_body_that_breaks_off_is_passed_on_and_never_called_whole) {
  struct Row {
    std::string response;
    std::string received;
  };
  const std::string chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const Row rows[] = {
      {kOk + "hel", "hel"},
      {kOk, ""},
      {chunkedHead + "5\r\nhel", "hel"},
      {chunkedHead + "5\r\nhello\r\n", "hello"},
      {chunkedHead + "5\r\nhello\r\n0\r\n", "hello"},
      {chunkedHead + "5\r\nhello\r\nx", "hello"},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.response) {
      const Failed broken = failed(makeSocketPair(), answeringAndClosing(row.response));
      BOOST_TEST(broken.error.kind == ErrorKind::kBrokenBody);
      BOOST_TEST(broken.error.seen == Seen::kRan);
      BOOST_TEST(broken.sink.status == 200);
      BOOST_TEST(broken.sink.received == row.received);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_response_reaches_nobody) {
  std::string hints;
  for (int count = 0; count < 10'000; ++count) hints += "HTTP/1.1 103 Early Hints\r\n\r\n";
  struct Row {
    std::string response;
    std::string_view kind;
  };
  const Row rows[] = {
      {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "malformed-response"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "malformed-response"},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "malformed-response"},
      {"HTTP/1.1 100 Continue\r\nTransfer-Encoding: gzip\r\n\r\n", "malformed-response"},
      {"HTTP/1.1 200 OK\r\nA: " + std::string(100'000, 'a'), "oversized-head"},
      {hints, "malformed-response"},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.response.substr(0, 60)) {
      const Failed refused = failed(makeSocketPair(), answering(row.response));
      BOOST_TEST(traitsOf(refused.error.kind).name == row.kind);
      BOOST_TEST(refused.error.seen == Seen::kRan);
      BOOST_TEST(refused.sink.status == 0);
    }
}

// The memory for what is not yet understood is the sink's buffer, and no more.
BOOST_AUTO_TEST_CASE(framing_without_end_is_given_up) {
  const std::string endless(1 << 20, 'a');
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& chunks : {"5;" + endless, "0\r\nTrailer: " + endless, "5\r\nhello\r\n0;" + endless})
    BOOST_TEST_CONTEXT(chunks.substr(0, 20)) {
      const Failed refused = failed(makeSocketPair(), answering(head + chunks));
      BOOST_TEST(refused.error.kind == ErrorKind::kBrokenBody);
      BOOST_TEST(refused.error.detail.find("closed") == std::string::npos, refused.error.detail);
    }
}

BOOST_AUTO_TEST_CASE(a_peer_that_says_nothing_times_out) {
  const Failed silence = failed(makeSocketPair(), silent, {milliseconds{20}, kLong, kLong, kLong});
  BOOST_TEST(silence.error.kind == ErrorKind::kFirstByteTimeout);
  BOOST_TEST(silence.error.seen == Seen::kMaybeRan);
  BOOST_TEST(silence.error.detail.find("20 ms") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_peer_that_pauses_within_the_body_times_out) {
  const Failed pause = failed(makeSocketPair(), answering(kOk + "hel"), {kLong, milliseconds{20}, kLong, kLong});
  BOOST_TEST(pause.error.kind == ErrorKind::kIdleTimeout);
  BOOST_TEST(pause.error.seen == Seen::kRan);
  BOOST_TEST(pause.sink.received == "hel");
}

BOOST_AUTO_TEST_CASE(a_peer_that_does_not_read_times_out) {
  std::atomic<bool> over{false};
  const auto notReading = [&over](FileDescriptor&) {
    while (!over) std::this_thread::sleep_for(milliseconds{1});
  };
  SocketPair pair = makeSocketPair();
  const auto connection = makeClearConnection(std::move(pair.ours));
  const ScriptedPeer peer(std::move(pair.theirs), notReading);
  ListedBody body({std::string(10'000'000, 'x')});
  RecordingSink sink;
  const auto end = exchangeHere(*connection, plan(kChunked, {kLong, kLong, milliseconds{20}, kLong}), body, sink);
  over = true;
  BOOST_REQUIRE_EQUAL(outcomeOf(end), "send-timeout");
  BOOST_TEST(end.error().seen == Seen::kMaybeRan);
}

// The limit runs from the end of the request to the response's head: whoever sends a byte now and then does not hold a
// worker for longer. The head here takes two seconds at least.
BOOST_AUTO_TEST_CASE(a_peer_that_drips_its_head_times_out) {
  const auto dripping = [](FileDescriptor& end) {
    receive(end.get(), kHead.size());
    sendAll(end.get(), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: ");
    for (int count = 0; count < 100 && sendAll(end.get(), "a"); ++count) std::this_thread::sleep_for(milliseconds{20});
    sendAll(end.get(), "\r\n\r\n");
  };
  SocketPair pair = makeSocketPair();
  const auto connection = makeClearConnection(std::move(pair.ours));
  const ScriptedPeer peer(std::move(pair.theirs), dripping);
  ListedBody none;
  RecordingSink sink;
  const auto end = exchangeHere(*connection, plan(kNoBody, {milliseconds{200}, kLong, kLong, kLong}), none, sink);
  BOOST_TEST(outcomeOf(end) == "first-byte-timeout");
}

BOOST_AUTO_TEST_CASE(an_error_of_the_client_ends_the_exchange) {
  const ListedBody broken({"hello"}, failure(ErrorKind::kClientGone, "gone"));
  const Failed gone = failed(makeSocketPair(), silent, kLimits, kChunked, broken);
  BOOST_TEST(gone.error.kind == ErrorKind::kClientGone);
  BOOST_TEST(gone.error.detail == "gone");
  BOOST_TEST(gone.error.seen == Seen::kMaybeRan);
}

// What the peer has then is less than a request: it must not get a byte that it could take for the next one.
BOOST_AUTO_TEST_CASE(a_body_that_is_not_as_long_as_announced_ends_the_exchange) {
  for (const std::vector<std::string>& pieces : {std::vector<std::string>{"hello", "GET /evil"}, {"hell"}, {}}) {
    std::string seen;
    const auto recording = [&seen](FileDescriptor& end) { seen = receiveUntilEnd(end.get()); };
    const Failed broken =
        failed(makeSocketPair(), recording, kLimits, {BodyFraming::Kind::kLength, 5}, ListedBody(pieces));
    BOOST_TEST(broken.error.kind == ErrorKind::kClientMalformed);
    BOOST_TEST(seen == kHead + (pieces.empty() ? "" : pieces.front()));
  }
}

BOOST_AUTO_TEST_CASE(an_error_of_the_sink_ends_the_exchange) {
  RecordingSink failing;
  failing.onBody = [] { return failure(ErrorKind::kClientGone, "gone"); };
  const Failed atBody = failed(makeSocketPair(), answering(kOk + "hello"), kLimits, kNoBody, ListedBody{}, failing);
  BOOST_TEST(atBody.error.kind == ErrorKind::kClientGone);
  BOOST_TEST(atBody.error.seen == Seen::kRan);
  failing.onHead = failing.onBody;
  const Failed atHead = failed(makeSocketPair(), answering(kOk + "hello"), kLimits, kNoBody, ListedBody{}, failing);
  BOOST_TEST(atHead.error.kind == ErrorKind::kClientGone);
  BOOST_TEST(atHead.sink.received == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
