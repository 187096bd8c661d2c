// The dialer against real listeners: which of several addresses it connects to, what it never dials, and what it
// leaves.
#include "common/net/dialer.h"

#include <fcntl.h>

#include <boost/test/unit_test.hpp>

#include "common/net/event_loop.h"
#include "tests/unit/support/printing.h"
#include "tests/unit/support/sockets.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(dialer, *boost::unit_test::timeout(60))

namespace {

constexpr milliseconds kLimit{10'000};
const AddressGuard kOpen = AddressGuard::open();
const AddressGuard kClosed = AddressGuard::closed();

// A loop with a dialer, driven by the test.
class Dialling {
 public:
  // `host` is but a name for the log; what is dialled is `addresses`.
  std::shared_ptr<PendingSocket> begin(const std::string& host, std::uint16_t port,
                                       const std::vector<std::string>& addresses, const AddressGuard& guard = kOpen,
                                       milliseconds limit = kLimit) {
    Addresses parsed;
    for (const std::string& address : addresses) parsed.push_back(IpAddress::parse(address).value());
    const auto answer = std::make_shared<PendingSocket>();
    dialer_->dial({{host, port}, guard, std::move(parsed), limit}, answer);
    return answer;
  }
  Result<FileDescriptor> finish(const std::shared_ptr<PendingSocket>& answer) {
    for (int turn = 0; turn < 10'000 && !answer->told().await_ready(); ++turn) {
      context_.restart();
      context_.run_one_for(milliseconds{100});
    }
    BOOST_REQUIRE(answer->told().await_ready());
    return answer->told().await_resume();
  }
  Result<FileDescriptor> dial(std::uint16_t port, const std::vector<std::string>& addresses,
                              const AddressGuard& guard = kOpen, milliseconds limit = kLimit) {
    return finish(begin("name.test", port, addresses, guard, limit));
  }
  void goOn() {
    context_.restart();
    context_.poll();
  }
  void giveUp(const PendingSocket& answer) { dialer_->giveUp(answer); }

 private:
  boost::asio::io_context context_;
  std::unique_ptr<Dialer> dialer_ = std::move(*makeCurlDialer(context_));
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_dialled_descriptor_does_not_block_and_is_not_inherited) {
  const Listener listener;
  Dialling dialling;
  const auto connected = dialling.dial(listener.port(), {"127.0.0.1"});
  BOOST_REQUIRE_EQUAL(outcomeOf(connected), "done");
  BOOST_TEST((::fcntl(connected->get(), F_GETFL) & O_NONBLOCK) != 0);
  BOOST_TEST((::fcntl(connected->get(), F_GETFD) & FD_CLOEXEC) != 0);
  const FileDescriptor accepted = listener.accept();
  sendAll(accepted.get(), "x");
  awaitReadable(connected->get());
  BOOST_TEST(receive(connected->get(), 1) == "x");
}

BOOST_AUTO_TEST_CASE(an_address_that_refuses_makes_way_for_the_next) {
  const Listener listener;
  Dialling dialling;
  BOOST_TEST(outcomeOf(dialling.dial(listener.port(), {"127.0.0.2", "127.0.0.1"})) == "done");
  BOOST_TEST(outcomeOf(dialling.dial(listener.port(), {"::1", "127.0.0.1"})) == "done");
  const RefusingPort refusing;
  BOOST_TEST(outcomeOf(dialling.dial(refusing.port(), {"127.0.0.2", "127.0.0.1"})) == "refused");
}

BOOST_AUTO_TEST_CASE(the_guard_is_asked_for_each_address_again) {
  const Listener listener;
  Dialling dialling;
  AddressGuard guard = AddressGuard::closed();
  guard.allow(Network::parse("127.0.0.2/32").value(), PortSet::all());
  BOOST_TEST(outcomeOf(dialling.dial(listener.port(), {"127.0.0.1"}, guard)) == "address-refused");
  BOOST_TEST(outcomeOf(dialling.dial(listener.port(), {"127.0.0.1", "::1", "10.0.0.1"}, kClosed)) == "address-refused");
  BOOST_TEST(!listener.hasCaller());
}

// curl keeps what it is told of names for all that come later.
BOOST_AUTO_TEST_CASE(the_addresses_of_one_dial_are_not_those_of_the_next) {
  const Listener listener;
  Dialling dialling;
  BOOST_TEST(outcomeOf(dialling.dial(listener.port(), {"127.0.0.1"})) == "done");
  (void)listener.accept();
  BOOST_TEST(outcomeOf(dialling.dial(listener.port(), {"127.0.0.2"})) == "refused");
  BOOST_TEST(!listener.hasCaller());
  BOOST_TEST(outcomeOf(dialling.dial(listener.port(), {"127.0.0.1"}, kClosed)) == "address-refused");
  BOOST_TEST(outcomeOf(dialling.dial(listener.port(), {"127.0.0.1"})) == "done");
}

BOOST_AUTO_TEST_CASE(dials_go_on_beside_each_other) {
  const Listener listener;
  const RefusingPort refusing;
  const SwallowingPort swallowing;
  Dialling dialling;
  std::vector<std::shared_ptr<PendingSocket>> good, bad;
  const auto slow = dialling.begin("slow.test", swallowing.port(), {"127.0.0.1"});
  for (int count = 0; count < 50; ++count) {
    good.push_back(dialling.begin("good.test", listener.port(), {"127.0.0.1"}));
    bad.push_back(dialling.begin("bad.test", refusing.port(), {"127.0.0.1"}));
  }
  for (const auto& answer : good) BOOST_TEST(outcomeOf(dialling.finish(answer)) == "done");
  for (const auto& answer : bad) BOOST_TEST(outcomeOf(dialling.finish(answer)) == "refused");
  BOOST_TEST(!slow->told().await_ready());
}

// Numbers of descriptors come back: whatever is remembered of the one before must not hold up the next.
BOOST_AUTO_TEST_CASE(one_dialer_dials_again_and_again) {
  const Listener listener;
  Dialling dialling;
  std::size_t before = 0;
  for (int count = 0; count < 300; ++count) {
    const auto connected = dialling.dial(listener.port(), {"127.0.0.1"});
    BOOST_REQUIRE_EQUAL(outcomeOf(connected), "done");
    (void)listener.accept();
    if (count == 10) before = countDescriptors();
  }
  BOOST_TEST(countDescriptors() == before - 1);  // of the first ten, the one connected is counted
}

BOOST_AUTO_TEST_CASE(a_host_that_swallows_connections_times_out) {
  const SwallowingPort swallowing;
  Dialling dialling;
  BOOST_TEST(outcomeOf(dialling.dial(swallowing.port(), {"127.0.0.1"}, kOpen, milliseconds{100})) == "connect-timeout");
}

BOOST_AUTO_TEST_CASE(a_dial_that_is_given_up_leaves_nothing_and_tells_nobody) {
  const SwallowingPort swallowing;
  const Listener listener;
  Dialling dialling;
  (void)dialling.dial(listener.port(), {"127.0.0.1"});
  const std::size_t before = countDescriptors();
  const auto answer = dialling.begin("slow.test", swallowing.port(), {"127.0.0.1"});
  dialling.goOn();
  dialling.giveUp(*answer);
  dialling.giveUp(*answer);
  dialling.goOn();
  BOOST_TEST(!answer->told().await_ready());
  BOOST_TEST(countDescriptors() == before);
  BOOST_TEST(outcomeOf(dialling.dial(listener.port(), {"127.0.0.1"})) == "done");
}

BOOST_AUTO_TEST_CASE(a_dialer_that_dies_within_dials_leaves_nothing) {
  const SwallowingPort swallowing;
  const std::size_t before = countDescriptors();
  {
    Dialling dialling;
    for (int count = 0; count < 20; ++count) (void)dialling.begin("slow.test", swallowing.port(), {"127.0.0.1"});
    dialling.goOn();
  }
  BOOST_TEST(countDescriptors() == before);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
