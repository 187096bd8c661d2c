// The addresses of one destination: one that fails, or that lets us wait, makes way for the next, and the first to
// answer is all that is left.
#include "common/net/address_race.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/support/loop.h"
#include "tests/unit/support/printing.h"
#include "tests/unit/support/sockets.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(address_race, *boost::unit_test::timeout(60))

namespace {

constexpr milliseconds kLimit{10'000};
const AddressGuard kOpen = AddressGuard::open();
const AddressGuard kClosed = AddressGuard::closed();

// A loop on which races are run, driven by the test.
class Racing {
 public:
  struct Race {
    std::shared_ptr<AddressRace> race;
    std::shared_ptr<PendingSocket> answer = std::make_shared<PendingSocket>();
  };

  Race begin(std::uint16_t port, const std::vector<std::string>& addresses, const AddressGuard& guard = kOpen,
             milliseconds limit = kLimit) {
    Addresses parsed;
    for (const std::string& address : addresses) parsed.push_back(IpAddress::parse(address).value());
    Race begun;
    begun.race = std::make_shared<AddressRace>(context_, *dialer_, Destination{"name.test", port}, guard,
                                               std::move(parsed), limit, begun.answer);
    begun.race->start();
    return begun;
  }
  Result<FileDescriptor> run(std::uint16_t port, const std::vector<std::string>& addresses,
                             const AddressGuard& guard = kOpen, milliseconds limit = kLimit) {
    const Race race = begin(port, addresses, guard, limit);
    return awaitTold(context_, *race.answer);
  }
  void goOn() { proxytest::goOn(context_); }

 private:
  boost::asio::io_context context_;
  std::unique_ptr<Dialer> dialer_ = std::move(*makeCurlDialer(context_));
};

// 127.0.0.2 and so on, where nobody listens.
std::vector<std::string> deadAddresses(int count) {
  std::vector<std::string> addresses;
  for (int number = 2; number < 2 + count; ++number) addresses.push_back("127.0.0." + std::to_string(number));
  return addresses;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_address_that_refuses_makes_way_for_the_next_of_either_family) {
  const Listener listener;
  Racing racing;
  BOOST_TEST(outcomeOf(racing.run(listener.port(), {"127.0.0.1"})) == "done");
  BOOST_TEST(outcomeOf(racing.run(listener.port(), {"127.0.0.2", "127.0.0.1"})) == "done");
  BOOST_TEST(outcomeOf(racing.run(listener.port(), {"::1", "127.0.0.1"})) == "done");
  BOOST_TEST(outcomeOf(racing.run(listener.port(), {"127.0.0.1", "::1"})) == "done");
}

// libcurl 7.88 by itself would wait for each until a timer goes off, and have no time left for the last.
BOOST_AUTO_TEST_CASE(many_addresses_that_refuse_do_not_use_up_the_limit) {
  const Listener listener;
  Racing racing;
  std::vector<std::string> addresses = deadAddresses(60);
  BOOST_TEST(outcomeOf(racing.run(listener.port(), addresses)) == "refused");
  addresses.push_back("127.0.0.1");
  BOOST_TEST(outcomeOf(racing.run(listener.port(), addresses)) == "done");
}

BOOST_AUTO_TEST_CASE(an_address_that_lets_us_wait_does_not_hold_up_the_next) {
  const SwallowingPort swallowing;
  const Listener listener("127.0.0.2", swallowing.port());
  Racing racing;
  (void)racing.run(listener.port(), {"127.0.0.2"});
  const std::size_t before = countDescriptors();
  BOOST_TEST(outcomeOf(racing.run(swallowing.port(), {"127.0.0.1", "127.0.0.2"})) == "done");
  BOOST_TEST(outcomeOf(racing.run(swallowing.port(), {"127.0.0.1", "127.0.0.9", "127.0.0.2"})) == "done");
  BOOST_TEST(countDescriptors() == before);  // the one that was slower is given up
}

BOOST_AUTO_TEST_CASE(where_none_answers_the_limit_ends_it) {
  const SwallowingPort swallowing;
  const Listener listener;
  Racing racing;
  const std::size_t before = countDescriptors();
  BOOST_TEST(outcomeOf(racing.run(swallowing.port(), {"127.0.0.1"}, kOpen, milliseconds{100})) == "connect-timeout");
  BOOST_TEST(outcomeOf(racing.run(swallowing.port(), {"127.0.0.1", "127.0.0.1"}, kOpen, milliseconds{400})) ==
             "connect-timeout");
  BOOST_TEST(countDescriptors() == before);
}

BOOST_AUTO_TEST_CASE(the_guard_judges_each_address) {
  const Listener listener;
  Racing racing;
  AddressGuard guard = AddressGuard::closed();
  guard.allow(Network::parse("127.0.0.1/32").value(), PortSet::all());
  BOOST_TEST(outcomeOf(racing.run(listener.port(), {"127.0.0.2", "10.0.0.1", "127.0.0.1"}, guard)) == "done");
  (void)listener.accept();
  BOOST_TEST(outcomeOf(racing.run(listener.port(), {"127.0.0.1", "::1", "10.0.0.1"}, kClosed)) == "address-refused");
  BOOST_TEST(!listener.hasCaller());
}

BOOST_AUTO_TEST_CASE(a_race_that_is_stopped_tells_why_and_leaves_nothing) {
  const SwallowingPort swallowing;
  const Listener listener;
  Racing racing;
  (void)racing.run(listener.port(), {"127.0.0.1"});
  const std::size_t before = countDescriptors();
  const Racing::Race stopped = racing.begin(swallowing.port(), {"127.0.0.1", "127.0.0.1", "127.0.0.1"});
  racing.goOn();
  stopped.race->stop(failure(ErrorKind::kClientGone, "gone"));
  stopped.race->stop(failure(ErrorKind::kInternal, "again"));
  BOOST_REQUIRE(stopped.answer->told().await_ready());
  BOOST_TEST(outcomeOf(stopped.answer->told().await_resume()) == "client-gone");
  racing.goOn();
  BOOST_TEST(countDescriptors() == before);
  BOOST_TEST(stopped.race.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(a_race_that_is_over_is_held_by_nobody) {
  const Listener listener;
  const RefusingPort refusing;
  Racing racing;
  std::vector<std::weak_ptr<AddressRace>> races;
  for (const std::uint16_t port : {listener.port(), refusing.port()}) {
    Racing::Race race = racing.begin(port, {"127.0.0.2", "127.0.0.1"});
    races.push_back(race.race);
    race.race.reset();
    for (int turn = 0; turn < 10'000 && !race.answer->told().await_ready(); ++turn) racing.goOn();
    BOOST_TEST(race.answer->told().await_ready());
  }
  racing.goOn();
  for (const auto& race : races) BOOST_TEST(race.expired());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
