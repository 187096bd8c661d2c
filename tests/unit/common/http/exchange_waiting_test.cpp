// Exchanges as they wait: what they wait for, that a wait may end in another thread, and that a client that is behind
// holds up the backend.
#include <sys/socket.h>

#include <boost/test/unit_test.hpp>
#include <numeric>

#include "common/http/exchange.h"
#include "tests/unit/support/exchange_ends.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(exchange_waiting, *boost::unit_test::timeout(120))

namespace {

constexpr milliseconds kLong{20'000};
constexpr milliseconds kShort{30};
constexpr ExchangeLimits kLimits{kLong, kLong, kLong, kLong};
constexpr BodyFraming kNoBody{};
constexpr BodyFraming kChunked{BodyFraming::Kind::kChunked, 0};
const std::string kHead = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// An exchange whose every wait gives the thread back, and the backend's end of its connection.
struct Parked {
  explicit Parked(RequestBody& body, BodyFraming framing = kNoBody, ExchangeLimits limits = kLimits)
      : task(runExchange(*connection, {kHead, framing, false, "", limits}, body, sink, waiter)) {
    task.start();
  }
  // Goes on until nothing more happens by itself; at most so often.
  void goOn(int most = 1000) {
    for (int count = 0; count < most && waiter.isParked() && isReady(); ++count) waiter.resumeWhenReady();
  }
  bool isReady() const { return awaitEvents(waiter.interest(), {}, Clock::now() + milliseconds{20}).has_value(); }

  SocketPair pair = makeSocketPair();
  FileDescriptor peer = std::move(pair.theirs);
  std::unique_ptr<Connection> connection = makeClearConnection(std::move(pair.ours));
  RecordingSink sink;
  ParkingWaiter waiter;
  Task<Result<ExchangeEnd>> task;
};

// Bytes that the peer could still push into the connection before it blocks.
std::size_t roomOf(int descriptor) {
  std::size_t room = 0;
  const std::string bytes(10'000, 'x');
  for (ssize_t count; (count = ::send(descriptor, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL)) > 0;)
    room += static_cast<std::size_t>(count);
  return room;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_exchange_gives_its_thread_back_until_the_backend_speaks) {
  ListedBody none;
  Parked parked(none);
  BOOST_REQUIRE(parked.waiter.isParked());
  const Interest& interest = parked.waiter.interest();
  BOOST_TEST(interest.backend == parked.connection->descriptor());
  BOOST_TEST(interest.backendEvents == POLLIN);
  BOOST_TEST(interest.clientEvents == 0);
  BOOST_TEST(receive(parked.peer.get(), kHead.size()) == kHead);
  sendAll(parked.peer.get(), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
  parked.waiter.resumeWhenReady();
  BOOST_TEST(parked.sink.status == 200);
  BOOST_REQUIRE(parked.waiter.isParked());
  sendAll(parked.peer.get(), "lo");
  parked.waiter.resumeWhenReady();
  BOOST_REQUIRE(parked.task.isDone());
  BOOST_TEST(parked.task.result()->connectionIsReusable);
  BOOST_TEST(parked.sink.received == "hello");
}

BOOST_AUTO_TEST_CASE(each_wait_may_end_in_another_thread) {
  SocketPair pair = makeSocketPair();
  const auto connection = makeClearConnection(std::move(pair.ours));
  std::vector<std::string> pieces;
  for (int count = 0; count < 40; ++count) pieces.emplace_back(50'000, static_cast<char>('a' + count % 26));
  const std::string all = std::accumulate(pieces.begin(), pieces.end(), std::string{});
  const ScriptedPeer peer(std::move(pair.theirs), [&all](FileDescriptor& end) {
    receive(end.get(), kHead.size());
    sendAll(end.get(), "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(all.size()) + "\r\n\r\n");
    for (std::size_t count = 0; count < all.size(); count += 50'000) sendAll(end.get(), receive(end.get(), 50'000));
    receiveUntilEnd(end.get());
  });
  ListedBody body(pieces);
  RecordingSink sink;
  ParkingWaiter waiter;
  const ExchangePlan plan{kHead, {BodyFraming::Kind::kLength, all.size()}, false, "", kLimits};
  const auto end = finishedInThreads(runExchange(*connection, plan, body, sink, waiter), waiter);
  connection->endWriting();
  BOOST_REQUIRE_EQUAL(outcomeOf(end), "done");
  BOOST_TEST((sink.received == all));
  BOOST_TEST(end->connectionIsReusable);
}

BOOST_AUTO_TEST_CASE(a_wait_that_ends_for_nothing_changes_nothing) {
  ListedBody none;
  Parked parked(none);
  for (int count = 0; count < 100; ++count) {
    BOOST_REQUIRE(parked.waiter.isParked());
    parked.waiter.resume({});
  }
  sendAll(parked.peer.get(), "HTTP/1.1 204 No Content\r\n\r\n");
  parked.waiter.resumeWhenReady();
  BOOST_REQUIRE(parked.task.isDone());
  BOOST_TEST(outcomeOf(parked.task.result()) == "done");
}

BOOST_AUTO_TEST_CASE(a_client_that_goes_ends_the_exchange) {
  ListedBody none;
  Parked parked(none);
  parked.waiter.resume({.clientGone = true});
  BOOST_REQUIRE(parked.task.isDone());
  const auto end = parked.task.result();
  BOOST_REQUIRE_EQUAL(outcomeOf(end), "client-gone");
  BOOST_TEST(end.error().seen == Seen::kMaybeRan);
}

BOOST_AUTO_TEST_CASE(an_exchange_that_is_destroyed_while_it_waits_leaves_nothing) {
  const std::size_t before = countDescriptors();
  {
    ListedBody none;
    const Parked parked(none);
    BOOST_TEST(parked.waiter.isParked());
  }
  BOOST_TEST(countDescriptors() == before);
}

BOOST_AUTO_TEST_CASE(a_body_that_has_nothing_yet_is_awaited_from_the_client) {
  SocketPair client = makeSocketPair();
  SocketBody body(std::move(client.ours));
  Parked parked(body, kChunked);
  BOOST_REQUIRE(parked.waiter.isParked());
  BOOST_TEST(parked.waiter.interest().clientEvents == POLLIN);
  sendAll(client.theirs.get(), "hello");
  parked.waiter.resume({.client = true});
  ::shutdown(client.theirs.get(), SHUT_WR);
  parked.waiter.resume({.client = true});
  const std::string sent = kHead + "5\r\nhello\r\n0\r\n\r\n";
  BOOST_TEST(receive(parked.peer.get(), sent.size()) == sent);
  sendAll(parked.peer.get(), "HTTP/1.1 204 No Content\r\n\r\n");
  parked.goOn();
  BOOST_TEST(parked.task.isDone());
}

// A response that is read for a client that does not would fill the memory.
BOOST_AUTO_TEST_CASE(nothing_is_read_for_a_client_that_is_full) {
  bool full = false;
  ListedBody none;
  Parked parked(none);
  parked.sink.fullness = [&full] { return full; };
  parked.sink.onBody = [&full] { return full = true, Outcome{}; };
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n";
  sendAll(parked.peer.get(), head);
  std::size_t sent = roomOf(parked.peer.get());
  parked.goOn();
  BOOST_REQUIRE(parked.waiter.isParked());
  const std::size_t received = parked.sink.received.size();
  BOOST_TEST(received > 0u);
  BOOST_TEST(received <= ResponseParser::kMaximumHead);
  BOOST_TEST((parked.waiter.interest().backendEvents & POLLIN) == 0);
  BOOST_TEST(parked.waiter.interest().clientEvents == POLLOUT);
  for (int count = 0; count < 20; ++count) {
    sent += roomOf(parked.peer.get());
    parked.waiter.resume({.backend = true, .client = true});
    BOOST_TEST(parked.sink.received.size() == received);
  }
  BOOST_TEST(sent < 3'000'000u);
  parked.sink.onBody = [] { return Outcome{}; };
  full = false;
  parked.waiter.resume({.client = true});
  for (int count = 0; count < 1000 && !parked.task.isDone(); ++count) {
    const std::string rest(std::min<std::size_t>(3'000'000 - sent, 50'000), 'x');
    const ssize_t gone = rest.empty() ? 0 : ::send(parked.peer.get(), rest.data(), rest.size(), MSG_DONTWAIT);
    sent += static_cast<std::size_t>(std::max<ssize_t>(gone, 0));
    if (parked.waiter.isParked()) parked.waiter.resumeWhenReady();
  }
  BOOST_REQUIRE(parked.task.isDone());
  BOOST_TEST(parked.task.result()->connectionIsReusable);
  BOOST_TEST(parked.sink.received.size() == 3'000'000u);
}

BOOST_AUTO_TEST_CASE(a_client_that_stays_full_times_out_and_the_backend_is_not_blamed) {
  ListedBody none;
  Parked parked(none, kNoBody, {kLong, milliseconds{1}, kLong, kShort});
  parked.sink.fullness = [&parked] { return !parked.sink.received.empty(); };
  sendAll(parked.peer.get(), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  for (int count = 0; count < 1000 && parked.waiter.isParked(); ++count) parked.waiter.resumeWhenReady();
  BOOST_REQUIRE(parked.task.isDone());
  const auto end = parked.task.result();
  BOOST_REQUIRE_EQUAL(outcomeOf(end), "client-timeout");
  BOOST_TEST(end.error().seen == Seen::kRan);
}

// The time in which nothing was read must not count as the backend's silence.
BOOST_AUTO_TEST_CASE(a_backend_has_all_its_time_again_when_the_client_reads_on) {
  bool full = false;
  ListedBody none;
  Parked parked(none, kNoBody, {kLong, milliseconds{2'000}, kLong, kLong});
  parked.sink.fullness = [&full] { return full; };
  parked.sink.onBody = [&full] { return full = true, Outcome{}; };
  sendAll(parked.peer.get(), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  parked.goOn();
  BOOST_REQUIRE(parked.waiter.isParked());
  std::this_thread::sleep_for(milliseconds{2'100});
  full = false;
  parked.waiter.resume({.client = true});
  BOOST_REQUIRE(!parked.task.isDone());
  sendAll(parked.peer.get(), "world");
  parked.goOn();
  BOOST_REQUIRE(parked.task.isDone());
  BOOST_TEST(outcomeOf(parked.task.result()) == "done");
}

BOOST_AUTO_TEST_CASE(what_the_sink_keeps_back_wakes_the_exchange_when_the_client_can_take_it) {
  ListedBody none;
  Parked parked(none);
  bool keeping = true;
  parked.sink.keeping = [&keeping] { return keeping; };
  sendAll(parked.peer.get(), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  parked.waiter.resume({.backend = true});
  BOOST_REQUIRE(parked.waiter.isParked());
  BOOST_TEST(parked.waiter.interest().clientEvents == POLLOUT);
  BOOST_TEST(parked.waiter.interest().backendEvents == POLLIN);  // not full: more may come
  keeping = false;
  parked.waiter.resume({.client = true});
  BOOST_TEST(parked.waiter.interest().clientEvents == 0);
}

BOOST_AUTO_TEST_CASE(an_error_of_fullness_ends_the_exchange) {
  ListedBody none;
  SocketPair pair = makeSocketPair();
  const auto connection = makeClearConnection(std::move(pair.ours));
  class Failing final : public ResponseSink {
   public:
    std::span<char> readBuffer() override { return buffer_; }
    Outcome interim(const ResponseHead&) override { return {}; }
    Outcome head(ResponseHead&, bool) override { return {}; }
    Outcome body(std::span<const char>) override { return {}; }
    Outcome trailers(const HeaderFields&) override { return {}; }
    Outcome push() override { return {}; }
    Outcome flush() override { return {}; }
    Outcome switched(ResponseHead&) override { return {}; }
    Result<bool> isFull() override { return failure(ErrorKind::kClientGone, "gone"); }
    bool keepsBack() const override { return false; }

   private:
    std::vector<char> buffer_ = std::vector<char>(ResponseParser::kMaximumHead);
  } sink;
  BOOST_TEST(outcomeOf(exchangeHere(*connection, {kHead, kNoBody, false, "", kLimits}, none, sink)) == "client-gone");
}

BOOST_AUTO_TEST_CASE(limits_hold_for_an_exchange_that_is_parked) {
  ListedBody none;
  Parked silent(none, kNoBody, {kShort, kLong, kLong, kLong});
  silent.waiter.resumeWhenReady();
  BOOST_REQUIRE(silent.task.isDone());
  BOOST_TEST(outcomeOf(silent.task.result()) == "first-byte-timeout");
  ListedBody large({std::string(10'000'000, 'x')});
  Parked notReading(large, kChunked, {kLong, kLong, kShort, kLong});
  BOOST_REQUIRE(notReading.waiter.isParked());
  BOOST_TEST((notReading.waiter.interest().backendEvents & POLLOUT) != 0);
  notReading.waiter.resumeWhenReady();
  BOOST_REQUIRE(notReading.task.isDone());
  BOOST_TEST(outcomeOf(notReading.task.result()) == "send-timeout");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
