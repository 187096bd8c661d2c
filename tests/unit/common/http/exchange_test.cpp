// One request and its response over a real socket, with a peer that keeps to HTTP.
#include "common/http/exchange.h"

#include <atomic>
#include <boost/test/unit_test.hpp>

#include "tests/unit/support/exchange_ends.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(exchange, *boost::unit_test::timeout(120))

namespace {

constexpr milliseconds kLong{20'000};
constexpr ExchangeLimits kLimits{kLong, kLong, kLong, kLong};
constexpr BodyFraming kNoBody{};
constexpr BodyFraming kChunked{BodyFraming::Kind::kChunked, 0};
const std::string kHead = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

ExchangePlan plan(BodyFraming framing, ExchangeLimits limits = kLimits, bool isHead = false) {
  return {kHead, framing, isHead, "", limits};
}

constexpr BodyFraming length(std::uint64_t count) {
  return {BodyFraming::Kind::kLength, count};
}

// A request whose head and body are `expected` on the wire, answered by `response`; the connection stays open.
struct Ended {
  ExchangeEnd end;
  RecordingSink sink;
};
Ended answered(const std::string& response, BodyFraming framing = kNoBody, ListedBody body = ListedBody{},
               const std::string& expectedBody = "", bool isHead = false) {
  SocketPair pair = makeSocketPair();
  std::string seen;
  Ended ended;
  {
    const auto connection = makeClearConnection(std::move(pair.ours));
    const ScriptedPeer peer(std::move(pair.theirs), [&](FileDescriptor& end) {
      seen = receive(end.get(), kHead.size() + expectedBody.size());
      sendAll(end.get(), response);
      seen += receiveUntilEnd(end.get());
    });
    const auto result = exchangeHere(*connection, plan(framing, kLimits, isHead), body, ended.sink);
    BOOST_REQUIRE_EQUAL(outcomeOf(result), "done");
    ended.end = *result;
    connection->endWriting();
  }
  BOOST_TEST(seen == kHead + expectedBody);
  return ended;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_get_is_sent_and_its_response_comes_whole) {
  const Ended ended = answered("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  BOOST_TEST(ended.sink.status == 200);
  BOOST_TEST(ended.sink.received == "hello");
  BOOST_TEST(ended.sink.saidComplete);
  BOOST_TEST(ended.end.requestIsComplete);
  BOOST_TEST(ended.end.connectionIsReusable);
}

BOOST_AUTO_TEST_CASE(a_body_is_sent_as_it_is_framed) {
  const std::string response = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";
  struct Row {
    BodyFraming framing;
    std::vector<std::string> pieces;
    std::string expected;
  };
  const Row rows[] = {
      {length(11), {"hello ", "world"}, "hello world"},
      {length(0), {}, ""},
      {kChunked, {"hello ", "world"}, "6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n"},
      {kChunked, {}, "0\r\n\r\n"},
      {kChunked, {"", "hello", "", "x", ""}, "5\r\nhello\r\n1\r\nx\r\n0\r\n\r\n"},
      {length(6), {"", "hello", "", "x", ""}, "hellox"},
      {length(3'000'000), {std::string(3'000'000, 'x')}, std::string(3'000'000, 'x')},
  };
  for (const Row& row : rows) {
    const Ended ended = answered(response, row.framing, ListedBody(row.pieces), row.expected);
    BOOST_TEST(ended.sink.status == 201);
    BOOST_TEST(ended.end.requestIsComplete);
    BOOST_TEST(ended.end.connectionIsReusable);
  }
}

BOOST_AUTO_TEST_CASE(responses_of_every_framing_come_whole) {
  struct Row {
    std::string response;
    std::string body;
    bool reusable;
  };
  const Row rows[] = {
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "hello!", true},
      {"HTTP/1.1 204 No Content\r\n\r\n", "", true},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "", true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", "hello", false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello", "hello", true},
      // Whoever sends more than it announced is not trusted with another request.
      {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhello", "hell", false},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", "", false},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", false},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.response) {
      const Ended ended = answered(row.response);
      BOOST_TEST(ended.sink.received == row.body);
      BOOST_TEST(ended.end.connectionIsReusable == row.reusable);
    }
}

BOOST_AUTO_TEST_CASE(a_response_to_head_has_no_body) {
  const auto toHead = [](const std::string& response) { return answered(response, kNoBody, ListedBody{}, "", true); };
  const Ended clean = toHead("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  BOOST_TEST(clean.sink.received == "");
  BOOST_TEST(clean.end.connectionIsReusable);
  BOOST_TEST(!toHead("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").end.connectionIsReusable);
}

BOOST_AUTO_TEST_CASE(interim_responses_come_before_the_final_one) {
  const std::string final = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  const Ended ended = answered("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + final);
  const std::vector<int> expected{100, 103};
  BOOST_TEST(ended.sink.interims == expected, boost::test_tools::per_element());
  BOOST_TEST(ended.sink.status == 200);
  BOOST_TEST(ended.sink.received == "hello");
  BOOST_TEST(ended.end.connectionIsReusable);
}

BOOST_AUTO_TEST_CASE(a_response_that_ends_with_the_connection_comes_whole) {
  SocketPair pair = makeSocketPair();
  const auto connection = makeClearConnection(std::move(pair.ours));
  const std::string body(1'000'000, 'x');
  const ScriptedPeer peer(std::move(pair.theirs), [&body](FileDescriptor& end) {
    receive(end.get(), kHead.size());
    sendAll(end.get(), "HTTP/1.1 200 OK\r\n\r\n" + body);
  });
  ListedBody none;
  RecordingSink sink;
  const auto end = exchangeHere(*connection, plan(kNoBody), none, sink);
  BOOST_REQUIRE_EQUAL(outcomeOf(end), "done");
  BOOST_TEST((sink.received == body));
  BOOST_TEST(!end->connectionIsReusable);
}

BOOST_AUTO_TEST_CASE(exchanges_follow_each_other_on_one_connection) {
  SocketPair pair = makeSocketPair();
  const auto connection = makeClearConnection(std::move(pair.ours));
  const ScriptedPeer peer(std::move(pair.theirs), [](FileDescriptor& end) {
    while (receive(end.get(), kHead.size()) == kHead)
      sendAll(end.get(), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  });
  for (int count = 0; count < 10; ++count) {
    ListedBody none;
    RecordingSink sink;
    const auto end = exchangeHere(*connection, plan(kNoBody), none, sink);
    BOOST_REQUIRE_EQUAL(outcomeOf(end), "done");
    BOOST_TEST(sink.received == "hello");
    BOOST_TEST(end->connectionIsReusable);
    BOOST_TEST((connection->idleness() == Idleness::kOpen));
  }
  connection->endWriting();
}

BOOST_AUTO_TEST_CASE(what_comes_in_single_bytes_is_understood) {
  SocketPair pair = makeSocketPair();
  const auto connection = makeClearConnection(std::move(pair.ours));
  std::atomic<bool> over{false};
  const ScriptedPeer peer(std::move(pair.theirs), [&over](FileDescriptor& end) {
    receive(end.get(), kHead.size());
    const std::string bytes =
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    for (const char byte : bytes) {
      sendAll(end.get(), {&byte, 1});
      std::this_thread::sleep_for(milliseconds{1});
    }
    while (!over) std::this_thread::sleep_for(milliseconds{1});
  });
  ListedBody none;
  RecordingSink sink;
  const auto end = exchangeHere(*connection, plan(kNoBody), none, sink);
  over = true;
  BOOST_REQUIRE_EQUAL(outcomeOf(end), "done");
  BOOST_TEST(sink.received == "hello");
  BOOST_TEST(end->connectionIsReusable);
}

// The peer goes on only when what it has sent has been flushed to the client.
BOOST_AUTO_TEST_CASE(what_has_come_is_flushed_when_the_sender_pauses) {
  SocketPair pair = makeSocketPair();
  const auto connection = makeClearConnection(std::move(pair.ours));
  RecordingSink sink;
  std::atomic<std::size_t> flushed{0};
  sink.onFlush = [&] { flushed = sink.received.size(); };
  const ScriptedPeer peer(std::move(pair.theirs), [&flushed](FileDescriptor& end) {
    receive(end.get(), kHead.size());
    sendAll(end.get(), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    for (std::size_t sent = 0; sent < 10; sent += 2) {
      sendAll(end.get(), "ab");
      for (int wait = 0; wait < 10'000 && flushed < sent + 2 && sent < 8; ++wait)
        std::this_thread::sleep_for(milliseconds{1});
    }
  });
  ListedBody none;
  const auto end = exchangeHere(*connection, plan(kNoBody), none, sink);
  BOOST_REQUIRE_EQUAL(outcomeOf(end), "done");
  BOOST_TEST(sink.received == "ababababab");
  BOOST_TEST(flushed >= 8u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
