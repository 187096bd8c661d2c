// How many connections a backend sees, who waits for one and in which order, and when a backend is left alone.
#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/integration/support/client.h"
#include "tests/integration/support/port.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/request_swarm.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/slow_server.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(pool_limits)

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kMoment{100};
// Each child of prefork has connections of its own: with one there is one pool.
constexpr HttpdLimits kOneChild{.preforkStart = 1, .preforkChildren = 1};

std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: proxytest\r\nConnection: close\r\n\r\n";
}

std::string pass(const std::string& path, const std::string& url, const std::string& parameters = "") {
  return "RevProxyPass " + path + " " + url + " " + parameters + "\n";
}

void expectStatus(RawClient& client, const std::string& status) {
  const std::string line = firstLine(client.readHead());
  BOOST_TEST(line.starts_with("HTTP/1.1 " + status), line);
}

// A backend that has been asked once, on its only connection, and does not answer.
struct StuckBackend {
  StuckBackend(Mpm mpm, const std::string& parameters, const std::string& more = "", HttpdLimits limits = {})
      : slow(milliseconds{0}), httpd(mpm, limits) {
    slow.stick();
    httpd.configure(more + pass("/", slow.url("/"), "max=1 " + parameters));
    httpd.start();
    first.emplace(httpd.port());
    first->send(get("/first"));
    BOOST_REQUIRE(waitUntil([this] { return slow.requests() == 1; }));
  }

  SlowServer slow;
  Httpd httpd;
  std::optional<RawClient> first;
};

}  // namespace

PROXY_TEST_THREADS(backend_sees_no_more_connections_than_it_may) {
  SlowServer slow(milliseconds{5});
  Httpd httpd(mpm);
  httpd.configure(pass("/", slow.url("/"), "max=2"));
  httpd.start();
  RequestSwarm swarm({.port = httpd.port(), .target = "/", .total = 200, .atOnce = 20});
  BOOST_TEST(swarm.waitFor(kPatience));
  const LoadResult result = swarm.stop(kPatience);
  BOOST_TEST(result.all(200), result.report());
  BOOST_TEST(slow.accepted() == 2U);  // and as they are kept, never more at a time
}

PROXY_TEST_THREADS(who_comes_first_is_served_first) {
  constexpr int kWaiting = 18;
  std::atomic<bool> mayAnswer = false;
  ScriptedOrigin origin([&](OriginConnection& connection) {
    while (connection.readRequest()) {
      waitUntil([&] { return mayAnswer.load(); });
      connection.write(okResponse("served"));
    }
  });
  Httpd httpd(mpm);
  httpd.configure(pass("/", origin.url("/"), "max=1 acquire=20s"));
  httpd.start();
  std::vector<RawClient> clients;
  clients.emplace_back(httpd.port()).send(get("/busy"));
  BOOST_REQUIRE(waitUntil([&] { return origin.requests().size() == 1; }));
  for (int count = 0; count < kWaiting; ++count) {
    clients.emplace_back(httpd.port()).send(get("/" + std::to_string(count)));
    std::this_thread::sleep_for(kMoment / 4);
  }
  BOOST_TEST(origin.requests().size() == 1U);
  mayAnswer = true;
  for (RawClient& client : clients) expectStatus(client, "200");
  const auto requests = origin.requests();
  BOOST_REQUIRE(requests.size() == 1U + kWaiting);
  // One is served at a time; noise may have let one overtake another on its way to the queue.
  for (int place = 0; place < kWaiting; ++place) {
    const int number = std::stoi(requests[static_cast<std::size_t>(place) + 1].target().substr(1));
    BOOST_TEST(std::abs(number - place) <= 3, "number " << number << " was served in place " << place);
  }
  BOOST_TEST(origin.connections() == 1U);
}

PROXY_TEST_THREADS(wait_for_a_connection_has_an_end) {
  for (const std::string limit : {"acquire=200ms", "acquire=200"}) {
    StuckBackend stuck(mpm, limit);
    RawClient second(stuck.httpd.port());
    second.send(get("/second"));
    expectStatus(second, "503");
    stuck.httpd.requireLog("\\bpool-timeout\\b");
    BOOST_TEST(stuck.httpd.errorLog().linesMatching("\\bpool-timeout\\b").size() == 1U);
    stuck.slow.resume();
    expectStatus(*stuck.first, "200");
    BOOST_TEST(Client().get(stuck.httpd.url("/third")).status == 200);
    BOOST_TEST(stuck.slow.requests() == 2U);
    BOOST_TEST(stuck.slow.accepted() == 1U);
  }
}

PROXY_TEST_THREADS(client_that_leaves_the_queue_is_forgotten) {
  StuckBackend stuck(mpm, "acquire=20s");
  RawClient leaver(stuck.httpd.port());
  leaver.send(get("/leaver"));
  std::this_thread::sleep_for(kMoment);
  RawClient stayer(stuck.httpd.port());
  stayer.send(get("/stayer"));
  std::this_thread::sleep_for(kMoment);
  leaver.close();
  stuck.httpd.requireLog("/leaver.*client-gone");
  stuck.slow.resume();
  expectStatus(*stuck.first, "200");
  expectStatus(stayer, "200");
  BOOST_TEST(stuck.slow.requests() == 2U);
}

// Who has the connection leaves with its client: the next one gets the place, and dials.
PROXY_TEST_THREADS(place_of_one_that_has_failed_goes_on) {
  StuckBackend stuck(mpm, "acquire=20s");
  RawClient second(stuck.httpd.port());
  second.send(get("/second"));
  std::this_thread::sleep_for(kMoment);
  stuck.first->reset();
  BOOST_TEST(waitUntil([&] { return stuck.slow.requests() == 2; }));
  BOOST_TEST(stuck.slow.accepted() == 2U);
  stuck.slow.resume();
  expectStatus(second, "200");
}

PROXY_TEST_EVENT(queue_holds_no_worker) {
  constexpr int kWaiting = 50;
  SlowServer fast(milliseconds{0});
  StuckBackend stuck(mpm, "acquire=20s", pass("/fast", fast.url("/")), {.threadsPerChild = 4});
  stuck.httpd.expectLog(kAllTaken);
  RequestSwarm queue({.port = stuck.httpd.port(), .target = "/q", .total = kWaiting, .atOnce = kWaiting});
  std::this_thread::sleep_for(3 * kMoment);
  Client other;
  other.setTimeout(kPatience / 4);  // less than those in the queue wait
  for (int round = 0; round < 8; ++round) BOOST_TEST(other.get(stuck.httpd.url("/fast/x")).status == 200);
  BOOST_TEST(queue.finished() == 0);
  stuck.slow.resume();
  BOOST_TEST(queue.waitFor(kPatience));
  const LoadResult result = queue.stop(kPatience);
  BOOST_TEST(result.all(200), result.report());
  BOOST_TEST(stuck.slow.accepted() == 1U);
}

PROXY_TEST_THREADS(no_more_idle_connections_than_smax) {
  for (const std::size_t most : {0U, 1U, 3U}) {
    SlowServer slow(milliseconds{0});
    slow.stick();
    Httpd httpd(mpm);
    httpd.configure(pass("/", slow.url("/"), "smax=" + std::to_string(most)));
    httpd.start();
    RequestSwarm swarm({.port = httpd.port(), .target = "/", .total = 6, .atOnce = 6});
    BOOST_REQUIRE(waitUntil([&] { return slow.requests() == 6; }));
    BOOST_TEST(slow.openConnections() == 6U);
    slow.resume();
    BOOST_TEST(swarm.waitFor(kPatience));
    BOOST_TEST(swarm.stop(kPatience).all(200));
    BOOST_TEST(waitUntil([&] { return slow.openConnections() == most; }));
    std::this_thread::sleep_for(kMoment);
    BOOST_TEST(slow.openConnections() == most);
  }
}

namespace {

// Whether two requests through that path meet on one connection, and whether the backend is told if not.
bool isReused(Httpd& httpd, const ScriptedOrigin& origin, const std::string& path) {
  Client client;
  const std::size_t before = origin.connections();
  const std::string head = client.get(httpd.url(path)).body;
  client.get(httpd.url(path));
  client.get(httpd.url(path));
  const bool saysClose = head.find("Connection: close\r\n") != std::string::npos;
  const std::size_t made = origin.connections() - before;
  BOOST_TEST((saysClose ? made >= 2U : made <= 1U), path << ": " << made << " connections\n" << head);
  return !saysClose;
}

}  // namespace

PROXY_TEST_ALL(reuse_is_said_at_the_narrowest_place) {
  ScriptedOrigin origin(showingHeads());
  Httpd httpd(mpm, kOneChild);
  httpd.expectLog(kAllTaken);
  const std::string url = origin.url("/");
  httpd.configure(pass("/kept", url) + pass("/disabled", url, "disablereuse=On") +
                  pass("/not-enabled", url, "enablereuse=Off") + pass("/enabled", url, "enablereuse=On"));
  httpd.start();
  BOOST_TEST(isReused(httpd, origin, "/kept"));
  BOOST_TEST(!isReused(httpd, origin, "/disabled"));
  BOOST_TEST(!isReused(httpd, origin, "/not-enabled"));
  BOOST_TEST(isReused(httpd, origin, "/enabled"));
  Httpd inherited(mpm, kOneChild);
  inherited.expectLog(kAllTaken);
  inherited.configure("RevProxySet disablereuse=On\n" + pass("/server", url) + pass("/pass", url, "disablereuse=Off") +
                      pass("/located", url) + pass("/both", url, "disablereuse=On") +
                      "<Location /located>\nRevProxySet disablereuse=Off\n</Location>\n"
                      "<Location /both>\nRevProxySet disablereuse=Off\n</Location>\n");
  inherited.start();
  BOOST_TEST(!isReused(inherited, origin, "/server"));
  BOOST_TEST(isReused(inherited, origin, "/pass"));
  BOOST_TEST(isReused(inherited, origin, "/located"));
  BOOST_TEST(!isReused(inherited, origin, "/both"));
}

namespace {

// Of the connection to that port, in the kernel's table: timer 2 is that of keep-alive probes.
std::string timerTowards(int port) {
  std::ostringstream remote;
  remote << "0100007F:" << std::uppercase << std::hex << port;
  std::ifstream table("/proc/net/tcp");
  for (std::string line; std::getline(table, line);) {
    std::istringstream words(line);
    std::string number, local, peer, state, queues, timer;
    words >> number >> local >> peer >> state >> queues >> timer;
    if (peer == remote.str() && state == "01") return timer.substr(0, 2);
  }
  return "none";
}

}  // namespace

PROXY_TEST(idle_connections_are_probed_unless_told_not_to) {
  for (const auto& [parameter, timer] : {std::pair("", "02"), {"keepalive=On", "02"}, {"keepalive=Off", "00"}}) {
    ScriptedOrigin origin(ScriptedOrigin::answering(okResponse("kept")));
    Httpd httpd(mpm);
    httpd.configure(pass("/", origin.url("/"), parameter));
    httpd.start();
    BOOST_TEST(Client().get(httpd.url("/")).status == 200);
    BOOST_TEST(waitUntil([&, expected = timer] { return timerTowards(origin.port()) == expected; }, milliseconds{2000}),
               parameter << " gives " << timerTowards(origin.port()));
  }
}

namespace {

// Another httpd, that nobody reaches before it is started, behind two mappings.
struct Comeback {
  Comeback(Mpm mpm, const std::string& parameters) : backend(mpm), httpd(mpm, kOneChild) {
    httpd.expectLog(kAllTaken);
    httpd.configure(pass("/plain", backend.url("/")) + pass("/retry", backend.url("/"), parameters));
    httpd.start();
    std::ofstream(backend.documentRoot() / "page") << "back again";
    BOOST_TEST(ask("/retry/page").status == 503);
    httpd.requireLog("\\brefused\\b");
  }
  Response ask(const std::string& path) const { return Client().get(httpd.url(path)); }
  std::size_t dials() const { return httpd.errorLog().linesMatching("\\brefused\\b").size(); }

  Httpd backend;
  Httpd httpd;
};

}  // namespace

PROXY_TEST(backend_that_refused_is_left_alone_for_a_while) {
  Comeback comeback(mpm, "retry=5s");
  BOOST_TEST(comeback.ask("/retry/page").status == 503);
  BOOST_TEST(comeback.dials() == 1U);
  // The word is of the one mapping: the other one dials.
  BOOST_TEST(comeback.ask("/plain/page").status == 503);
  BOOST_TEST(comeback.dials() == 2U);
  comeback.backend.start();
  BOOST_TEST(comeback.ask("/retry/page").status == 503);
  comeback.httpd.requireLog("/retry/page.*\\bbackend-resting\\b");
  BOOST_TEST(waitUntil([&] { return comeback.ask("/retry/page").body == "back again"; }));
}

PROXY_TEST_ALL(backend_that_refused_is_asked_again_at_once) {
  for (const std::string parameters : {"", "retry=0"}) {
    Comeback comeback(mpm, parameters);
    BOOST_TEST(comeback.ask("/retry/page").status == 503);
    BOOST_TEST(comeback.dials() == 2U);
    comeback.backend.start();
    BOOST_TEST(comeback.ask("/retry/page").body == "back again");
  }
}

PROXY_TEST_ALL(bytes_that_nobody_asked_for_are_nobodys) {
  std::atomic<int> strayed = 0;
  ScriptedOrigin origin([&](OriginConnection& connection) {
    while (connection.readRequest()) {
      connection.write(okResponse("right"));
      if (connection.number() > 0) continue;
      std::this_thread::sleep_for(kMoment);
      connection.write(okResponse("stray"));
      ++strayed;
    }
  });
  Httpd httpd(mpm, kOneChild);
  httpd.expectLog(kAllTaken);
  httpd.configure(pass("/", origin.url("/")));
  httpd.start();
  BOOST_TEST(Client().get(httpd.url("/")).body == "right");
  BOOST_REQUIRE(waitUntil([&] { return strayed == 1; }));
  for (int round = 0; round < 5; ++round) BOOST_TEST(Client().get(httpd.url("/")).body == "right");
  httpd.requireLog("nobody had asked for");
  const auto lines = httpd.errorLog().linesMatching("nobody had asked for");
  BOOST_TEST(lines.size() == 1U);
  BOOST_TEST(lines.front().find(":warn]") != std::string::npos, lines.front());
  BOOST_TEST(origin.connections() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
