// Requests that wait for a slow backend: far more than there are workers, with none lost and nobody else kept waiting.
// Then what may happen to one that waits: its time runs out, more requests stand behind it. Clients that leave are
// parking_leaving_test.cpp's.
#include <filesystem>
#include <string_view>

#include "tests/integration/support/client.h"
#include "tests/integration/support/port.h"
#include "tests/integration/support/process_memory.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/request_swarm.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/slow_server.h"
#include "tests/integration/support/soak.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(parking)

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kResponsive{100};
constexpr milliseconds kAllWithin{10'000};
// Thousands that come within one millisecond stand in line for the processor, whatever the server does.
constexpr milliseconds kRamp{1'000};
constexpr HttpdLimits kDebian{.children = 1, .threadsPerChild = 25, .asyncRequestWorkerFactor = 0};
constexpr const char* kLowFactor = "AsyncRequestWorkerFactor is 2";  // said once at the start

std::string get(const std::string& target, const std::string& headers = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: proxytest\r\n" + headers + "\r\n";
}

std::string pass(const std::string& path, const std::string& url, const std::string& parameters = "") {
  return "RevProxyPass " + path + " " + url + " " + parameters + "\n";
}

// A client of a fast backend, at its leisure, while others make the server wait.
RequestLoad fastRequests(const Httpd& httpd) {
  return {.port = httpd.port(), .target = "/fast/x", .atOnce = 4, .pause = milliseconds(20)};
}

void expectResponsive(RequestSwarm& requests) {
  const LoadResult result = requests.stop(kPatience);
  BOOST_TEST_MESSAGE("fast requests meanwhile: " << result.report());
  BOOST_TEST(result.all(200), result.report());
  if (soaking()) BOOST_TEST(result.percentile(0.99).count() < kResponsive.count());
}

// More requests to a slow backend than there are workers, beside a fast one.
struct SlowAndFast {
  SlowAndFast(Mpm mpm, HttpdLimits limits, milliseconds delay, const std::string& directives = "")
      : slow(delay), fast(milliseconds(0)), httpd(mpm, limits) {
    httpd.loadModule("status");
    httpd.expectLog(kAllTaken);
    httpd.configure(pass("/slow", slow.url("/")) + pass("/fast", fast.url("/")) + directives +
                    "<Location /status>\nSetHandler server-status\n</Location>\n");
    httpd.start();
  }

  // Requests that are parked, as mod_status has it.
  int parked() const {
    constexpr std::string_view kName = "ProxyParked: ";
    const std::string page = Client().get(httpd.url("/status?auto")).body;
    const std::size_t place = page.find(kName);
    return place == std::string::npos ? 0 : std::stoi(page.substr(place + kName.size()));
  }

  SlowServer slow;
  SlowServer fast;
  Httpd httpd;
};

// Returns how long they took.
milliseconds expectAllAnswered(const RequestLoad& load, milliseconds limit) {
  const auto start = std::chrono::steady_clock::now();
  RequestSwarm swarm(load);
  BOOST_TEST(swarm.waitFor(limit));
  const auto took = std::chrono::ceil<milliseconds>(std::chrono::steady_clock::now() - start);
  const LoadResult result = swarm.stop(milliseconds(0));
  BOOST_TEST_MESSAGE(load.total << " requests took " << took.count() << " ms: " << result.report());
  BOOST_TEST(result.all(200), result.report());
  BOOST_TEST(result.answered(200) == load.total);
  return took;
}

}  // namespace

// With the settings that come with the module.
PROXY_TEST_EVENT(requests_beyond_all_workers) {
  SlowAndFast servers(mpm, kDebian, scaled<milliseconds>(milliseconds(300), seconds(2)),
                      "Include \"" + std::filesystem::absolute("conf/revproxy.conf").string() + "\"\n");
  RequestSwarm fast(fastRequests(servers.httpd));
  const milliseconds took = expectAllAnswered({.port = servers.httpd.port(),
                                               .target = "/slow/x",
                                               .total = scaled(400, 4'000),
                                               .atOnce = scaled(200, 2'000),
                                               .ramp = kRamp},
                                              3 * kPatience);
  expectResponsive(fast);
  if (soaking()) BOOST_TEST(took.count() < kAllWithin.count());
}

// With few connections allowed to wait in httpd, the rest waits before it; that takes longer, and loses nothing.
PROXY_TEST_EVENT(requests_beyond_all_workers_with_stock_settings) {
  SlowAndFast servers(mpm, kDebian, scaled<milliseconds>(milliseconds(300), seconds(2)));
  servers.httpd.expectLog(kLowFactor);
  expectAllAnswered(
      {.port = servers.httpd.port(), .target = "/slow/x", .total = scaled(400, 4'000), .atOnce = scaled(200, 2'000)},
      15 * kPatience);
}

PROXY_TEST_EVENT(stock_settings_park_more_than_there_are_workers) {
  constexpr int kRequests = 50;
  SlowAndFast servers(mpm, kDebian, milliseconds(0));
  servers.httpd.expectLog(kLowFactor);
  servers.slow.stick();
  RequestSwarm fast(fastRequests(servers.httpd));
  RequestSwarm slow({.port = servers.httpd.port(), .target = "/slow/x", .total = kRequests, .atOnce = kRequests});
  BOOST_TEST(waitUntil([&] { return servers.parked() >= kDebian.threadsPerChild; }));
  expectResponsive(fast);
  servers.slow.resume();
  BOOST_TEST(slow.waitFor(kPatience));
  const LoadResult result = slow.stop(milliseconds(0));
  BOOST_TEST(result.all(200), result.report());
}

// RevProxyPark is longer than anybody here waits. Of a child's last idle worker httpd makes no use while it has more
// connections than workers, so a quarter is to be more than one.
PROXY_TEST_EVENT(scarce_workers_park_at_once) {
  constexpr int kWorkers = 8;
  constexpr int kRequests = 3 * kWorkers;
  SlowAndFast servers(mpm, {.threadsPerChild = kWorkers}, milliseconds(0), "RevProxyPark 30s\n");
  servers.slow.stick();
  RequestSwarm slow({.port = servers.httpd.port(), .target = "/slow/x", .total = kRequests, .atOnce = kRequests});
  BOOST_TEST(waitUntil([&] { return servers.slow.requests() == static_cast<std::size_t>(kRequests); }));
  Client client;
  for (int round = 0; round < 3; ++round) BOOST_TEST(client.get(servers.httpd.url("/fast/x")).status == 200);
  BOOST_TEST(servers.parked() > 0);
  BOOST_TEST(slow.finished() == 0);
  servers.slow.resume();
  BOOST_TEST(slow.waitFor(kPatience));
  const LoadResult result = slow.stop(milliseconds(0));
  BOOST_TEST(result.all(200), result.report());
}

PROXY_TEST_ALL(a_few_slow_requests) {
  SlowAndFast servers(mpm, {}, milliseconds(100));
  expectAllAnswered({.port = servers.httpd.port(), .target = "/slow/x", .total = 60, .atOnce = 12}, kPatience);
  expectAllAnswered({.port = servers.httpd.port(), .target = "/slow/x", .total = 60, .atOnce = 12, .keepAlive = true},
                    kPatience);
}

PROXY_TEST_EVENT(parking_turned_off_answers_too) {
  SlowServer slow(milliseconds(100));
  Httpd httpd(mpm);
  httpd.configure("RevProxyPark Off\nFwdProxyPark Off\nFwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\n" +
                  pass("/slow", slow.url("/")));
  httpd.start();
  expectAllAnswered({.port = httpd.port(), .target = "/slow/x", .total = 60, .atOnce = 20}, kPatience);
  expectAllAnswered({.port = httpd.port(), .target = slow.url("/x"), .total = 60, .atOnce = 20}, kPatience);
}

PROXY_TEST_EVENT(forward_requests_beyond_all_workers) {
  SlowServer slow(milliseconds(300));
  Httpd httpd(mpm);
  httpd.expectLog(kAllTaken);
  httpd.configure("FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\n");
  httpd.start();
  expectAllAnswered(
      {.port = httpd.port(), .target = slow.url("/x"), .total = scaled(200, 2'000), .atOnce = scaled(100, 1'000)},
      3 * kPatience);
}

namespace {

// Everything that can be waited for in vain.
struct AllStuck {
  explicit AllStuck(Mpm mpm) : slow(milliseconds(0)), fast(milliseconds(0)), httpd(mpm) {
    httpd.expectLog(kAllTaken);
    httpd.expectLog("connect-timeout");
    httpd.expectLog("unresolvable");
    httpd.configure("RevProxyResolver " + resolver.authority() + "\nRevProxyTimeout 2min\n" +
                    pass("/slow", slow.url("/")) + pass("/fast", fast.url("/")) +
                    pass("/silent", silent.url() + "/", "connectiontimeout=1s") +
                    pass("/named", "http://backend.test:" + std::to_string(slow.port()) + "/", "connectiontimeout=1s"));
    httpd.start();
  }
  RequestLoad more(const std::string& target) const {
    return {.port = httpd.port(), .target = target, .atOnce = scaled(60, 500), .ramp = kRamp};
  }

  SilentDatagramPort resolver;
  SilentPort silent;
  SlowServer slow;
  SlowServer fast;
  Httpd httpd;
};

}  // namespace

PROXY_TEST_EVENT(what_never_answers_stops_nobody_else) {
  AllStuck servers(mpm);
  servers.slow.stick();
  RequestSwarm toStuck(servers.more("/slow/x"));
  RequestSwarm toSilent(servers.more("/silent/x"));
  RequestSwarm toNamed(servers.more("/named/x"));
  BOOST_TEST(waitUntil([&] { return servers.slow.requests() >= static_cast<std::size_t>(scaled(60, 500)); }));
  RequestSwarm fast(fastRequests(servers.httpd));
  std::this_thread::sleep_for(scaled<milliseconds>(seconds(2), seconds(30)));
  expectResponsive(fast);
  servers.slow.resume();
  BOOST_TEST(waitUntil([&] { return toStuck.finished() >= 2 * scaled(60, 500); }));
  const LoadResult resumed = toStuck.stop(kPatience);
  BOOST_TEST(resumed.all(200), resumed.report());
  const LoadResult silent = toSilent.stop(kPatience);
  BOOST_TEST(silent.all(504), silent.report());
  const LoadResult named = toNamed.stop(kPatience);
  BOOST_TEST(named.failures == 0, named.report());
  BOOST_TEST(named.answered(502) + named.answered(504) > 0, named.report());
  BOOST_TEST(named.answered(200) == 0, named.report());
}

// The parts of a response may be far apart, too.
PROXY_TEST_EVENT(a_pause_in_the_body_is_waited_for) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    while (connection.readRequest()) {
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
      std::this_thread::sleep_for(milliseconds(200));
      connection.write("-then");
    }
  });
  Httpd httpd(mpm);
  httpd.configure(pass("/", origin.url("/")));
  httpd.start();
  Client client;
  for (int round = 0; round < 3; ++round) BOOST_TEST(client.get(httpd.url("/x")).body == "first-then");
}

PROXY_TEST_ALL(deadline_while_parked_is_a_504) {
  SlowServer slow(milliseconds(0));
  slow.stick();
  Httpd httpd(mpm);
  httpd.expectLog("first-byte-timeout");
  httpd.configure("Timeout 1\n" + pass("/short", slow.url("/"), "timeout=300ms") +
                  pass("/long", slow.url("/"), "timeout=2500ms"));
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/short/x")).status == 504);
  // Longer than what httpd itself allows a connection to be silent.
  BOOST_TEST(client.get(httpd.url("/long/x")).status == 504);
  slow.resume();
  BOOST_TEST(client.get(httpd.url("/long/x")).status == 200);
}

PROXY_TEST_EVENT(longer_waits_than_httpds_timeout_are_answered) {
  SlowServer slow(milliseconds(2'500));
  Httpd httpd(mpm);
  httpd.configure("Timeout 1\nRevProxyTimeout 20s\n" + pass("/", slow.url("/")));
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/x")).status == 200);
}

PROXY_TEST_ALL(keep_alive_goes_on_after_a_wait) {
  SlowServer slow(milliseconds(100));
  Httpd httpd(mpm);
  httpd.configure(pass("/", slow.url("/")));
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/x")).newConnections == 1);
  for (int round = 0; round < 5; ++round) {
    const Response response = client.get(httpd.url("/x"));
    BOOST_TEST(response.body == SlowServer::kBody);
    BOOST_TEST(response.newConnections == 0);
  }
}

PROXY_TEST_ALL(pipelined_requests_are_answered_in_order) {
  constexpr int kRequests = 5;
  ScriptedOrigin origin(ScriptedOrigin::answering([](const OriginRequest& request) {
    // The first one waits longest.
    const int number = request.target().back() - '0';
    std::this_thread::sleep_for(milliseconds(number == 0 ? 200 : (kRequests - number) * 30));
    return okResponse("answer " + std::to_string(number));
  }));
  Httpd httpd(mpm);
  httpd.configure(pass("/", origin.url("/")));
  httpd.start();
  RawClient client(httpd.port());
  std::string all;
  for (int number = 0; number < kRequests; ++number) all += get("/" + std::to_string(number));
  client.send(all);
  for (int number = 0; number < kRequests; ++number) {
    BOOST_TEST(client.readHead().starts_with("HTTP/1.1 200"));
    BOOST_TEST(client.readExactly(8) == "answer " + std::to_string(number));
  }
}

// An upload that is still under way when its response has to be waited for.
PROXY_TEST_ALL(uploads_are_waited_for) {
  ScriptedOrigin origin(ScriptedOrigin::answering([](const OriginRequest& request) {
    std::this_thread::sleep_for(milliseconds(100));
    return okResponse(request.body);
  }));
  Httpd httpd(mpm);
  httpd.configure(pass("/", origin.url("/")));
  httpd.start();
  Client client;
  const std::string body(300'000, 'u');
  for (int round = 0; round < 3; ++round) BOOST_TEST((client.post(httpd.url("/x"), body).body == body));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
