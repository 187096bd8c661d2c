// What graceful and stop do to those who stay: tunnels and waiting requests of the old child live on, for as long as
// they may, and leave nothing behind.
#include <optional>

#include "tests/integration/support/echo_server.h"
#include "tests/integration/support/process_memory.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/request_swarm.h"
#include "tests/integration/support/slow_server.h"
#include "tests/integration/support/soak.h"
#include "tests/integration/support/tls_host.h"
#include "tests/integration/support/tunnel_checks.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(drain)

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kStopsWithin{10'000};
constexpr milliseconds kUntilParked{100};
constexpr std::size_t kSpareDescriptors = 4;
// The parent is what ends a child that does not end by itself.
constexpr const char* kReclaimed = "AH0004[567]";

// Tunnels of both kinds, some over TLS, and a backend that takes its time. No connection to it is kept: they would
// count as left behind.
struct Serving {
  explicit Serving(Mpm mpm, const std::string& directives = "")
      : webSocket(EchoServer::Speaks::kWebSocket), slow(seconds(1)), httpd(mpm), tls(httpd) {
    httpd.expectLog(kAllTaken);
    httpd.configure("FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\nRevProxyPass /ws " + webSocket.url("/") +
                    " upgrade=websocket\nRevProxyPass /slow " + slow.url("/") + " disablereuse=On\n" + directives +
                    tls.configuration());
    httpd.start();
    connects.emplace(connectThrough(httpd.port(), echo.authority()));
    upgrades.emplace(upgradeThrough(httpd.port(), "/ws/x"));
    TunnelOpening opening = upgradeThrough(tls.port(), "/ws/x");
    opening.tls = true;
    overTls.emplace(opening);
  }

  void open(int each) {
    expectOpen(*connects, each);
    expectOpen(*upgrades, each);
  }
  void expectEchoes(int each) {
    proxytest::expectEchoes(*connects, each);
    proxytest::expectEchoes(*upgrades, each);
  }
  void closeAll() {
    connects->closeAll();
    upgrades->closeAll();
    overTls->closeAll();
    BOOST_TEST(waitUntil([this] { return echo.openConnections() + webSocket.openConnections() == 0; }));
  }

  // Returns once the new generation is what serves.
  void graceful() {
    const std::size_t before = resumed();
    httpd.graceful();
    BOOST_REQUIRE(waitUntil([&] { return resumed() > before; }));
  }
  std::size_t resumed() const { return httpd.errorLog().linesMatching("resuming normal operations").size(); }

  EchoServer echo;
  EchoServer webSocket;
  SlowServer slow;
  Httpd httpd;
  TlsHost tls;
  std::optional<TunnelSwarm> connects;
  std::optional<TunnelSwarm> upgrades;
  std::optional<TunnelSwarm> overTls;
};

milliseconds timeToStop(Httpd& httpd) {
  const auto start = std::chrono::steady_clock::now();
  httpd.stop();
  return std::chrono::ceil<milliseconds>(std::chrono::steady_clock::now() - start);
}

// Requests and tunnels that come and go, so that what a child needs once is there.
void warmUp(Serving& serving) {
  serving.open(10);
  expectOpen(*serving.overTls, 10);
  serving.expectEchoes(10);
  serving.closeAll();
  RequestSwarm requests({.port = serving.httpd.port(), .target = "/slow/x", .total = 10, .atOnce = 10});
  BOOST_TEST(requests.waitFor(kPatience));
}

bool oneChildWithin(const Httpd& httpd, std::size_t descriptors) {
  return waitUntil([&] {
    const std::vector<pid_t> children = httpd.children();
    return children.size() == 1 && openDescriptors(children.front()) <= descriptors;
  });
}

std::string whatIsLeft(const Httpd& httpd) {
  std::string text;
  for (const pid_t child : httpd.children()) {
    text += "child " + std::to_string(child) + " has " + std::to_string(openDescriptors(child)) + " descriptors; ";
  }
  return text;
}

}  // namespace

PROXY_TEST_EVENT(gracefuls_cut_nothing_and_leave_nothing) {
  const int each = scaled(25, 250);
  const int overTls = scaled(10, 50);
  Serving serving(mpm);
  warmUp(serving);
  const std::size_t descriptors = openDescriptors(serving.httpd.children().front()) + kSpareDescriptors;
  const std::size_t parentsDescriptors = openDescriptors(serving.httpd.parent());
  serving.open(each);
  expectOpen(*serving.overTls, overTls);
  RequestSwarm requests({.port = serving.httpd.port(), .target = "/slow/x", .atOnce = 2 * each});
  for (int round = 0; round < scaled(3, 30); ++round) {
    const std::size_t asked = serving.slow.requests();
    BOOST_TEST(waitUntil([&] { return serving.slow.requests() >= asked + static_cast<std::size_t>(each); }));
    serving.graceful();
    serving.expectEchoes(each);
    expectEchoes(*serving.overTls, overTls);
    if (soaking()) std::this_thread::sleep_for(seconds(2));
  }
  const LoadResult result = requests.stop(kPatience);
  BOOST_TEST_MESSAGE("requests that had to wait: " << result.report());
  BOOST_TEST(result.all(200), result.report());
  serving.expectEchoes(each);
  expectEchoes(*serving.overTls, overTls);
  BOOST_TEST(serving.connects->closedByOther() + serving.upgrades->closedByOther() == 0);
  BOOST_TEST(serving.overTls->closedByOther() == 0);
  serving.closeAll();
  const bool cleanedUp = oneChildWithin(serving.httpd, descriptors);
  BOOST_TEST(cleanedUp, whatIsLeft(serving.httpd) << descriptors << " are expected");
  BOOST_TEST(openDescriptors(serving.httpd.parent()) == parentsDescriptors);
}

PROXY_TEST_ALL(a_few_tunnels_outlive_a_graceful) {
  Serving serving(mpm);
  serving.open(3);
  expectOpen(*serving.overTls, 3);
  serving.graceful();
  serving.expectEchoes(3);
  expectEchoes(*serving.overTls, 3);
  serving.closeAll();
}

PROXY_TEST_THREADS(drain_ends_tunnels_of_the_old_child) {
  constexpr int kEach = 6;
  Serving serving(mpm, "FwdProxyTunnelDrain 1s\nRevProxyTunnelDrain 1s\n");
  serving.open(kEach);
  expectOpen(*serving.overTls, kEach);
  std::this_thread::sleep_for(kUntilParked);
  serving.graceful();
  BOOST_TEST(waitUntil([&] { return serving.connects->isOpen() + serving.upgrades->isOpen() == 0; }));
  BOOST_TEST(waitUntil([&] { return serving.overTls->isOpen() == 0; }));
  BOOST_TEST(waitUntil([&] { return serving.httpd.children().size() == 1; }));
  serving.httpd.requireLog("\\[fwdproxy:info\\].*tunnel to .* ended: this child stops");
  serving.httpd.requireLog("\\[revproxy:info\\].*tunnel to .* ended: this child stops");
  // Those of the new child are not concerned.
  TunnelSwarm later(connectThrough(serving.httpd.port(), serving.echo.authority()));
  expectOpen(later, kEach);
  std::this_thread::sleep_for(milliseconds(1'500));
  expectEchoes(later, kEach);
}

// A worker still waits for these itself when the child begins to stop.
PROXY_TEST_THREADS(drain_ends_tunnels_that_have_just_been_opened) {
  constexpr int kTunnels = 6;
  Serving serving(mpm, "RevProxyTunnelDrain 1s\nTimeout 300\n");
  expectOpen(*serving.overTls, kTunnels);
  serving.graceful();
  BOOST_TEST(waitUntil([&] { return serving.overTls->isOpen() == 0; }));
  BOOST_TEST(waitUntil([&] { return serving.httpd.children().size() == 1; }));
}

PROXY_TEST_THREADS(nothing_is_cut_before_the_drain_is_over) {
  constexpr int kEach = 6;
  Serving serving(mpm, "FwdProxyTunnelDrain 1min\nRevProxyTunnelDrain 1min\n");
  serving.open(kEach);
  expectOpen(*serving.overTls, kEach);
  serving.graceful();
  for (int round = 0; round < 4; ++round) {
    std::this_thread::sleep_for(milliseconds(500));
    serving.expectEchoes(kEach);
    expectEchoes(*serving.overTls, kEach);
  }
  serving.closeAll();
  BOOST_TEST(waitUntil([&] { return serving.httpd.children().size() == 1; }));
}

PROXY_TEST_EVENT(stop_does_not_wait_for_a_draining_child) {
  Serving serving(mpm);
  serving.httpd.expectLog(kReclaimed);
  serving.open(5);
  serving.graceful();
  serving.expectEchoes(5);
  const milliseconds took = timeToStop(serving.httpd);
  BOOST_TEST_MESSAGE("stopped after " << took.count() << " ms");
  BOOST_TEST(took.count() < kStopsWithin.count());
}

PROXY_TEST_ALL(stop_does_not_wait_for_tunnels) {
  Serving serving(mpm);
  serving.httpd.expectLog(kReclaimed);
  serving.open(5);
  const milliseconds took = timeToStop(serving.httpd);
  BOOST_TEST_MESSAGE("stopped after " << took.count() << " ms");
  BOOST_TEST(took.count() < kStopsWithin.count());
}

// No child may have to be killed: AH00046 is not expected here.
PROXY_TEST_ALL(stop_does_not_wait_for_waiting_requests) {
  constexpr int kRequests = 10;
  Serving serving(mpm);
  serving.slow.stick();
  RequestSwarm requests({.port = serving.httpd.port(), .target = "/slow/x", .total = kRequests, .atOnce = kRequests});
  BOOST_TEST(waitUntil([&] { return serving.slow.requests() >= static_cast<std::size_t>(kRequests); }));
  const milliseconds took = timeToStop(serving.httpd);
  BOOST_TEST_MESSAGE("stopped after " << took.count() << " ms");
  const LoadResult result = requests.stop(kPatience);
  BOOST_TEST(result.answered(200) == 0, result.report());
  BOOST_TEST(waitUntil([&] { return serving.slow.openConnections() == 0; }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
