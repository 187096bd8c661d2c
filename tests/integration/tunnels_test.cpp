// Tunnels in numbers: far more than there are workers, by CONNECT and by WebSocket upgrade, and the server serves
// everybody else meanwhile. What a single upgrade does is upgrade_test.cpp's.
#include <thread>

#include "tests/integration/support/content.h"
#include "tests/integration/support/echo_server.h"
#include "tests/integration/support/process_memory.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/request_swarm.h"
#include "tests/integration/support/slow_server.h"
#include "tests/integration/support/soak.h"
#include "tests/integration/support/tls_host.h"
#include "tests/integration/support/tunnel_checks.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(tunnels)

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kOpen = "FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\n";
constexpr HttpdLimits kDebian{.children = 1, .threadsPerChild = 25, .asyncRequestWorkerFactor = 0};
constexpr const char* kLowFactor = "AsyncRequestWorkerFactor is 2";  // said once at the start
constexpr milliseconds kOpenedWithin{10'000};
constexpr milliseconds kLimit{60'000};
constexpr milliseconds kResponsive{100};
constexpr std::size_t kMostPerTunnel = 4 * 1024;
constexpr std::size_t kMostPerTlsTunnel = 60 * 1024;
constexpr std::size_t kSpareDescriptors = 8;  // connections to the plain backend that are kept
constexpr int kWarmUp = 100;
constexpr int kRounds = 5;

// What a child takes once, for its first tunnels, is not the price of a tunnel.
void warmUp(const TunnelOpening& opening, const LoopServer& origin, int tunnels = kWarmUp) {
  TunnelSwarm swarm(opening);
  expectOpen(swarm, tunnels);
  expectEchoes(swarm, tunnels);
  swarm.closeAll();
  BOOST_TEST(waitUntil([&] { return origin.openConnections() == 0; }));
}

// Opens them, in time when it is about time.
void openAll(TunnelSwarm& swarm, int tunnels, milliseconds within = kOpenedWithin) {
  const auto start = std::chrono::steady_clock::now();
  expectOpen(swarm, tunnels, kLimit);
  const auto took = std::chrono::ceil<milliseconds>(std::chrono::steady_clock::now() - start);
  BOOST_TEST_MESSAGE(tunnels << " tunnels asked for: " << swarm.report() << " after " << took.count() << " ms");
  if (soaking()) BOOST_TEST(took.count() <= within.count());
}

void pingAll(TunnelSwarm& swarm, int tunnels) {
  for (int round = 0; round < kRounds; ++round) expectEchoes(swarm, tunnels, kLimit);
}

pid_t onlyChild(const Httpd& httpd) {
  const std::vector<pid_t> children = httpd.children();
  BOOST_REQUIRE_EQUAL(children.size(), 1U);
  return children.front();
}

std::size_t growthPer(int tunnels, std::size_t before, std::size_t after) {
  const std::size_t each = after > before ? (after - before) / static_cast<std::size_t>(tunnels) : 0;
  BOOST_TEST_MESSAGE("private memory " << before / 1024 << " kB, then " << after / 1024 << " kB: " << each
                                       << " bytes a tunnel");
  return each;
}

void expectResponsive(RequestSwarm& requests) {
  const LoadResult result = requests.stop(kPatience);
  BOOST_TEST_MESSAGE("plain requests meanwhile: " << result.report());
  BOOST_TEST(result.all(200), result.report());
  if (soaking()) BOOST_TEST(result.percentile(0.99).count() < kResponsive.count());
}

// A client that asks for something small again and again, at its leisure.
RequestLoad somethingSmall(const Httpd& httpd) {
  return {.port = httpd.port(), .target = "/plain/x", .atOnce = 4, .pause = milliseconds(20)};
}

std::string webSocketConfiguration(const LoopServer& echo, const LoopServer& plain) {
  return "RevProxyPass /ws " + echo.url("/") + " upgrade=websocket\nRevProxyPass /plain " + plain.url("/") + "\n";
}

}  // namespace

PROXY_TEST_EVENT(connects_beyond_all_workers) {
  const int tunnels = scaled(600, 4'000);
  EchoServer echo;
  SlowServer plain(milliseconds(0));
  Httpd httpd(mpm, kDebian);
  httpd.expectLog(kAllTaken);
  httpd.expectLog(kLowFactor);
  httpd.configure(kOpen + ("RevProxyPass /plain " + plain.url("/") + "\n"));
  httpd.start();
  warmUp(connectThrough(httpd.port(), echo.authority()), echo);
  const pid_t child = onlyChild(httpd);
  const std::size_t descriptors = openDescriptors(child);
  RequestSwarm requests(somethingSmall(httpd));
  TunnelSwarm swarm(connectThrough(httpd.port(), echo.authority()));
  // What each thread takes once, and takes late, is no price of a tunnel either.
  openAll(swarm, tunnels, kOpenedWithin / 2);
  pingAll(swarm, tunnels);
  const std::size_t before = privateMemory(child);
  openAll(swarm, tunnels, kOpenedWithin / 2);
  pingAll(swarm, 2 * tunnels);
  expectResponsive(requests);
  BOOST_TEST(swarm.closedByOther() == 0);
  BOOST_TEST(onlyChild(httpd) == child);
  if (!sanitized()) BOOST_TEST(growthPer(tunnels, before, privateMemory(child)) < kMostPerTunnel);
  swarm.closeAll();
  BOOST_TEST(waitUntil([&] { return echo.openConnections() == 0; }));
  waitUntil([&] { return openDescriptors(child) <= descriptors + kSpareDescriptors; });
  BOOST_TEST(openDescriptors(child) <= descriptors + kSpareDescriptors);
}

PROXY_TEST_EVENT(websockets_beyond_all_workers) {
  const int tlsTunnels = scaled(60, 1'000);
  const int clearTunnels = scaled(240, 4'000);
  EchoServer echo(EchoServer::Speaks::kWebSocket);
  SlowServer plain(milliseconds(0));
  Httpd httpd(mpm);
  httpd.expectLog(kAllTaken);
  const TlsHost tls(httpd);
  httpd.configure(webSocketConfiguration(echo, plain) + tls.configuration());
  httpd.start();
  const TunnelOpening clearOpening = upgradeThrough(httpd.port(), "/ws/chat");
  TunnelOpening tlsOpening = upgradeThrough(tls.port(), "/ws/chat");
  tlsOpening.tls = true;
  warmUp(clearOpening, echo);
  warmUp(tlsOpening, echo, 50);
  const pid_t child = onlyChild(httpd);
  RequestSwarm requests(somethingSmall(httpd));
  TunnelSwarm clear(clearOpening);
  TunnelSwarm overTls(tlsOpening);
  openAll(clear, clearTunnels);
  const std::size_t before = privateMemory(child);
  openAll(overTls, tlsTunnels);
  pingAll(clear, clearTunnels);
  pingAll(overTls, tlsTunnels);
  expectResponsive(requests);
  const std::size_t each = growthPer(tlsTunnels, before, privateMemory(child));
  if (soaking() && !sanitized()) BOOST_TEST(each < kMostPerTlsTunnel);
  clear.closeAll();
  overTls.closeAll();
  BOOST_TEST(waitUntil([&] { return echo.openConnections() == 0; }));
}

// Where the MPM gives no way to wait without a worker, there are as many tunnels as workers, and each is as good.
PROXY_TEST_ALL(a_few_of_each_kind) {
  constexpr int kFew = 6;
  EchoServer echo;
  EchoServer webSocket(EchoServer::Speaks::kWebSocket);
  SlowServer plain(milliseconds(0));
  Httpd httpd(mpm);
  const TlsHost tls(httpd);
  httpd.configure(kOpen + webSocketConfiguration(webSocket, plain) + tls.configuration());
  httpd.start();
  std::vector<std::unique_ptr<TunnelSwarm>> swarms;
  for (TunnelOpening opening :
       {connectThrough(httpd.port(), echo.authority()), connectThrough(tls.port(), echo.authority()),
        upgradeThrough(httpd.port(), "/ws/x"), upgradeThrough(tls.port(), "/ws/x")}) {
    opening.tls = opening.proxyPort == tls.port();
    swarms.push_back(std::make_unique<TunnelSwarm>(opening));
    openAll(*swarms.back(), kFew);
  }
  for (const auto& swarm : swarms) pingAll(*swarm, kFew);
  RequestSwarm requests(somethingSmall(httpd));
  BOOST_TEST(waitUntil([&] { return requests.finished() >= 20; }));
  expectResponsive(requests);
  swarms.clear();
  BOOST_TEST(waitUntil([&] { return echo.openConnections() + webSocket.openConnections() == 0; }));
}

// Each way that leads to a child's caps.
PROXY_TEST_EVENT(caps_answer_503_until_a_tunnel_ends) {
  constexpr int kMost = 3;
  EchoServer echo;
  EchoServer webSocket(EchoServer::Speaks::kWebSocket);
  for (const std::string cap : {"MaxTunnels 3\n", "MaxTunnelsPerClient 3\n"}) {
    Httpd httpd(mpm);
    httpd.expectLog("\\[(fwd|rev)proxy:(warn|error)\\]");
    httpd.configure(kOpen + ("RevProxyPass /ws " + webSocket.url("/") + " upgrade=websocket\n") + "FwdProxy" + cap +
                    "RevProxy" + cap);
    httpd.start();
    for (const TunnelOpening& opening :
         {connectThrough(httpd.port(), echo.authority()), upgradeThrough(httpd.port(), "/ws/x")}) {
      BOOST_TEST_CONTEXT(cap << opening.head) {
        TunnelSwarm swarm(opening);
        expectOpen(swarm, kMost);
        BOOST_TEST(swarm.open(2, kPatience) == kMost);
        BOOST_TEST(swarm.refusals()[503] == 2);
        expectEchoes(swarm, kMost);
        swarm.closeAll();
        BOOST_TEST(waitUntil([&] { return swarm.open(1, kPatience) >= 1; }));
        swarm.closeAll();
        BOOST_TEST(waitUntil([&] { return echo.openConnections() + webSocket.openConnections() == 0; }));
      }
    }
  }
}

// What a client sends the moment it may: httpd's filters have read some of it while the tunnel is handed over.
PROXY_TEST_ALL(nothing_is_lost_of_a_client_that_sends_at_once) {
  constexpr std::size_t kSize = 500'000;
  const std::string content = makeContent(3, kSize);
  EchoServer echo;
  Httpd httpd(mpm);
  httpd.configure(kOpen);
  httpd.start();
  int right = 0;
  const int rounds = scaled(400, 4'000);
  for (int round = 0; round < rounds; ++round) {
    RawClient client(httpd.port());
    client.send(connectThrough(httpd.port(), echo.authority()).head);
    BOOST_TEST(client.readHead().starts_with("HTTP/1.1 200"));
    std::jthread sending([&] {
      client.send(content);
      client.finishSending();
    });
    if (client.readToEnd().data == content) ++right;
  }
  BOOST_TEST(right == rounds);
}

PROXY_TEST_ALL(end_of_a_connect_is_logged) {
  EchoServer echo;
  Httpd httpd(mpm);
  httpd.configure(kOpen);
  httpd.start();
  RawClient client(httpd.port());
  client.send(connectThrough(httpd.port(), echo.authority()).head + "early");
  client.readHead();
  client.send("later");
  BOOST_TEST(client.readExactly(10) == "earlylater");
  client.close();
  httpd.requireLog("\\[fwdproxy:info\\].*tunnel to 127\\.0\\.0\\.1:" + std::to_string(echo.port()) +
                   " ended: .+; 10 bytes to it, 10 bytes from it, [0-9]+ ms");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
