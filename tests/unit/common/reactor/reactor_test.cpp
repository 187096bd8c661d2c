// The reactor from the outside: connections that its threads make, watches that they dispatch, and its end.
#include "common/reactor/reactor.h"

#include <fcntl.h>
#include <poll.h>

#include <boost/test/unit_test.hpp>
#include <thread>

#include "tests/support/dns_server.h"
#include "tests/unit/support/open_tunnel.h"
#include "tests/unit/support/printing.h"
#include "tests/unit/support/sockets.h"
#include "tests/unit/support/tls_server.h"

namespace proxytest {

using namespace proxycommon;
using namespace std::string_view_literals;

BOOST_AUTO_TEST_SUITE(reactor, *boost::unit_test::timeout(120))

namespace {

const AddressGuard kOpen = AddressGuard::open();
const AddressGuard kClosed = AddressGuard::closed();

ConnectPlan planTo(std::string host, std::uint16_t port) {
  ConnectPlan plan;
  plan.destination = {std::move(host), port};
  plan.guard = &kOpen;
  plan.limit = kLongTime;
  return plan;
}

// What comes of a plan, as a worker waits for it.
Result<Connected> made(Reactor& reactor, ConnectPlan plan) {
  const auto wake = std::make_shared<Wake>();
  Connecting connecting = reactor.connect(std::move(plan), wake);
  awaitReadable(wake->descriptor());
  BOOST_REQUIRE(connecting.isDone());
  return connecting.take();
}

// Waits until the number of open descriptors is that; whether it came to that.
bool descriptorsBecome(std::size_t count) {
  for (int wait = 0; wait < 10'000 && countDescriptors() != count; ++wait) std::this_thread::sleep_for(milliseconds{1});
  return countDescriptors() == count;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_connection_is_made_and_its_wake_signalled) {
  const auto reactor = startReactor(2);
  const Listener listener;
  const auto connected = made(*reactor, planTo("127.0.0.1", listener.port()));
  BOOST_REQUIRE_EQUAL(outcomeOf(connected), "done");
  const FileDescriptor accepted = listener.accept();
  BOOST_TEST(connected->connection->write(std::string_view("hello"), {}).bytes == 5u);
  BOOST_TEST(receive(accepted.get(), 5) == "hello");
}

BOOST_AUTO_TEST_CASE(what_fails_wakes_too) {
  const auto reactor = startReactor(2);
  const RefusingPort refusing;
  const DnsServer server;
  ConnectPlan named = planTo("gone.test", 80);
  named.nameServers = server.address();
  ConnectPlan guarded = planTo("127.0.0.1", refusing.port());
  guarded.guard = &kClosed;
  BOOST_TEST(outcomeOf(made(*reactor, planTo("127.0.0.1", refusing.port()))) == "refused");
  BOOST_TEST(outcomeOf(made(*reactor, std::move(named))) == "unresolvable");
  BOOST_TEST(outcomeOf(made(*reactor, std::move(guarded))) == "address-refused");
  BOOST_TEST(outcomeOf(made(*reactor, planTo("no host", 80))) == "unresolvable");
}

BOOST_AUTO_TEST_CASE(one_that_is_not_wanted_any_more_is_given_up) {
  const SwallowingPort swallowing;
  const Listener silent;
  const DnsServer silentServer({}, DnsServer::Manner::kSilent);
  ConnectPlan named = planTo("slow.test", 80);
  named.nameServers = silentServer.address();
  ConnectPlan secure = planTo("127.0.0.1", silent.port());
  secure.tls = trustingAll();
  secure.verifyName = "good.test";
  for (const ConnectPlan& plan : {planTo("127.0.0.1", swallowing.port()), secure, named}) {
    const auto reactor = startReactor(2);
    std::vector<std::shared_ptr<Wake>> wakes;
    for (int count = 0; count < 20; ++count) wakes.push_back(std::make_shared<Wake>());
    const std::size_t before = countDescriptors();
    for (const auto& wake : wakes) (void)reactor->connect(plan, wake);
    for (const auto& wake : wakes) awaitReadable(wake->descriptor());  // each has ended, though nobody looks
    if (plan.nameServers.empty()) BOOST_TEST(descriptorsBecome(before));
  }
}

BOOST_AUTO_TEST_CASE(one_that_is_dropped_when_it_is_done_is_closed) {
  const auto reactor = startReactor(2);
  const Listener listener;
  const auto wake = std::make_shared<Wake>();
  {
    const Connecting connecting = reactor->connect(planTo("127.0.0.1", listener.port()), wake);
    awaitReadable(wake->descriptor());
  }
  BOOST_TEST(receiveUntilEnd(listener.accept().get()) == "");
}

BOOST_AUTO_TEST_CASE(one_that_moves_is_wanted_still) {
  const auto reactor = startReactor(2);
  const Listener listener;
  const auto wake = std::make_shared<Wake>();
  std::optional<Connecting> first = reactor->connect(planTo("127.0.0.1", listener.port()), wake);
  Connecting moved = std::move(*first);
  first.reset();
  awaitReadable(wake->descriptor());
  BOOST_REQUIRE(moved.isDone());
  BOOST_TEST(outcomeOf(moved.take()) == "done");
}

// Numbers of descriptors come back on loops that live long.
BOOST_AUTO_TEST_CASE(connections_are_made_again_and_again) {
  const auto reactor = startReactor(2);
  const Listener listener;
  for (int count = 0; count < 300; ++count) {
    const auto connected = made(*reactor, planTo("127.0.0.1", listener.port()));
    BOOST_REQUIRE_EQUAL(outcomeOf(connected), "done");
    (void)listener.accept();
  }
}

BOOST_AUTO_TEST_CASE(threads_that_connect_at_once_get_each_their_own) {
  const auto reactor = startReactor(2);
  const Listener listener;
  const RefusingPort refusing;
  std::atomic<int> wrong{0};
  const std::jthread accepting([&] {
    for (int count = 0; count < 100; ++count) sendAll(listener.accept().get(), "x");
  });
  const auto connectOften = [&](int thread) {
    for (int round = 0; round < 50; ++round) {
      const bool good = (round + thread) % 2 == 0;
      const auto wake = std::make_shared<Wake>();
      Connecting connecting = reactor->connect(planTo("127.0.0.1", good ? listener.port() : refusing.port()), wake);
      pollfd wanted{wake->descriptor(), POLLIN, 0};
      if (::poll(&wanted, 1, 20'000) != 1 || !connecting.isDone()) return void(++wrong);
      const auto connected = connecting.take();
      char byte;
      if (outcomeOf(connected) != (good ? "done" : "refused")) ++wrong;
      if (good && connected && connected->connection->readWithin({&byte, 1}, kLongTime).bytes != 1) ++wrong;
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) threads.emplace_back(connectOften, thread);
  }
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(watches_are_dispatched_by_its_threads) {
  const auto reactor = startReactor(2);
  const SocketPair pair = makeSocketPair();
  const auto wake = std::make_shared<Wake>();
  for (int round = 0; round < 50; ++round) {
    Watcher& watcher = reactor->watcher();
    const auto id =
        watcher.add({.backend = pair.ours.get(), .backendEvents = POLLIN, .until = Clock::now() + kLongTime}, wake);
    sendAll(pair.theirs.get(), "x");
    awaitReadable(wake->descriptor());
    BOOST_TEST(watcher.remove(id).backend);
    wake->clear();
    receive(pair.ours.get(), 1);
  }
  Watcher& watcher = reactor->watcher();
  const auto id = watcher.add({.until = Clock::now() + milliseconds{10}}, wake);
  awaitReadable(wake->descriptor());
  BOOST_TEST(!watcher.remove(id).backend);
}

BOOST_AUTO_TEST_CASE(whoever_watches_a_descriptor_is_told_each_time_and_for_as_long_as_it_is_readable) {
  auto started = Reactor::start(2, [](const char* what) noexcept { BOOST_TEST(what == "thrown on purpose"sv); });
  BOOST_REQUIRE_EQUAL(outcomeOf(started), "done");
  const std::unique_ptr<Reactor> reactor = std::move(*started);
  Wake watched;
  Wake told;
  std::atomic<int> times = 0;
  reactor->watch(watched.descriptor(), [&] {
    if (++times % 3 == 0) {
      watched.clear();
      told.signal();
    }
    if (times == 1) throw std::runtime_error("thrown on purpose");
  });
  for (int count = 1; count <= 4; ++count) {
    watched.signal();
    awaitReadable(told.descriptor());
    told.clear();
    BOOST_TEST(times == 3 * count);
  }
  reactor->stop();
  watched.signal();
  BOOST_TEST(::fcntl(watched.descriptor(), F_GETFD) >= 0);  // it is not the reactor's to close
}

BOOST_AUTO_TEST_CASE(draining_wakes_everyone_who_is_parked) {
  const auto reactor = startReactor(2);
  std::vector<std::shared_ptr<Wake>> wakes;
  for (int count = 0; count < 4; ++count) {
    wakes.push_back(std::make_shared<Wake>());
    reactor->watcher().add({.until = Clock::now() + kLongTime}, wakes.back());
  }
  reactor->drain();
  for (const auto& wake : wakes) awaitReadable(wake->descriptor());
}

BOOST_AUTO_TEST_CASE(a_connection_that_it_made_becomes_a_tunnel_that_it_pumps) {
  const auto reactor = startReactor(2);
  const Listener listener;
  auto connected = made(*reactor, planTo("127.0.0.1", listener.port()));
  BOOST_REQUIRE_EQUAL(outcomeOf(connected), "done");
  const FileDescriptor accepted = listener.accept();
  OpenTunnel tunnel(*reactor, std::move(connected->connection));
  sendAll(tunnel.client.get(), "hello");
  BOOST_TEST(receive(accepted.get(), 5) == "hello");
  sendAll(accepted.get(), "world");
  BOOST_TEST(receive(tunnel.client.get(), 5) == "world");
  reactor->endTunnels();
  BOOST_TEST(becomesIdle(*reactor));
}

BOOST_AUTO_TEST_CASE(a_reactor_that_ends_leaves_no_descriptor) {
  { const auto once = startReactor(2); }  // what curl and OpenSSL keep for good
  const std::size_t before = countDescriptors();
  for (int count = 0; count < 5; ++count) {
    const auto reactor = startReactor(3);
    const Listener listener;
    BOOST_TEST(outcomeOf(made(*reactor, planTo("127.0.0.1", listener.port()))) == "done");
  }
  BOOST_TEST(countDescriptors() == before);
}

BOOST_AUTO_TEST_CASE(it_has_a_thread_for_each_processor_up_to_four) {
  BOOST_TEST(Reactor::defaultThreads() >= 1u);
  BOOST_TEST(Reactor::defaultThreads() <= 4u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
