// Requests that wait for a slow backend: far more than there are workers, with none lost and nobody else kept waiting.
// Then what may happen to one that waits: its client leaves, its time runs out, more requests stand behind it.
#include <atomic>
#include <future>

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
  SlowAndFast(Mpm mpm, HttpdLimits limits, milliseconds delay)
      : slow(delay), fast(milliseconds(0)), httpd(mpm, limits) {
    httpd.expectLog(kAllTaken);
    httpd.expectLog("AsyncRequestWorkerFactor is 2");  // said once at the start
    httpd.configure(pass("/slow", slow.url("/")) + pass("/fast", fast.url("/")));
    httpd.start();
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

PROXY_TEST_EVENT(requests_beyond_all_workers) {
  SlowAndFast servers(mpm, {}, scaled<milliseconds>(milliseconds(300), seconds(2)));
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
  expectAllAnswered(
      {.port = servers.httpd.port(), .target = "/slow/x", .total = scaled(400, 4'000), .atOnce = scaled(200, 2'000)},
      15 * kPatience);
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

PROXY_TEST_EVENT(client_that_leaves_while_parked_closes_the_backend) {
  std::promise<void> asked, closed;
  ScriptedOrigin origin([&](OriginConnection& connection) {
    connection.readRequest();
    asked.set_value();
    if (connection.waitForClose()) closed.set_value();
  });
  for (const bool byReset : {false, true}) {
    asked = {};
    closed = {};
    Httpd httpd(mpm);
    httpd.configure(pass("/", origin.url("/")));
    httpd.start();
    RawClient client(httpd.port());
    client.send(get("/x"));
    BOOST_REQUIRE((asked.get_future().wait_for(kPatience) == std::future_status::ready));
    std::this_thread::sleep_for(milliseconds(100));  // until it is parked
    byReset ? client.reset() : client.close();
    BOOST_TEST((closed.get_future().wait_for(kPatience) == std::future_status::ready));
    httpd.requireLog("client-gone");
  }
}

// A FIN alone says that the client is gone, unless half-close=on says that it may still read.
PROXY_TEST_EVENT(half_close_keeps_waiting_where_it_is_on) {
  SlowServer slow(milliseconds(300));
  Httpd httpd(mpm);
  httpd.configure(pass("/patient", slow.url("/"), "half-close=on") + pass("/strict", slow.url("/")));
  httpd.start();
  RawClient patient(httpd.port());
  patient.send(get("/patient/x", "Connection: close\r\n"));
  patient.finishSending();
  const std::string answer = patient.readToEnd().data;
  BOOST_TEST(answer.starts_with("HTTP/1.1 200"));
  BOOST_TEST(answer.ends_with(SlowServer::kBody));
  RawClient strict(httpd.port());
  strict.send(get("/strict/x", "Connection: close\r\n"));
  strict.finishSending();
  BOOST_TEST(strict.readToEnd().data.find(SlowServer::kBody) == std::string::npos);
  httpd.requireLog("client-gone");
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
