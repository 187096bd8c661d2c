// The dialer against real listeners: what it connects to, what it never dials, and what it leaves.
#include "common/net/dialer.h"

#include <fcntl.h>

#include <boost/test/unit_test.hpp>
#include <vector>

#include "tests/unit/support/loop.h"
#include "tests/unit/support/printing.h"
#include "tests/unit/support/sockets.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(dialer, *boost::unit_test::timeout(60))

namespace {

constexpr milliseconds kLimit{10'000};
const AddressGuard kOpen = AddressGuard::open();
const AddressGuard kClosed = AddressGuard::closed();

// A loop with a dialer, driven by the test. The destination's name is for messages alone.
class Dialling {
 public:
  std::shared_ptr<PendingSocket> begin(std::uint16_t port, const std::string& address = "127.0.0.1",
                                       const AddressGuard& guard = kOpen, milliseconds limit = kLimit) {
    const auto answer = std::make_shared<PendingSocket>();
    dialer_->dial({{"name.test", port}, guard, IpAddress::parse(address).value(), limit}, answer);
    return answer;
  }
  Result<FileDescriptor> finish(PendingSocket& answer) { return awaitTold(context_, answer); }
  Result<FileDescriptor> dial(std::uint16_t port, const std::string& address = "127.0.0.1",
                              const AddressGuard& guard = kOpen, milliseconds limit = kLimit) {
    return finish(*begin(port, address, guard, limit));
  }
  void goOn() { proxytest::goOn(context_); }
  void giveUp(const PendingSocket& answer) { dialer_->giveUp(answer); }

 private:
  boost::asio::io_context context_;
  std::unique_ptr<Dialer> dialer_ = std::move(*makeCurlDialer(context_));
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_dialled_descriptor_does_not_block_and_is_not_inherited) {
  const Listener listener;
  Dialling dialling;
  const auto connected = dialling.dial(listener.port());
  BOOST_REQUIRE_EQUAL(outcomeOf(connected), "done");
  BOOST_TEST((::fcntl(connected->get(), F_GETFL) & O_NONBLOCK) != 0);
  BOOST_TEST((::fcntl(connected->get(), F_GETFD) & FD_CLOEXEC) != 0);
  const FileDescriptor accepted = listener.accept();
  sendAll(accepted.get(), "x");
  awaitReadable(connected->get());
  BOOST_TEST(receive(connected->get(), 1) == "x");
}

BOOST_AUTO_TEST_CASE(the_address_is_dialled_and_the_name_is_told) {
  const Listener listener;
  Dialling dialling;
  const auto refused = dialling.dial(listener.port(), "127.0.0.2");
  BOOST_REQUIRE_EQUAL(outcomeOf(refused), "refused");
  BOOST_TEST(refused.error().detail.find("name.test:") != std::string::npos, refused.error().detail);
  BOOST_TEST(!listener.hasCaller());
}

BOOST_AUTO_TEST_CASE(the_guard_has_the_last_word) {
  const Listener listener;
  Dialling dialling;
  for (const char* address : {"127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1"})
    BOOST_TEST(outcomeOf(dialling.dial(listener.port(), address, kClosed)) == "address-refused");
  BOOST_TEST(!listener.hasCaller());
}

BOOST_AUTO_TEST_CASE(dials_go_on_beside_each_other) {
  const Listener listener;
  const RefusingPort refusing;
  const SwallowingPort swallowing;
  Dialling dialling;
  std::vector<std::shared_ptr<PendingSocket>> good, bad;
  const auto slow = dialling.begin(swallowing.port());
  for (int count = 0; count < 50; ++count) {
    good.push_back(dialling.begin(listener.port()));
    bad.push_back(dialling.begin(refusing.port()));
  }
  for (const auto& answer : good) BOOST_TEST(outcomeOf(dialling.finish(*answer)) == "done");
  for (const auto& answer : bad) BOOST_TEST(outcomeOf(dialling.finish(*answer)) == "refused");
  BOOST_TEST(!slow->told().await_ready());
}

// Numbers of descriptors come back: whatever is remembered of the one before must not hold up the next.
BOOST_AUTO_TEST_CASE(one_dialer_dials_again_and_again) {
  const Listener listener;
  const RefusingPort refusing;
  Dialling dialling;
  (void)dialling.dial(refusing.port());
  const std::size_t before = countDescriptors();
  for (int count = 0; count < 300; ++count) {
    BOOST_REQUIRE_EQUAL(outcomeOf(dialling.dial(refusing.port())), "refused");
    BOOST_REQUIRE_EQUAL(outcomeOf(dialling.dial(listener.port())), "done");
    (void)listener.accept();
  }
  BOOST_TEST(countDescriptors() == before);
}

BOOST_AUTO_TEST_CASE(a_host_that_swallows_connections_times_out) {
  const SwallowingPort swallowing;
  Dialling dialling;
  BOOST_TEST(outcomeOf(dialling.dial(swallowing.port(), "127.0.0.1", kOpen, milliseconds{100})) == "connect-timeout");
}

BOOST_AUTO_TEST_CASE(a_dial_that_is_given_up_leaves_nothing_and_tells_nobody) {
  const SwallowingPort swallowing;
  const Listener listener;
  Dialling dialling;
  (void)dialling.dial(listener.port());
  const std::size_t before = countDescriptors();
  const auto answer = dialling.begin(swallowing.port());
  dialling.goOn();
  dialling.giveUp(*answer);
  dialling.giveUp(*answer);
  dialling.goOn();
  BOOST_TEST(!answer->told().await_ready());
  BOOST_TEST(countDescriptors() == before);
  BOOST_TEST(outcomeOf(dialling.dial(listener.port())) == "done");
}

BOOST_AUTO_TEST_CASE(a_dialer_that_dies_within_dials_leaves_nothing) {
  const SwallowingPort swallowing;
  const std::size_t before = countDescriptors();
  {
    Dialling dialling;
    for (int count = 0; count < 20; ++count) (void)dialling.begin(swallowing.port());
    dialling.goOn();
  }
  BOOST_TEST(countDescriptors() == before);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
