// Tunnels that the reactor pumps: every byte goes through, in its order, both ways; and each way for a tunnel to end.
#include <sys/socket.h>

#include <boost/test/unit_test.hpp>
#include <random>
#include <thread>

#include "tests/unit/support/open_tunnel.h"
#include "tests/unit/support/printing.h"
#include "tests/unit/support/tls_server.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(tunnel, *boost::unit_test::timeout(120))

namespace {

// No two parts of it are alike.
std::string pattern(std::size_t size, unsigned seed = 1) {
  std::minstd_rand random(seed);
  std::string bytes(size, ' ');
  for (char& byte : bytes) byte = static_cast<char>(random() >> 8);
  return bytes;
}

// Reads `count` bytes a little at a time, with pauses in the beginning, so that the sender is held up.
std::string receiveSlowly(int descriptor, std::size_t count) {
  std::string bytes;
  for (int turn = 0; bytes.size() < count; ++turn) {
    if (turn < 20) std::this_thread::sleep_for(milliseconds{5});
    const std::string some = receive(descriptor, std::min<std::size_t>(count - bytes.size(), 9'973));
    if (some.empty()) break;
    bytes += some;
  }
  return bytes;
}

void closeSide(const FileDescriptor& end) {
  ::shutdown(end.get(), SHUT_WR);
}
void close(FileDescriptor& end) {
  const FileDescriptor closed = std::move(end);
}

}  // namespace

BOOST_AUTO_TEST_CASE(bytes_go_both_ways_and_are_counted) {
  const auto reactor = startReactor(1);
  OpenTunnel tunnel(*reactor);
  for (int round = 0; round < 10; ++round) {
    sendAll(tunnel.client.get(), "hello");
    BOOST_REQUIRE(receive(tunnel.backend.get(), 5) == "hello");
    sendAll(tunnel.backend.get(), "wor");
    BOOST_REQUIRE(receive(tunnel.client.get(), 3) == "wor");
  }
  BOOST_TEST(reactor->tunnels() == 1u);
  close(tunnel.client);
  BOOST_TEST(receiveUntilEnd(tunnel.backend.get()) == "");
  close(tunnel.backend);
  const TunnelEnd end = tunnel.end();
  BOOST_TEST(end.toBackend == 50u);
  BOOST_TEST(end.toClient == 30u);
  BOOST_TEST(becomesIdle(*reactor));
}

BOOST_AUTO_TEST_CASE(early_bytes_come_first_and_are_counted) {
  const auto reactor = startReactor(1);
  OpenTunnel tunnel(*reactor, {"early client ", "early backend "});
  sendAll(tunnel.client.get(), "later");
  sendAll(tunnel.backend.get(), "later");
  BOOST_TEST(receive(tunnel.backend.get(), 18) == "early client later");
  BOOST_TEST(receive(tunnel.client.get(), 19) == "early backend later");
  closeSide(tunnel.client);
  closeSide(tunnel.backend);
  const TunnelEnd end = tunnel.end();
  BOOST_TEST(end.toBackend == 18u);
  BOOST_TEST(end.toClient == 19u);
}

BOOST_AUTO_TEST_CASE(early_bytes_that_fit_nowhere_yet_are_kept) {
  const std::string early = pattern(8'000'000);
  const auto reactor = startReactor(1);
  OpenTunnel tunnel(*reactor, {early, early});
  BOOST_TEST((receiveSlowly(tunnel.backend.get(), early.size()) == early));
  BOOST_TEST((receiveSlowly(tunnel.client.get(), early.size()) == early));
}

// Whoever has said all may still hear the answer.
BOOST_AUTO_TEST_CASE(the_end_of_one_side_is_passed_on_and_the_other_goes_on) {
  const auto reactor = startReactor(1);
  OpenTunnel fromClient(*reactor);
  sendAll(fromClient.client.get(), "question");
  closeSide(fromClient.client);
  BOOST_TEST(receiveUntilEnd(fromClient.backend.get()) == "question");
  BOOST_TEST(!fromClient.hasEnded());
  sendAll(fromClient.backend.get(), "answer");
  closeSide(fromClient.backend);
  BOOST_TEST(receiveUntilEnd(fromClient.client.get()) == "answer");
  BOOST_TEST(fromClient.end().reason == std::string_view{tunnel_reason::kBothEnded});
  OpenTunnel fromBackend(*reactor);
  closeSide(fromBackend.backend);
  BOOST_TEST(receiveUntilEnd(fromBackend.client.get()) == "");
  sendAll(fromBackend.client.get(), "still here");
  BOOST_TEST(receive(fromBackend.backend.get(), 10) == "still here");
  closeSide(fromBackend.client);
  BOOST_TEST(fromBackend.end().reason == std::string_view{tunnel_reason::kBothEnded});
}

BOOST_AUTO_TEST_CASE(a_large_transfer_to_a_slow_reader_is_whole_both_ways_at_once) {
  const std::string up = pattern(12'000'000, 1);
  const std::string down = pattern(12'000'000, 2);
  const auto reactor = startReactor(1);
  OpenTunnel tunnel(*reactor);
  std::string heardAbove;
  {
    const std::jthread sendingUp([&] { sendAll(tunnel.client.get(), up), closeSide(tunnel.client); });
    const std::jthread sendingDown([&] { sendAll(tunnel.backend.get(), down), closeSide(tunnel.backend); });
    const std::jthread readingAbove([&] { heardAbove = receiveSlowly(tunnel.backend.get(), up.size() + 1); });
    BOOST_TEST((receiveSlowly(tunnel.client.get(), down.size() + 1) == down));
  }
  BOOST_TEST((heardAbove == up));
  const TunnelEnd end = tunnel.end();
  BOOST_TEST(end.toBackend == up.size());
  BOOST_TEST(end.toClient == down.size());
}

// What cannot be passed on must not be read either: it would fill the memory.
BOOST_AUTO_TEST_CASE(a_reader_that_stops_holds_up_the_sender) {
  const auto reactor = startReactor(1);
  OpenTunnel tunnel(*reactor);
  const std::string block(100'000, 'x');
  std::size_t gone = 0;
  for (int quiet = 0; quiet < 200 && gone < 200'000'000;) {
    const ssize_t count = ::send(tunnel.client.get(), block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    gone += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    quiet = count > 0 ? 0 : quiet + 1;
    if (count <= 0) std::this_thread::sleep_for(milliseconds{1});
  }
  BOOST_TEST(gone < 200'000'000u);
  BOOST_TEST(receiveSlowly(tunnel.backend.get(), gone).size() == gone);
}

BOOST_AUTO_TEST_CASE(a_reset_on_one_side_ends_the_tunnel_for_both) {
  const auto reactor = startReactor(1);
  OpenTunnel byClient(*reactor);
  reset(byClient.client);
  receiveUntilEnd(byClient.backend.get());
  BOOST_TEST(byClient.end().reason == std::string_view{tunnel_reason::kClientBroke});
  OpenTunnel byBackend(*reactor);
  reset(byBackend.backend);
  receiveUntilEnd(byBackend.client.get());
  BOOST_TEST(byBackend.end().reason == std::string_view{tunnel_reason::kBackendBroke});
}

BOOST_AUTO_TEST_CASE(a_side_that_breaks_while_it_is_written_to_is_the_one_that_is_named) {
  const auto reactor = startReactor(1);
  OpenTunnel tunnel(*reactor);
  closeSide(tunnel.client);
  receiveUntilEnd(tunnel.backend.get());
  reset(tunnel.client);
  for (int count = 0; count < 2'000 && !tunnel.hasEnded(); ++count) {
    sendAll(tunnel.backend.get(), "x");
    std::this_thread::sleep_for(milliseconds{1});
  }
  BOOST_TEST(tunnel.end().reason == std::string_view{tunnel_reason::kClientBroke});
}

BOOST_AUTO_TEST_CASE(a_tunnel_without_traffic_ends) {
  const auto reactor = startReactor(1);
  OpenTunnel tunnel(*reactor, {"", "", {milliseconds{50}, milliseconds{0}, kLongTime}});
  BOOST_TEST(receiveUntilEnd(tunnel.client.get()) == "");
  BOOST_TEST(receiveUntilEnd(tunnel.backend.get()) == "");
  const TunnelEnd end = tunnel.end();
  BOOST_TEST(end.reason == std::string_view{tunnel_reason::kIdle});
  BOOST_TEST(end.duration.count() >= 50);
}

// The limit runs anew from each byte, so the last one tells how long the tunnel has lived at least.
BOOST_AUTO_TEST_CASE(traffic_puts_off_the_end) {
  constexpr milliseconds kIdle{1'500};
  const auto reactor = startReactor(1);
  OpenTunnel tunnel(*reactor, {"", "x", {kIdle, milliseconds{0}, kLongTime}});
  BOOST_TEST(receive(tunnel.client.get(), 1) == "x");
  const auto begun = Clock::now();
  std::this_thread::sleep_for(milliseconds{300});
  const auto moved = Clock::now();
  sendAll(tunnel.client.get(), "y");
  BOOST_TEST(receive(tunnel.backend.get(), 1) == "y");
  const TunnelEnd end = tunnel.end();
  BOOST_TEST(end.reason == std::string_view{tunnel_reason::kIdle});
  BOOST_TEST(end.duration.count() + 1 >= std::chrono::duration_cast<milliseconds>(moved - begun + kIdle).count());
}

// A peer that has stopped reading is as idle as one that is silent.
BOOST_AUTO_TEST_CASE(a_tunnel_that_is_stuck_ends) {
  const auto reactor = startReactor(1);
  OpenTunnel tunnel(*reactor, {pattern(30'000'000), "", {milliseconds{200}, milliseconds{0}, kLongTime}});
  BOOST_TEST(tunnel.end().reason == std::string_view{tunnel_reason::kIdle});
}

BOOST_AUTO_TEST_CASE(a_tunnel_ends_when_its_lifetime_is_over_whatever_its_traffic) {
  const auto reactor = startReactor(1);
  OpenTunnel tunnel(*reactor, {"", "", {kLongTime, milliseconds{100}, kLongTime}});
  for (int count = 0; count < 20'000 && !tunnel.hasEnded(); ++count) {
    ::send(tunnel.client.get(), "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    std::this_thread::sleep_for(milliseconds{1});
  }
  const TunnelEnd end = tunnel.end();
  BOOST_TEST(end.reason == std::string_view{tunnel_reason::kLifetime});
  BOOST_TEST(end.duration.count() >= 100);
}

BOOST_AUTO_TEST_CASE(draining_gives_each_tunnel_its_own_time) {
  const auto reactor = startReactor(2);
  OpenTunnel brief(*reactor, {"", "", {kLongTime, milliseconds{0}, milliseconds{50}}});
  OpenTunnel patient(*reactor, {"", "", {kLongTime, milliseconds{0}, kLongTime}});
  reactor->drain();
  BOOST_TEST(brief.end().reason == std::string_view{tunnel_reason::kDrained});
  BOOST_TEST(!patient.hasEnded());
  sendAll(patient.client.get(), "hello");
  BOOST_TEST(receive(patient.backend.get(), 5) == "hello");
  // One that comes now has no more time than the others.
  OpenTunnel late(*reactor, {"", "", {kLongTime, milliseconds{0}, milliseconds{0}}});
  BOOST_TEST(late.end().reason == std::string_view{tunnel_reason::kDrained});
}

BOOST_AUTO_TEST_CASE(all_tunnels_can_be_ended_at_once) {
  const auto reactor = startReactor(2);
  std::vector<std::unique_ptr<OpenTunnel>> tunnels;
  for (int count = 0; count < 20; ++count) tunnels.push_back(std::make_unique<OpenTunnel>(*reactor, TunnelSetup{}));
  BOOST_TEST(reactor->tunnels() == 20u);
  reactor->endTunnels();
  for (const auto& tunnel : tunnels) {
    BOOST_TEST(tunnel->end().reason == std::string_view{tunnel_reason::kDrained});
    BOOST_TEST(receiveUntilEnd(tunnel->client.get()) == "");
    BOOST_TEST(receiveUntilEnd(tunnel->backend.get()) == "");
  }
  BOOST_TEST(becomesIdle(*reactor));
}

BOOST_AUTO_TEST_CASE(hundreds_of_tunnels_do_not_mix) {
  constexpr int kTunnels = 220;
  const auto reactor = startReactor(2);
  const std::size_t before = countDescriptors();
  {
    std::vector<std::unique_ptr<OpenTunnel>> tunnels;
    for (int count = 0; count < kTunnels; ++count)
      tunnels.push_back(std::make_unique<OpenTunnel>(*reactor, TunnelSetup{}));
    std::vector<std::string> messages;
    for (unsigned count = 0; count < kTunnels; ++count) messages.push_back(pattern(20'000, count + 1));
    for (std::size_t number = 0; number < tunnels.size(); ++number)
      sendAll(tunnels[number]->client.get(), messages[number]);
    for (std::size_t number = 0; number < tunnels.size(); ++number) {
      const std::string heard = receive(tunnels[number]->backend.get(), messages[number].size());
      BOOST_REQUIRE((heard == messages[number]));
      sendAll(tunnels[number]->backend.get(), heard);
    }
    for (std::size_t number = 0; number < tunnels.size(); ++number)
      BOOST_REQUIRE((receive(tunnels[number]->client.get(), messages[number].size()) == messages[number]));
  }
  BOOST_TEST(becomesIdle(*reactor));
  BOOST_TEST(countDescriptors() == before);
}

BOOST_AUTO_TEST_CASE(a_busy_tunnel_does_not_starve_the_others_of_its_loop) {
  const auto reactor = startReactor(1);
  OpenTunnel busy(*reactor);
  OpenTunnel quiet(*reactor);
  std::jthread flooding([&busy] {
    const std::string block(100'000, 'x');
    while (sendAll(busy.client.get(), block)) continue;
  });
  std::jthread draining([&busy] {
    std::string block(100'000, ' ');
    while (::recv(busy.backend.get(), block.data(), block.size(), 0) > 0) continue;
  });
  for (int round = 0; round < 200; ++round) {
    sendAll(quiet.client.get(), "ping");
    BOOST_REQUIRE(receive(quiet.backend.get(), 4) == "ping");
  }
  ::shutdown(busy.backend.get(), SHUT_RDWR);
  ::shutdown(busy.client.get(), SHUT_RDWR);
}

BOOST_AUTO_TEST_CASE(a_tunnel_to_a_backend_with_tls_goes_both_ways) {
  const CertificateAuthority authority;
  const TlsServer server(authority.issue("DNS:good.test"));
  Handshake made = shakeHands(server, {trusting(authority)});
  BOOST_REQUIRE_EQUAL(outcomeOf(made.connection), "done");
  const auto reactor = startReactor(1);
  OpenTunnel tunnel(*reactor, std::move(*made.connection), {"early ", ""});
  const std::string up = pattern(5'000'000, 1);
  const std::string down = pattern(5'000'000, 2);
  {
    const std::jthread sending([&] { sendAll(tunnel.client.get(), up); });
    std::this_thread::sleep_for(milliseconds{50});  // until the sender is held up
    BOOST_TEST((made.peer->receive(6 + up.size()) == "early " + up));
  }
  {
    const std::jthread sending([&] {
      for (std::size_t sent = 0; sent < down.size(); sent += 10'000) made.peer->send(down.substr(sent, 10'000));
    });
    BOOST_TEST((receiveSlowly(tunnel.client.get(), down.size()) == down));
  }
  made.peer->endWriting();
  BOOST_TEST(receiveUntilEnd(tunnel.client.get()) == "");
  // TLS has no half of an end.
  BOOST_TEST(tunnel.end().reason == std::string_view{tunnel_reason::kBackendEnded});
  BOOST_TEST(made.peer->receive(1) == "");
}

BOOST_AUTO_TEST_CASE(a_client_that_ends_ends_a_tunnel_to_tls) {
  const CertificateAuthority authority;
  const TlsServer server(authority.issue("DNS:good.test"));
  Handshake made = shakeHands(server, {trusting(authority)});
  BOOST_REQUIRE_EQUAL(outcomeOf(made.connection), "done");
  const auto reactor = startReactor(1);
  OpenTunnel tunnel(*reactor, std::move(*made.connection));
  sendAll(tunnel.client.get(), "last words");
  closeSide(tunnel.client);
  BOOST_TEST(made.peer->receive(100) == "last words");
  BOOST_TEST(tunnel.end().reason == std::string_view{tunnel_reason::kClientEnded});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
