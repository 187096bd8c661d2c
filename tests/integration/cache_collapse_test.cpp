// Many who ask for the same thing at once: one backend request for all of them, over all children; those who wait are
// given what has come so far, and hold no worker. What cannot be shared is asked for by each, and nobody waits for it
// twice. What a leader leaves behind who is killed, or whose client goes away.
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/support/client.h"
#include "tests/integration/support/connection_owner.h"
#include "tests/integration/support/content.h"
#include "tests/integration/support/http2_client.h"
#include "tests/integration/support/port.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/request_swarm.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/slow_server.h"
#include "tests/integration/support/soak.h"
#include "tests/integration/support/tls_host.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(cache_collapse)

namespace {

using std::chrono::milliseconds;

constexpr std::string_view kKey = "/cold";
constexpr std::size_t kBodySize = 20'000;
// Far fewer workers than clients.
constexpr HttpdLimits kFewWorkers{.children = 3, .threadsPerChild = 4, .preforkStart = 24};
constexpr int kPreforkClients = 20;
// Thousands that come within one millisecond stand in line for the processor, whatever the server does.
constexpr milliseconds kRamp{1'000};

int clientsUnder(Mpm mpm, int check, int soak) {
  return mpm == Mpm::kPrefork ? kPreforkClients : scaled(check, soak);
}

// Holds whoever waits until it is opened.
class Gate {
 public:
  void open() { isOpen_ = true; }
  void wait() const {
    waitUntil([this] { return isOpen_.load(); }, 3 * kPatience);
  }

 private:
  std::atomic<bool> isOpen_ = false;
};

// Answers with the head and half of the body as soon as the one gate is open, and with the rest behind the other.
class GatedOrigin {
 public:
  GatedOrigin() : body_(makeContent(6, kBodySize)), origin_([this](OriginConnection& peer) { serve(peer); }) {}
  ~GatedOrigin() {
    head.open();
    rest.open();
  }
  GatedOrigin(const GatedOrigin&) = delete;
  GatedOrigin& operator=(const GatedOrigin&) = delete;

  Gate head;
  Gate rest;

  const std::string& body() const { return body_; }
  int port() const { return origin_.port(); }
  std::string url(const std::string& path) const { return origin_.url(path); }
  std::size_t requests() const { return origin_.requests().size(); }
  bool waitForRequests(std::size_t count) const {
    return waitUntil([&] { return requests() == count; });
  }

 private:
  void serve(OriginConnection& peer) const {
    while (peer.readRequest()) {
      head.wait();
      const std::string answer = okResponse(body_, "Cache-Control: max-age=600\r\n");
      const std::size_t half = answer.size() - body_.size() / 2;
      peer.write(std::string_view(answer).substr(0, half));
      rest.wait();
      peer.write(std::string_view(answer).substr(half));
    }
  }

  const std::string body_;
  ScriptedOrigin origin_;
};

std::string cached(const std::string& originUrl) {
  return "RevProxyPass / " + originUrl + "\nRevProxyCache on\n";
}

// Clients that each ask once for the key, and want that body.
RequestLoad askingFor(const Httpd& httpd, const GatedOrigin& origin, int clients) {
  RequestLoad load;
  load.port = httpd.port();
  load.target = kKey;
  load.total = clients;
  load.atOnce = clients;
  load.judge = [&origin](std::string_view, std::string_view, std::string_view body) { return body == origin.body(); };
  return load;
}

std::size_t acceptedBy(const Httpd& httpd) {
  const std::vector<pid_t> children = httpd.children();
  return std::accumulate(children.begin(), children.end(), std::size_t{0},
                         [&](std::size_t sum, pid_t child) { return sum + connectionsAt(httpd.port(), child); });
}

// A client that asks first, so that its request leads.
class Leader {
 public:
  Leader(const Httpd& httpd, const GatedOrigin& origin) : client_(httpd.port()) {
    client_.send("GET " + std::string(kKey) + " HTTP/1.1\r\nHost: proxytest\r\n\r\n");
    BOOST_TEST_REQUIRE(origin.waitForRequests(1));
  }
  void leave() { client_.close(); }

 private:
  RawClient client_;
};

// That a client has gone. Whether httpd then closes the connection at once is its own affair.
void letHttpdNotice(const Httpd& httpd) {
  waitUntil([&] { return !owesClosing(httpd.port()); }, std::chrono::seconds{1});
}

void expectAll(RequestSwarm& swarm, int clients) {
  BOOST_TEST(swarm.waitFor(3 * kPatience));
  const LoadResult result = swarm.stop(milliseconds{0});
  BOOST_TEST_MESSAGE("clients of one key: " << result.report());
  BOOST_TEST(result.all(200), result.report());
  BOOST_TEST(result.answered(200) == clients);
}

}  // namespace

PROXY_TEST(one_cold_key_is_asked_for_once) {
  GatedOrigin origin;
  Httpd httpd(mpm, kFewWorkers);
  httpd.expectLog(kAllTaken);
  httpd.configure(cached(origin.url("/")));
  httpd.start();
  const int clients = clientsUnder(mpm, 300, 5'000);
  RequestLoad load = askingFor(httpd, origin, clients);
  load.ramp = scaled(milliseconds{0}, kRamp);
  std::atomic<int> collapsed = 0;
  load.judge = [&](std::string_view, std::string_view head, std::string_view body) {
    if (headerValue(parseHeaders(head), "Cache-Status").value_or("").find("collapsed") != std::string::npos)
      ++collapsed;
    return body == origin.body();
  };
  RequestSwarm swarm(load);
  BOOST_TEST(origin.waitForRequests(1));
  origin.head.open();
  // The origin has not sent the last byte, nor will it until everybody has the first ones.
  BOOST_TEST(waitUntil([&] { return swarm.partlyAnswered() == clients; }, 2 * kPatience));
  origin.rest.open();
  expectAll(swarm, clients);
  BOOST_TEST(origin.requests() == 1u);
  BOOST_TEST(collapsed == clients - 1);
  BOOST_TEST(Client().get(httpd.url(std::string(kKey)), {"Host: proxytest"}).body == origin.body());
  BOOST_TEST(origin.requests() == 1u);
}

// The first time they wait for one of them to learn it, and never again.
PROXY_TEST(what_cannot_be_shared_is_asked_for_by_each) {
  SlowServer origin(milliseconds{100}, "Cache-Control: no-store\r\n");
  Httpd httpd(mpm, kFewWorkers);
  httpd.expectLog(kAllTaken);
  httpd.configure("RevProxyPass /plain " + origin.url("/") + " cache=off\nRevProxyPass /cached " + origin.url("/") +
                  " cache=on\n");
  httpd.start();
  const int clients = clientsUnder(mpm, 100, 5'000);
  // p99, in milliseconds.
  const auto ask = [&](const std::string& target) {
    const std::size_t before = origin.requests();
    RequestLoad load{.port = httpd.port(), .target = target, .total = clients, .atOnce = clients};
    load.ramp = scaled(milliseconds{0}, kRamp);
    load.judge = [](std::string_view, std::string_view, std::string_view body) { return body == SlowServer::kBody; };
    RequestSwarm swarm(load);
    BOOST_TEST(swarm.waitFor(3 * kPatience));
    const LoadResult result = swarm.stop(milliseconds{0});
    BOOST_TEST_MESSAGE(target << ": " << result.report());
    BOOST_TEST(result.all(200), target << ": " << result.report());
    BOOST_TEST(origin.requests() - before == static_cast<std::size_t>(clients), target);
    return result.percentile(0.99).count();
  };
  ask("/cached/x");
  std::vector<milliseconds::rep> with, without;
  for (int round = 0; round < scaled(1, 15); ++round) {
    without.push_back(ask("/plain/x"));
    with.push_back(ask("/cached/x"));
  }
  std::sort(with.begin(), with.end());
  std::sort(without.begin(), without.end());
  const auto median = with.size() / 2;
  BOOST_TEST_MESSAGE("uncacheable: p99 " << with[median] << " ms with the cache, " << without[median] << " ms without");
  if (soaking()) BOOST_TEST(with[median] < 2 * without[median]);
}

// What only its own client may have, or what no stored response can answer.
PROXY_TEST_EVENT(who_cannot_share_waits_for_nobody_and_nobody_for_it) {
  GatedOrigin origin;
  Httpd httpd(mpm, kFewWorkers);
  httpd.configure("RevProxyPass / " + origin.url("/") + " cache=on upgrade=websocket\n");
  httpd.start();
  const std::string start = "GET " + std::string(kKey) + " HTTP/1.1\r\nHost: proxytest\r\n";
  const std::string upgrade = start + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  const std::vector<std::string> requests = {start + "Cache-Control: no-store\r\n\r\n", upgrade,
                                             start + "Content-Length: 3\r\n\r\nall", start + "\r\n",
                                             start + "Cache-Control: no-cache\r\n\r\n"};
  std::vector<std::unique_ptr<RawClient>> clients;
  for (const std::string& request : requests) {
    clients.push_back(std::make_unique<RawClient>(httpd.port()));
    clients.back()->send(request);
    BOOST_TEST_REQUIRE(origin.waitForRequests(clients.size()), request << " waits");
  }
  origin.head.open();
  origin.rest.open();
  for (auto& client : clients) {
    client->readHead();
    BOOST_TEST(client->readExactly(origin.body().size()) == origin.body());
  }
  const auto status = [&](const std::string& request) {
    RawClient client(httpd.port());
    client.send(request);
    return client.readHead();
  };
  BOOST_TEST(waitUntil([&] { return status(start + "\r\n").find("; hit") != std::string::npos; }));
  BOOST_TEST(status(upgrade).find("; fwd=bypass") != std::string::npos);
  BOOST_TEST(status(start + "Content-Length: 3\r\n\r\nall").find("; fwd=bypass") != std::string::npos);
}

// Streams of HTTP/2 are not parked: each that waits holds one of mod_http2's workers.
PROXY_TEST_EVENT(streams_of_one_connection_share_though_there_are_more_than_workers) {
  GatedOrigin origin;
  Httpd httpd(mpm);
  TlsHost tls(httpd);
  httpd.loadModule("http2");
  httpd.configure("Protocols h2 http/1.1\nH2MinWorkers 2\nH2MaxWorkers 4\n" + cached(origin.url("/")) +
                  tls.configuration());
  httpd.start();
  Http2Client client(tls.port());
  std::vector<Http2Client::Stream> streams;
  for (int count = 0; count < 20; ++count) streams.push_back(client.request(http2Get(std::string(kKey))));
  BOOST_TEST(origin.waitForRequests(1));
  origin.head.open();
  origin.rest.open();
  for (const Http2Client::Stream stream : streams) {
    BOOST_TEST(client.readStatus(stream) == 200);
    BOOST_TEST(client.readToEnd(stream));
    BOOST_TEST(client.readExactly(stream, origin.body().size()) == origin.body());
  }
  BOOST_TEST(origin.requests() == 1u);
}

PROXY_TEST(one_who_waits_takes_over_from_a_leader_that_is_killed) {
  GatedOrigin origin;
  Httpd httpd(mpm, kFewWorkers);
  httpd.expectLog("exit signal Killed");
  httpd.expectLog(kAllTaken);
  httpd.configure(cached(origin.url("/")));
  httpd.start();
  Leader first(httpd, origin);
  const pid_t leading = connectedTo(origin.port(), httpd.children());
  BOOST_TEST_REQUIRE(leading != 0);
  const int clients = clientsUnder(mpm, 40, 1'000);
  RequestSwarm swarm(askingFor(httpd, origin, clients));
  BOOST_TEST(waitUntil([&] { return acceptedBy(httpd) == static_cast<std::size_t>(clients) + 1; }));
  const std::size_t lost = connectionsAt(httpd.port(), leading) - 1;
  BOOST_TEST_REQUIRE(lost < static_cast<std::size_t>(clients));
  ::kill(leading, SIGKILL);
  BOOST_TEST(origin.waitForRequests(2));
  origin.head.open();
  origin.rest.open();
  BOOST_TEST(swarm.waitFor(kPatience));
  const LoadResult result = swarm.stop(milliseconds{0});
  BOOST_TEST(result.wrong == 0, result.report());
  BOOST_TEST(static_cast<std::size_t>(result.failures) == lost, result.report());
  BOOST_TEST(result.answered(200) + result.failures == clients, result.report());
  BOOST_TEST(origin.requests() == 2u);
}

PROXY_TEST(a_leader_whose_client_leaves_still_brings_it_to_the_others) {
  GatedOrigin origin;
  Httpd httpd(mpm, kFewWorkers);
  httpd.expectLog(kAllTaken);
  httpd.configure(cached(origin.url("/")));
  httpd.start();
  Leader first(httpd, origin);
  const int clients = clientsUnder(mpm, 60, 1'000);
  RequestSwarm swarm(askingFor(httpd, origin, clients));
  origin.head.open();
  BOOST_TEST(waitUntil([&] { return swarm.partlyAnswered() == clients; }));
  first.leave();
  letHttpdNotice(httpd);
  origin.rest.open();
  expectAll(swarm, clients);
  BOOST_TEST(origin.requests() == 1u);
}

// The same before there is anything to be given. That all of them wait is seen in mod_status.
PROXY_TEST_EVENT(a_leader_whose_client_leaves_early_still_brings_it_to_the_others) {
  GatedOrigin origin;
  Httpd httpd(mpm, kFewWorkers);
  httpd.loadModule("status");
  httpd.expectLog(kAllTaken);
  httpd.configure("RevProxyPass /status !\n<Location /status>\nSetHandler server-status\n</Location>\n" +
                  cached(origin.url("/")));
  httpd.start();
  Leader first(httpd, origin);
  constexpr int kClients = 60;
  RequestSwarm swarm(askingFor(httpd, origin, kClients));
  const auto parked = [&] {
    constexpr std::string_view kName = "ProxyParked: ";
    const std::string page = Client().get(httpd.url("/status?auto")).body;
    const std::size_t place = page.find(kName);
    return place == std::string::npos ? 0 : std::stoi(page.substr(place + kName.size()));
  };
  BOOST_TEST(waitUntil([&] { return parked() >= kClients; }));
  first.leave();
  letHttpdNotice(httpd);
  origin.head.open();
  origin.rest.open();
  expectAll(swarm, kClients);
  BOOST_TEST(origin.requests() == 1u);
}

// RFC 9111 4 lets only those share a request whom its response is for: a part is not for who wants all, or another.
PROXY_TEST_EVENT(a_range_waits_for_nobody_and_nobody_for_it) {
  GatedOrigin origin;
  Httpd httpd(mpm, kFewWorkers);
  httpd.configure(cached(origin.url("/")));
  httpd.start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (const char* range : {"Range: bytes=0-4\r\n", "", "Range: bytes=0-4\r\n", "Range: bytes=5-9\r\n"}) {
    clients.push_back(std::make_unique<RawClient>(httpd.port()));
    clients.back()->send("GET " + std::string(kKey) + " HTTP/1.1\r\nHost: proxytest\r\n" + range + "\r\n");
    BOOST_TEST_REQUIRE(origin.waitForRequests(clients.size()));
  }
  origin.head.open();
  origin.rest.open();
  for (const auto& client : clients) {
    BOOST_TEST(client->readHead().find("200 OK") != std::string::npos);
    BOOST_TEST(client->readExactly(kBodySize) == origin.body());
  }
}

// Nothing would come of waiting: the leader's response is not stored, and all the others would ask behind it.
PROXY_TEST(nobody_waits_for_another_while_the_store_is_left_alone) {
  constexpr int kClients = 3;
  const RefusingPort redis;
  GatedOrigin origin;
  Httpd httpd(mpm, kFewWorkers);
  httpd.loadModule("socache_redis");
  httpd.expectLog("socache_redis:");
  httpd.configure("RevProxyCacheStore gone socache provider=redis:127.0.0.1:" + std::to_string(redis.number()) +
                  "\nRevProxyPass / " + origin.url("/") + "\nRevProxyCache on store=gone\n");
  httpd.start();
  RequestSwarm swarm(askingFor(httpd, origin, kClients));
  BOOST_TEST(origin.waitForRequests(kClients));
  origin.head.open();
  origin.rest.open();
  expectAll(swarm, kClients);
  httpd.requireLog("cache store \"gone\" fails");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
