// What mod_status tells of tunnels and of requests that wait: sums for machines, a table for people.
#include "tests/integration/support/client.h"
#include "tests/integration/support/echo_server.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/request_swarm.h"
#include "tests/integration/support/slow_server.h"
#include "tests/integration/support/tunnel_checks.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(status_page)

namespace {

struct Watched {
  explicit Watched(Mpm mpm)
      : webSocket(EchoServer::Speaks::kWebSocket), slow(std::chrono::milliseconds(0)), httpd(mpm, {.children = 2}) {
    httpd.loadModule("status");
    httpd.configure("FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\nRevProxyPass /ws " + webSocket.url("/") +
                    " upgrade=websocket\nRevProxyPass /slow " + slow.url("/") +
                    "\n<Location /status>\nSetHandler server-status\n</Location>\n");
    httpd.start();
  }

  std::string page(const std::string& query) { return Client().get(httpd.url("/status" + query)).body; }

  // Each of them is alone on a line of the page for machines.
  void expectToShow(const std::string& name, int number) {
    const std::string line = "\n" + name + ": " + std::to_string(number) + "\n";
    std::string seen;
    const bool shows = waitUntil([&] { return (seen = "\n" + page("?auto")).find(line) != std::string::npos; });
    BOOST_TEST(shows, "instead of" << line << "there is" << seen);
  }

  EchoServer echo;
  EchoServer webSocket;
  SlowServer slow;
  Httpd httpd;
};

}  // namespace

PROXY_TEST_ALL(tunnels_are_counted) {
  Watched server(mpm);
  server.expectToShow("ProxyTunnels", 0);
  TunnelSwarm connects(connectThrough(server.httpd.port(), server.echo.authority()));
  TunnelSwarm upgrades(upgradeThrough(server.httpd.port(), "/ws/x"));
  expectOpen(connects, 5);
  expectOpen(upgrades, 3);
  server.expectToShow("ProxyTunnels", 8);
  connects.closeAll();
  server.expectToShow("ProxyTunnels", 3);
  upgrades.closeAll();
  server.expectToShow("ProxyTunnels", 0);
}

PROXY_TEST_EVENT(waiting_requests_are_counted) {
  Watched server(mpm);
  server.slow.stick();
  RequestSwarm requests({.port = server.httpd.port(), .target = "/slow/x", .total = 7, .atOnce = 7});
  server.expectToShow("ProxyParked", 7);
  server.slow.resume();
  BOOST_TEST(requests.waitFor(kPatience));
  server.expectToShow("ProxyParked", 0);
}

PROXY_TEST_ALL(people_get_a_table) {
  Watched server(mpm);
  TunnelSwarm connects(connectThrough(server.httpd.port(), server.echo.authority()));
  expectOpen(connects, 2);
  const std::string page = server.page("");
  const std::size_t place = page.find("unnels");
  BOOST_REQUIRE_MESSAGE(place != std::string::npos, page);
  BOOST_TEST(page.find("<table", page.rfind("<h", place)) != std::string::npos, page);
}

// A generation that is gone is not counted on.
PROXY_TEST_EVENT(tunnels_of_old_children_count_while_they_live) {
  Watched server(mpm);
  TunnelSwarm connects(connectThrough(server.httpd.port(), server.echo.authority()));
  expectOpen(connects, 4);
  server.httpd.graceful();
  BOOST_TEST(
      waitUntil([&] { return server.httpd.errorLog().linesMatching("resuming normal operations").size() == 2; }));
  server.expectToShow("ProxyTunnels", 4);
  connects.closeAll();
  server.expectToShow("ProxyTunnels", 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
