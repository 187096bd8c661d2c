// For whom others wait in the cache, and for whom they do not: what each has to ask about itself, what one client alone
// has spoilt, variants, and what becomes of those who waited for an answer that was none.
#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "tests/integration/support/client.h"
#include "tests/integration/support/content.h"
#include "tests/integration/support/lmdb_writer.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/request_swarm.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/slow_server.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(cache_collapse)

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kClients = 20;

std::string mapped(const std::string& path, const std::string& originUrl) {
  return "RevProxyPass " + path + " " + originUrl + "\n";
}

// Clients that ask at once, each once, all with that field.
RequestLoad together(const Httpd& httpd, const std::string& target, const std::string& field = "X-None: 1") {
  RequestLoad load;
  load.port = httpd.port();
  load.total = kClients;
  load.atOnce = kClients;
  load.text = [target, field](int, int) {
    return "GET " + target + " HTTP/1.1\r\nHost: proxytest\r\nConnection: close\r\n" + field + "\r\n\r\n";
  };
  return load;
}

// How many wait, without a worker, is seen in mod_status.
constexpr const char* kStatusPage =
    "RevProxyPass /status !\n<Location /status>\nSetHandler server-status\n</Location>\n";

std::size_t parked(const Httpd& httpd) {
  constexpr std::string_view kName = "ProxyParked: ";
  const std::string page = Client().get(httpd.url("/status?auto")).body;
  const std::size_t place = page.find(kName);
  return place == std::string::npos ? 0 : std::stoul(page.substr(place + kName.size()));
}

void expectAllOk(RequestSwarm& swarm) {
  BOOST_TEST(swarm.waitFor(3 * kPatience));
  const LoadResult result = swarm.stop(milliseconds{0});
  BOOST_TEST(result.all(200), result.report());
  BOOST_TEST(result.answered(200) == static_cast<int>(kClients), result.report());
}

// All of them are with the origin before it answers one.
void expectNobodyWaits(const Httpd& httpd, SlowServer& origin, const std::string& target, const std::string& field) {
  const std::size_t before = origin.requests();
  origin.stick();
  RequestSwarm swarm(together(httpd, target, field));
  BOOST_TEST(waitUntil([&] { return origin.requests() - before == kClients; }), target << ": one behind another");
  origin.resume();
  expectAllOk(swarm);
}

}  // namespace

PROXY_TEST_EVENT(what_each_has_to_ask_about_is_waited_for_by_nobody) {
  SlowServer asked(milliseconds{0}, "Cache-Control: no-cache\r\nETag: \"x\"\r\n");
  SlowServer old(milliseconds{0}, "Cache-Control: max-age=0, must-revalidate\r\nETag: \"x\"\r\n");
  SlowServer fresh(milliseconds{0}, "Cache-Control: max-age=600\r\n");
  Httpd httpd(mpm, {.children = 3, .threadsPerChild = 16});
  httpd.configure(mapped("/asked", asked.url("/")) + mapped("/old", old.url("/")) + mapped("/fresh", fresh.url("/")) +
                  "RevProxyCache on\n");
  httpd.start();
  for (const char* target : {"/asked", "/old", "/fresh"})
    BOOST_TEST(Client().get(httpd.url(target), {"Host: proxytest"}).status == 200);
  expectNobodyWaits(httpd, asked, "/asked", "X-None: 1");
  expectNobodyWaits(httpd, old, "/old", "X-None: 1");
  expectNobodyWaits(httpd, fresh, "/fresh", "Cache-Control: no-cache");
}

// Of what comes without a length it is known only later that it is too much to be stored.
PROXY_TEST_EVENT(what_has_outgrown_the_store_is_remembered) {
  const ScriptedOrigin origin(ScriptedOrigin::answering(
      "HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n" +
      std::string(0x800, 'x') + "\r\n0\r\n\r\n"));
  Httpd httpd(mpm);
  httpd.configure(mapped("/", origin.url("/")) + "RevProxyCache on\nRevProxyCacheMaxObject 1k\n");
  httpd.start();
  for (int request = 0; request < 2; ++request)
    BOOST_TEST(Client().get(httpd.url("/page"), {"If-None-Match: \"own\""}).body.size() == 0x800u);
  BOOST_REQUIRE(origin.requests().size() == 2u);
  // Not asked for whole in vain again.
  BOOST_TEST(!origin.requests().front().header("If-None-Match"));
  BOOST_TEST(origin.requests().back().header("If-None-Match").value_or("") == "\"own\"");
}

// Each variant is brought once, and begins to reach all who want it before it has come whole.
PROXY_TEST(each_variant_is_asked_for_once) {
  std::atomic<bool> isOpen = false, isAllOpen = false;
  const auto wait = [](const std::atomic<bool>& gate) { waitUntil([&] { return gate.load(); }, 3 * kPatience); };
  const ScriptedOrigin origin([&](OriginConnection& peer) {
    while (const auto request = peer.readRequest()) {
      wait(isOpen);
      const std::string answer = okResponse("coded as " + request->header("Accept-Encoding").value_or("nothing"),
                                            "Cache-Control: max-age=600\r\nVary: Accept-Encoding\r\n");
      peer.write(std::string_view(answer).substr(0, answer.size() - 5));
      wait(isAllOpen);
      peer.write(std::string_view(answer).substr(answer.size() - 5));
    }
  });
  Httpd httpd(mpm, {.children = 3, .threadsPerChild = 16, .preforkStart = 2 * kClients + 4, .preforkChildren = 64});
  httpd.expectLog(kAllTaken);
  httpd.configure(mapped("/", origin.url("/")) + "RevProxyCache on\n");
  httpd.start();
  RequestLoad load = together(httpd, "/page");
  load.total = load.atOnce = 2 * static_cast<int>(kClients);
  load.text = [](int client, int) {
    return "GET /page HTTP/1.1\r\nHost: proxytest\r\nConnection: close\r\nAccept-Encoding: " +
           std::string(client % 2 == 0 ? "gzip" : "br") + "\r\n\r\n";
  };
  load.judge = [](std::string_view request, std::string_view, std::string_view body) {
    return body == std::string("coded as ") + (request.find("gzip") == std::string_view::npos ? "br" : "gzip");
  };
  RequestSwarm swarm(load);
  BOOST_TEST(waitUntil([&] { return origin.requests().size() == 1; }));
  isOpen = true;
  BOOST_TEST(waitUntil([&] { return swarm.partlyAnswered() == load.total; }, 2 * kPatience));
  isAllOpen = true;
  BOOST_TEST(swarm.waitFor(3 * kPatience));
  const LoadResult result = swarm.stop(milliseconds{0});
  BOOST_TEST(result.all(200), result.report());
  BOOST_TEST(result.answered(200) == load.total, result.report());
  BOOST_TEST(origin.requests().size() == 2u);
}

// The file that they could follow is in its place in the store, and the store does not know of it yet.
PROXY_TEST_EVENT(who_comes_while_a_body_is_being_stored_waits_for_that) {
  const std::string body = makeContent(6, 20'000);
  std::atomic<bool> isOpen = false;
  const ScriptedOrigin origin([&](OriginConnection& peer) {
    while (peer.readRequest()) {
      const std::string answer = okResponse(body, "Cache-Control: max-age=600\r\n");
      peer.write(std::string_view(answer).substr(0, answer.size() / 2));
      waitUntil([&] { return isOpen.load(); }, 3 * kPatience);
      peer.write(std::string_view(answer).substr(answer.size() / 2));
    }
  });
  Httpd httpd(mpm, {.children = 3, .threadsPerChild = 16});
  httpd.loadModule("status");
  const std::filesystem::path folder = httpd.directory().path() / "disk";
  httpd.configure(kStatusPage + mapped("/", origin.url("/")) + "RevProxyCacheStore disk lmdb path=" + folder.string() +
                  "\nRevProxyCache on store=disk\n");
  httpd.start();
  const auto follow = [&](RawClient& client) {
    client.send("GET /page HTTP/1.1\r\nHost: proxytest\r\n\r\n");
    client.readHead();
  };
  RawClient first(httpd.port()), second(httpd.port());
  follow(first);
  follow(second);
  std::optional<LmdbWriter> writer(folder);
  isOpen = true;
  BOOST_TEST((second.readExactly(body.size()) == body));
  RequestLoad load = together(httpd, "/page");
  load.judge = [&](std::string_view, std::string_view, std::string_view got) { return got == body; };
  RequestSwarm swarm(load);
  BOOST_TEST(waitUntil([&] { return parked(httpd) >= kClients || origin.requests().size() > 1; }));
  writer.reset();
  expectAllOk(swarm);
  BOOST_TEST(origin.requests().size() == 1u);
}

// One who waits brings what the first one has failed to.
PROXY_TEST_EVENT(an_error_is_not_followed_by_all_at_once) {
  std::atomic<bool> isOpen = false;
  std::atomic<int> asked = 0;
  const ScriptedOrigin origin(ScriptedOrigin::answering([&](const OriginRequest&) -> std::string {
    const bool isFirst = ++asked == 1;
    waitUntil([&] { return isOpen.load(); }, 3 * kPatience);
    if (isFirst) return "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
    return okResponse("well again", "Cache-Control: max-age=600\r\n");
  }));
  Httpd httpd(mpm, {.children = 3, .threadsPerChild = 16});
  httpd.loadModule("status");
  httpd.configure(kStatusPage + mapped("/", origin.url("/")) + "RevProxyCache on\n");
  httpd.start();
  RequestLoad load = together(httpd, "/page");
  // RFC 9211 2.1, 2.6: for whom another has gone forward is no hit.
  load.judge = [](std::string_view, std::string_view head, std::string_view) {
    const std::string status = headerValue(parseHeaders(head), "Cache-Status").value_or("");
    return status.find("; collapsed") == std::string::npos || status.find("; fwd=uri-miss") != std::string::npos;
  };
  RequestSwarm swarm(load);
  BOOST_TEST(waitUntil([&] { return parked(httpd) >= kClients - 1; }));
  isOpen = true;
  BOOST_TEST(swarm.waitFor(3 * kPatience));
  const LoadResult result = swarm.stop(milliseconds{0});
  BOOST_TEST(result.answered(503) == 1, result.report());
  BOOST_TEST(result.answered(200) == static_cast<int>(kClients) - 1, result.report());
  BOOST_TEST(asked == 2);
}

// RFC 5861 4: all who wait are given what is there.
PROXY_TEST_EVENT(an_error_is_answered_for_all_with_what_is_stale) {
  std::atomic<bool> isOpen = true;
  std::atomic<int> asked = 0;
  const ScriptedOrigin origin(ScriptedOrigin::answering([&](const OriginRequest&) -> std::string {
    const bool isFirst = ++asked == 1;
    waitUntil([&] { return isOpen.load(); }, 3 * kPatience);
    if (!isFirst) return "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
    return okResponse("well before", "Cache-Control: max-age=60, stale-if-error=600\r\nAge: 100\r\nETag: \"x\"\r\n");
  }));
  Httpd httpd(mpm, {.children = 3, .threadsPerChild = 16});
  httpd.loadModule("status");
  httpd.configure(kStatusPage + mapped("/", origin.url("/")) + "RevProxyCache on\nRevProxyCacheHitForMiss 1ms\n");
  httpd.start();
  BOOST_TEST(Client().get(httpd.url("/page"), {"Host: proxytest"}).body == "well before");
  isOpen = false;
  RequestLoad load = together(httpd, "/page");
  load.judge = [](std::string_view, std::string_view, std::string_view body) { return body == "well before"; };
  RequestSwarm swarm(load);
  BOOST_TEST(waitUntil([&] { return parked(httpd) >= kClients - 1; }));
  isOpen = true;
  expectAllOk(swarm);
  BOOST_TEST(asked == 2);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
