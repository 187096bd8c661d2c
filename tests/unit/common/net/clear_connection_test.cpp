// Connections without TLS over real sockets.
#include <array>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <thread>

#include "common/net/connection.h"
#include "tests/unit/support/printing.h"
#include "tests/unit/support/sockets.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(clear_connection, *boost::unit_test::timeout(60))

namespace {

constexpr milliseconds kLong{20'000};

struct Ends {
  explicit Ends(SocketPair pair) : theirs(std::move(pair.theirs)), ours(makeClearConnection(std::move(pair.ours))) {}
  FileDescriptor theirs;
  std::unique_ptr<Connection> ours;
};

std::string readWithin(Connection& connection, milliseconds limit, IoState expected = IoState::kDone) {
  std::array<char, 100> buffer;
  const IoResult got = connection.readWithin(buffer, limit);
  BOOST_TEST(got.state == expected);
  return {buffer.data(), got.bytes};
}

}  // namespace

BOOST_AUTO_TEST_CASE(bytes_go_both_ways) {
  Ends ends(makeSocketPair());
  std::array<char, 100> buffer;
  BOOST_TEST(ends.ours->read(buffer).state == IoState::kWantRead);
  sendAll(ends.theirs.get(), "hello");
  BOOST_TEST(ends.ours->read(buffer).bytes == 5u);
  const IoResult written = ends.ours->write(std::string_view("head "), std::string_view("body"));
  BOOST_TEST(written.state == IoState::kDone);
  BOOST_TEST(written.bytes == 9u);
  BOOST_TEST(receive(ends.theirs.get(), 9) == "head body");
}

BOOST_AUTO_TEST_CASE(either_part_of_a_write_may_be_empty) {
  Ends ends(makeSocketPair());
  BOOST_TEST(ends.ours->write(std::string_view("first"), {}).bytes == 5u);
  BOOST_TEST(ends.ours->write({}, std::string_view("second")).bytes == 6u);
  BOOST_TEST(receive(ends.theirs.get(), 11) == "firstsecond");
}

BOOST_AUTO_TEST_CASE(a_peer_that_does_not_read_stops_the_writing_without_blocking) {
  Ends ends(makeSocketPair());
  const std::string bytes(1 << 20, 'x');
  std::size_t sent = 0;
  IoResult written;
  while ((written = ends.ours->write(bytes, bytes)).state == IoState::kDone) sent += written.bytes;
  BOOST_TEST(written.state == IoState::kWantWrite);
  BOOST_TEST(receive(ends.theirs.get(), sent).size() == sent);
  BOOST_TEST(ends.ours->write(bytes, {}).state == IoState::kDone);
}

BOOST_AUTO_TEST_CASE(a_read_within_a_limit_gives_up_when_nothing_comes) {
  Ends ends(makeSocketPair());
  readWithin(*ends.ours, milliseconds{5}, IoState::kWantRead);
  readWithin(*ends.ours, milliseconds{1}, IoState::kWantRead);
  sendAll(ends.theirs.get(), "late");
  BOOST_TEST(readWithin(*ends.ours, kLong) == "late");
}

// The peer speaks in the end, so that a read that waits for ever fails here and does not hang.
BOOST_AUTO_TEST_CASE(a_read_within_no_time_does_not_wait) {
  Ends ends(makeSocketPair());
  std::jthread peer([descriptor = ends.theirs.get()](const std::stop_token& returned) {
    for (int tenth = 0; tenth < 20 && !returned.stop_requested(); ++tenth)
      std::this_thread::sleep_for(milliseconds{100});
    sendAll(descriptor, "x");
  });
  readWithin(*ends.ours, milliseconds{0}, IoState::kWantRead);
}

BOOST_AUTO_TEST_CASE(a_read_within_a_limit_takes_what_comes_while_it_waits) {
  Ends ends(makeSocketPair());
  const std::jthread peer([descriptor = ends.theirs.get()] {
    std::this_thread::sleep_for(milliseconds{20});
    sendAll(descriptor, "x");
  });
  BOOST_TEST(readWithin(*ends.ours, kLong) == "x");
}

BOOST_AUTO_TEST_CASE(a_peer_that_has_ended_its_stream_is_told_from_one_that_has_reset_it) {
  Ends ended(makeTcpPair());
  ended.theirs = FileDescriptor();
  readWithin(*ended.ours, kLong, IoState::kClosed);
  Ends broken(makeTcpPair());
  reset(broken.theirs);
  readWithin(*broken.ours, kLong, IoState::kFailed);
}

BOOST_AUTO_TEST_CASE(a_write_to_a_peer_that_has_gone_fails_without_a_signal) {
  static volatile std::sig_atomic_t signals = 0;
  const auto before = std::signal(SIGPIPE, [](int) { signals = signals + 1; });
  Ends ends(makeSocketPair());
  ends.theirs = FileDescriptor();
  BOOST_TEST(ends.ours->write(std::string_view("x"), {}).state == IoState::kFailed);
  std::signal(SIGPIPE, before);
  BOOST_TEST(signals == 0);
}

BOOST_AUTO_TEST_CASE(an_idle_connection_is_usable_until_something_comes) {
  Ends ends(makeSocketPair());
  BOOST_TEST((ends.ours->idleness() == Idleness::kOpen));
  BOOST_TEST((ends.ours->idleness() == Idleness::kOpen));
  BOOST_TEST(!ends.ours->hasBufferedInput());
  sendAll(ends.theirs.get(), "x");
  BOOST_TEST((ends.ours->idleness() != Idleness::kOpen));
}

BOOST_AUTO_TEST_CASE(a_closed_or_reset_connection_is_not_usable) {
  Ends closed(makeSocketPair());
  closed.theirs = FileDescriptor();
  BOOST_TEST((closed.ours->idleness() != Idleness::kOpen));
  Ends broken(makeTcpPair());
  reset(broken.theirs);
  awaitReadable(broken.ours->descriptor());
  BOOST_TEST((broken.ours->idleness() != Idleness::kOpen));
}

BOOST_AUTO_TEST_CASE(after_the_end_of_writing_the_peer_can_still_answer) {
  Ends ends(makeSocketPair());
  ends.ours->endWriting();
  BOOST_TEST(receiveUntilEnd(ends.theirs.get()) == "");
  sendAll(ends.theirs.get(), "answer");
  BOOST_TEST(readWithin(*ends.ours, kLong) == "answer");
}

BOOST_AUTO_TEST_CASE(the_descriptor_is_closed_with_the_connection) {
  Ends ends(makeSocketPair());
  ends.ours.reset();
  BOOST_TEST(receiveUntilEnd(ends.theirs.get()) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
