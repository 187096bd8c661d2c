// Both directions at once: responses that begin, or end, while the request is being sent; over clear connections and
// TLS.
#include <sys/socket.h>
#include <atomic>

#include <boost/test/unit_test.hpp>

#include "common/http/exchange.h"
#include "tests/unit/support/exchange_ends.h"
#include "tests/unit/support/printing.h"
#include "tests/unit/support/tls_server.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(exchange_duplex, *boost::unit_test::timeout(120))

namespace {

constexpr milliseconds kLong{20'000};
constexpr ExchangeLimits kLimits{kLong, kLong, kLong, kLong};
constexpr BodyFraming kChunked{BodyFraming::Kind::kChunked, 0};
const std::string kHead = "POST / HTTP/1.1\r\nHost: a\r\n\r\n";

ExchangePlan plan(BodyFraming framing, ExchangeLimits limits = kLimits, bool isHead = false) {
  return {kHead, framing, isHead, "", limits};
}
const std::string kTooLarge = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno!";

// Far more than the buffers of a socket hold, and every piece unlike the others.
std::vector<std::string> manyPieces() {
  std::vector<std::string> pieces;
  for (int count = 0; count < 200; ++count) pieces.emplace_back(50'000, static_cast<char>('a' + count % 26));
  return pieces;
}
std::string joined(const std::vector<std::string>& pieces) {
  std::string all;
  for (const std::string& piece : pieces) all += piece;
  return all;
}
BodyFraming lengthOf(const std::string& body) {
  return {BodyFraming::Kind::kLength, body.size()};
}

// Lets through a few bytes at a time, as a slow network would.
class NarrowConnection final : public Connection {
 public:
  NarrowConnection(Connection& wide, std::size_t width) : wide_(wide), width_(width) {}

  IoResult read(std::span<char> into) override { return wide_.read(narrowed(into)); }
  IoResult readWithin(std::span<char> into, milliseconds limit) override {
    return wide_.readWithin(narrowed(into), limit);
  }
  IoResult write(std::span<const char> first, std::span<const char> second) override {
    return first.empty() ? wide_.write({}, narrowed(second)) : wide_.write(narrowed(first), {});
  }
  Idleness idleness() override { return wide_.idleness(); }
  void endWriting() override { wide_.endWriting(); }
  bool hasHalfClose() const override { return wide_.hasHalfClose(); }
  int descriptor() const override { return wide_.descriptor(); }

 private:
  template <class Byte>
  std::span<Byte> narrowed(std::span<Byte> bytes) const {
    return bytes.first(std::min(bytes.size(), width_));
  }
  Connection& wide_;
  std::size_t width_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(an_early_error_ends_the_upload) {
  SocketPair pair = makeSocketPair();
  const auto connection = makeClearConnection(std::move(pair.ours));
  std::atomic<bool> over{false};
  const ScriptedPeer peer(std::move(pair.theirs), [&over](FileDescriptor& end) {
    receive(end.get(), kHead.size());
    sendAll(end.get(), kTooLarge);
    while (!over) std::this_thread::sleep_for(milliseconds{1});
  });
  ListedBody body(manyPieces());
  RecordingSink sink;
  const auto end = exchangeHere(*connection, plan(kChunked), body, sink);
  over = true;
  BOOST_REQUIRE_EQUAL(outcomeOf(end), "done");
  BOOST_TEST(sink.status == 413);
  BOOST_TEST(sink.received == "no!");
  BOOST_TEST(!sink.saidComplete);
  BOOST_TEST(!end->requestIsComplete);
  BOOST_TEST(!end->connectionIsReusable);
}

BOOST_AUTO_TEST_CASE(after_the_head_of_an_early_error_nothing_more_is_sent) {
  SocketPair pair = makeSocketPair();
  const auto connection = makeClearConnection(std::move(pair.ours));
  std::atomic<bool> headPassed{false};
  std::atomic<std::size_t> taken{0};
  const ScriptedPeer peer(std::move(pair.theirs), [&](FileDescriptor& end) {
    const std::string_view answer = kTooLarge;
    receive(end.get(), kHead.size());
    sendAll(end.get(), answer.substr(0, answer.size() - 3));
    while (!headPassed) std::this_thread::sleep_for(milliseconds{1});
    // Takes what still comes, until nothing has for a while.
    std::string bytes(100'000, ' ');
    for (int quiet = 0; quiet < 100; ++quiet) {
      for (ssize_t count; (count = ::recv(end.get(), bytes.data(), bytes.size(), MSG_DONTWAIT)) > 0; quiet = 0)
        taken += static_cast<std::size_t>(count);
      std::this_thread::sleep_for(milliseconds{1});
    }
    sendAll(end.get(), answer.substr(answer.size() - 3));
    receiveUntilEnd(end.get());
  });
  ListedBody body(manyPieces());
  RecordingSink sink;
  sink.onHead = [&headPassed] { return headPassed = true, Outcome{}; };
  const auto end = exchangeHere(*connection, plan(kChunked), body, sink);
  connection->endWriting();
  BOOST_REQUIRE_EQUAL(outcomeOf(end), "done");
  BOOST_TEST(sink.received == "no!");
  BOOST_TEST(taken < joined(manyPieces()).size() / 2);
}

// RFC 9112 9.5: it is read although sending has failed.
BOOST_AUTO_TEST_CASE(the_answer_of_a_peer_that_has_closed_meanwhile_is_passed_on) {
  for (const auto makePair : {&makeSocketPair, &makeTcpPair}) {
    SocketPair pair = makePair();
    const auto connection = makeClearConnection(std::move(pair.ours));
    const ScriptedPeer peer(std::move(pair.theirs), [](FileDescriptor& end) {
      receive(end.get(), kHead.size() + 10'000);
      sendAll(end.get(), kTooLarge);
    });
    ListedBody body(manyPieces());
    RecordingSink sink;
    const auto end = exchangeHere(*connection, plan(kChunked), body, sink);
    BOOST_REQUIRE_EQUAL(outcomeOf(end), "done");
    BOOST_TEST(sink.status == 413);
    BOOST_TEST(sink.received == "no!");
    BOOST_TEST(!end->connectionIsReusable);
  }
}

BOOST_AUTO_TEST_CASE(a_peer_that_closes_during_the_upload_without_an_answer_has_maybe_run) {
  SocketPair pair = makeSocketPair();
  const auto connection = makeClearConnection(std::move(pair.ours));
  const ScriptedPeer peer(std::move(pair.theirs), [](FileDescriptor& end) { receive(end.get(), kHead.size()); });
  ListedBody body(manyPieces());
  RecordingSink sink;
  const auto end = exchangeHere(*connection, plan(kChunked), body, sink);
  BOOST_REQUIRE_EQUAL(outcomeOf(end), "closed-early");
  BOOST_TEST(end.error().seen == Seen::kMaybeRan);
}

BOOST_AUTO_TEST_CASE(an_early_success_that_ends_first_leaves_the_request_incomplete) {
  SocketPair pair = makeSocketPair();
  const auto connection = makeClearConnection(std::move(pair.ours));
  std::atomic<bool> over{false};
  const ScriptedPeer peer(std::move(pair.theirs), [&over](FileDescriptor& end) {
    receive(end.get(), kHead.size());
    sendAll(end.get(), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes");
    while (!over) std::this_thread::sleep_for(milliseconds{1});
  });
  ListedBody body(manyPieces());
  RecordingSink sink;
  const auto end = exchangeHere(*connection, plan(kChunked), body, sink);
  over = true;
  BOOST_REQUIRE_EQUAL(outcomeOf(end), "done");
  BOOST_TEST(sink.received == "yes");
  BOOST_TEST(!sink.saidComplete);
  BOOST_TEST(!end->requestIsComplete);
  BOOST_TEST(!end->connectionIsReusable);
}

// Neither side could end if one waited for the other: the peer stops reading while nobody takes its echo.
BOOST_AUTO_TEST_CASE(an_echo_comes_back_while_the_upload_goes_on) {
  const std::vector<std::string> pieces = manyPieces();
  const std::string all = joined(pieces);
  SocketPair pair = makeSocketPair();
  const auto connection = makeClearConnection(std::move(pair.ours));
  const ScriptedPeer peer(std::move(pair.theirs), [&all](FileDescriptor& end) {
    receive(end.get(), kHead.size());
    sendAll(end.get(), "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(all.size()) + "\r\n\r\n");
    for (std::size_t count = 0; count < all.size(); count += 50'000) sendAll(end.get(), receive(end.get(), 50'000));
    receiveUntilEnd(end.get());
  });
  ListedBody body(pieces);
  RecordingSink sink;
  const auto end = exchangeHere(*connection, plan(lengthOf(all)), body, sink);
  connection->endWriting();
  BOOST_REQUIRE_EQUAL(outcomeOf(end), "done");
  BOOST_TEST((sink.received == all));
  BOOST_TEST(end->requestIsComplete);
  BOOST_TEST(end->connectionIsReusable);
}

// The client says its next word when it has the answer to the one before, and the peer answers whole chunks alone.
BOOST_AUTO_TEST_CASE(a_conversation_goes_to_and_fro) {
  SocketPair pair = makeSocketPair();
  SocketPair client = makeSocketPair();
  const auto connection = makeClearConnection(std::move(pair.ours));
  const ScriptedPeer peer(std::move(pair.theirs), [](FileDescriptor& end) {
    receive(end.get(), kHead.size());
    sendAll(end.get(), "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n");
    for (int count = 0; count < 10 && receive(end.get(), 7) == "2\r\nhi\r\n"; ++count) sendAll(end.get(), "hi");
    receiveUntilEnd(end.get());
  });
  RecordingSink sink;
  int spoken = 0;
  FileDescriptor speaker = std::move(client.theirs);
  const auto speakNext = [&] {
    if (sink.received.size() != static_cast<std::size_t>(spoken) * 2) return;
    if (spoken == 10) return (void)::shutdown(speaker.get(), SHUT_WR);
    sendAll(speaker.get(), "hi");
    ++spoken;
  };
  sink.onFlush = speakNext;
  speakNext();
  SocketBody body(std::move(client.ours));
  const auto end = exchangeHere(*connection, plan(kChunked), body, sink, {body.descriptor(), true});
  connection->endWriting();
  BOOST_REQUIRE_EQUAL(outcomeOf(end), "done");
  BOOST_TEST(sink.received == "hihihihihihihihihihi");
}

BOOST_AUTO_TEST_CASE(a_chunk_is_whole_before_a_body_that_blocks_is_asked_again) {
  SocketPair pair = makeSocketPair();
  const auto connection = makeClearConnection(std::move(pair.ours));
  std::atomic<bool> arrived{false};
  const ScriptedPeer peer(std::move(pair.theirs), [&arrived](FileDescriptor& end) {
    arrived = receive(end.get(), kHead.size() + 10) == kHead + "5\r\nhello\r\n";
    receive(end.get(), 5);
    sendAll(end.get(), "HTTP/1.1 204 No Content\r\n\r\n");
    receiveUntilEnd(end.get());
  });
  class WaitingBody final : public RequestBody {
   public:
    explicit WaitingBody(const std::atomic<bool>& arrived) : arrived_(arrived) {}
    Result<BodyPiece> next() override {
      if (!std::exchange(asked_, true)) return BodyPiece{BodyPiece::State::kBytes, std::string_view("hello")};
      for (int wait = 0; wait < 5000 && !arrived_; ++wait) std::this_thread::sleep_for(milliseconds{1});
      if (!arrived_) return failure(ErrorKind::kInternal, "the chunk has not come whole");
      return BodyPiece{};
    }
    bool blocks() const override { return true; }

   private:
    const std::atomic<bool>& arrived_;
    bool asked_ = false;
  } body(arrived);
  RecordingSink sink;
  const auto end = exchangeHere(*connection, plan(kChunked), body, sink);
  connection->endWriting();
  BOOST_TEST(outcomeOf(end) == "done");
}

BOOST_AUTO_TEST_CASE(framing_survives_reads_and_writes_of_any_size) {
  for (const std::size_t width : {1, 2, 7}) BOOST_TEST_CONTEXT("width " << width) {
      SocketPair pair = makeSocketPair();
      const auto wide = makeClearConnection(std::move(pair.ours));
      const std::string expected = kHead + "3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n";
      std::string seen;
      RecordingSink sink;
      {
        NarrowConnection narrow(*wide, width);
        const ScriptedPeer peer(std::move(pair.theirs), [&](FileDescriptor& end) {
          seen = receive(end.get(), expected.size());
          sendAll(end.get(),
                  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "5\r\nhello\r\n2;x=y\r\n!!\r\n0\r\nA: b\r\n\r\n");
          receiveUntilEnd(end.get());
        });
        ListedBody body({"abc", "0123456789abcdef"});
        const auto end = exchangeHere(narrow, plan(kChunked), body, sink);
        wide->endWriting();
        BOOST_REQUIRE_EQUAL(outcomeOf(end), "done");
        BOOST_TEST(end->connectionIsReusable);
      }
      BOOST_TEST(seen == expected);
      BOOST_TEST(sink.received == "hello!!");
    }
}

BOOST_AUTO_TEST_CASE(an_echo_comes_back_over_tls_while_the_upload_goes_on) {
  const CertificateAuthority authority;
  const TlsServer server(authority.issue("DNS:good.test"));
  const Handshake made = shakeHands(server, {trusting(authority)});
  BOOST_REQUIRE_EQUAL(outcomeOf(made.connection), "done");
  std::vector<std::string> pieces = manyPieces();
  const std::string all = joined(pieces);
  pieces.insert(pieces.begin() + 1, "");  // OpenSSL takes a write of nothing ill
  const std::jthread peer([&] {
    made.peer->receive(kHead.size());
    made.peer->send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(all.size()) + "\r\n\r\n");
    for (std::size_t count = 0; count < all.size(); count += 50'000) made.peer->send(made.peer->receive(50'000));
  });
  ListedBody body(pieces);
  RecordingSink sink;
  const auto end = exchangeHere(**made.connection, plan(lengthOf(all)), body, sink);
  BOOST_REQUIRE_EQUAL(outcomeOf(end), "done");
  BOOST_TEST((sink.received == all));
  BOOST_TEST(end->connectionIsReusable);
}

// Where it hangs, the guard ends it: the peer goes, and the error is another.
BOOST_AUTO_TEST_CASE(a_peer_that_stops_within_a_tls_record_times_out) {
  const CertificateAuthority authority;
  const TlsServer server(authority.issue("DNS:good.test"));
  const Handshake made = shakeHands(server, {trusting(authority)});
  BOOST_REQUIRE_EQUAL(outcomeOf(made.connection), "done");
  BOOST_TEST(((*made.connection)->idleness() == Idleness::kOpen));
  made.peer->sendRaw("\x17\x03");
  std::jthread guard([&made](const std::stop_token& returned) {
    for (int tenth = 0; tenth < 30 && !returned.stop_requested(); ++tenth)
      std::this_thread::sleep_for(milliseconds{100});
    made.peer->close();
  });
  ListedBody body(manyPieces());
  RecordingSink sink;
  const auto end = exchangeHere(**made.connection, plan(kChunked, {kLong, kLong, milliseconds{50}, kLong}), body, sink);
  BOOST_TEST(outcomeOf(end) == "send-timeout");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
