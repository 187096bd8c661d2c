// Backends that close connections at the worst moment: no client gets an error for it that could have been spared, and
// no request that may not run twice is seen twice. The backend keeps the ledger.
#include <set>

#include "tests/integration/support/client.h"
#include "tests/integration/support/ledger_server.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/request_swarm.h"
#include "tests/integration/support/soak.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(keepalive_race)

namespace {

using std::chrono::milliseconds;

// Clients that have a pool of their own, because their mapping's key differs: there nobody else keeps a connection
// young. An address is never looked up, so the name server is only a part of the key.
constexpr int kAlone = 200;

std::string directives(const LedgerServer& server) {
  std::string text = "RevProxyPass /shared " + server.url() + "\n";
  for (int client = 0; client < kAlone; ++client)
    text += "<Location /alone/" + std::to_string(client) + ">\nRevProxyPass " + server.url() +
            "\nRevProxyResolver 127.0.0.1:" + std::to_string(1 + client) + "\n</Location>\n";
  return text;
}

// GETs and POSTs in turn, each with an id of its own.
std::string requestText(int client, int request) {
  const bool isPost = (client + request) % 2 == 1;
  const std::string id = (isPost ? "post-" : "get-") + std::to_string(client) + "-" + std::to_string(request);
  const std::string path = client < kAlone ? "/alone/" + std::to_string(client) : "/shared";
  return std::string{isPost ? "POST " : "GET "} + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Id: " + id +
         "\r\n" + (isPost ? "Content-Length: 5\r\n\r\nhello" : "\r\n");
}

RequestLoad load(const Httpd& httpd, int clients, int requests, milliseconds pause, milliseconds spread) {
  RequestLoad load;
  load.port = httpd.port();
  load.atOnce = clients;
  load.total = clients * requests;
  load.pause = pause;
  load.pauseSpread = spread;
  load.ramp = milliseconds{1000};
  load.text = &requestText;
  return load;
}

}  // namespace

// 20,000 requests, spaced as closely as can be to the backend's idle limit of one second.
PROXY_TEST_EVENT(requests_that_meet_a_closing_connection_are_answered) {
  const int requests = soaking() ? 100 : 20;
  LedgerServer server({milliseconds{1000}, 0, ""});
  Httpd httpd(mpm, {2, 25});
  httpd.expectLog(kAllTaken);
  httpd.configure(directives(server));
  httpd.start();
  RequestSwarm swarm(load(httpd, 1000, requests, milliseconds{900}, milliseconds{200}));
  BOOST_TEST(swarm.waitFor(std::chrono::minutes{soaking() ? 10 : 3}));
  const LoadResult result = swarm.stop(std::chrono::seconds{10});
  BOOST_TEST_MESSAGE("race with an idle limit: " << result.report() << "; " << server.accepted() << " connections, "
                                                 << server.closedIdle() << " closed idle");
  BOOST_TEST(result.all(200), result.report());
  BOOST_TEST(server.count("post-").most == 1);
  BOOST_TEST(server.count("post-").ids + server.count("get-").ids == 1000 * requests);
  BOOST_TEST(server.count("post-").ids > 300 * requests);
  // It would prove nothing if no connection had been closed under the proxy.
  BOOST_TEST(server.closedIdle() > 0);
}

// Every fourth request on a connection that has served before is met by a reset.
PROXY_TEST(a_reset_under_a_request_costs_a_post_alone_and_that_once) {
  LedgerServer server({milliseconds{0}, 4, ""});
  Httpd httpd(mpm, {2, 25});
  httpd.configure(directives(server));
  httpd.expectLog("closed-early");
  httpd.expectLog(kAllTaken);
  httpd.start();
  RequestSwarm swarm(load(httpd, 400, 10, milliseconds{1}, milliseconds{100}));
  BOOST_TEST(swarm.waitFor(std::chrono::minutes{2}));
  const LoadResult result = swarm.stop(std::chrono::seconds{10});
  BOOST_TEST_MESSAGE("race with resets: " << result.report() << "; " << server.resets() << " resets");
  BOOST_TEST(result.failures == 0);
  BOOST_TEST(result.answered(200) + result.answered(502) == 4000);
  const auto gets = server.count("get-");
  const auto posts = server.count("post-");
  BOOST_TEST(posts.most == 1);
  BOOST_TEST(posts.ids + gets.ids == 4000);
  BOOST_TEST(posts.ids > 1000);
  BOOST_TEST(gets.most <= 2);
  // A GET that met a reset was seen twice and answered: every 502 is a POST's.
  const int resetGets = gets.sum - gets.ids;
  BOOST_TEST(resetGets > 0);
  BOOST_TEST(result.answered(502) == server.resets() - resetGets);
  BOOST_TEST(result.answered(502) > 0);
}

// What the peer says of its limit is believed: connections are closed before, without any request having to come.
PROXY_TEST_ALL(idle_connections_are_closed_before_the_backend_does) {
  LedgerServer server({milliseconds{2000}, 0, "Keep-Alive: timeout=2\r\n"});
  Httpd httpd(mpm);
  httpd.configure(directives(server));
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/shared")).status == 200);
  BOOST_TEST(client.get(httpd.url("/alone/1")).status == 200);
  BOOST_TEST(waitUntil([&] { return server.accepted() >= 2 && server.openConnections() == 0; }, milliseconds{10'000}));
  BOOST_TEST(server.closedIdle() == 0);
}

PROXY_TEST_ALL(idle_connections_are_closed_when_their_time_is_over) {
  LedgerServer server({milliseconds{0}, 0, ""});
  Httpd httpd(mpm);
  httpd.configure("RevProxySet ttl=300ms\nRevProxyPass / " + server.url("/") + "\n");
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/")).status == 200);
  BOOST_TEST(waitUntil([&] { return server.accepted() > 0 && server.openConnections() == 0; }, milliseconds{10'000}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
