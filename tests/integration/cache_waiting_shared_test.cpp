// For whom others wait where the store is another machine's, and whom one client alone cannot make wait.
#include <atomic>
#include <chrono>
#include <string>

#include "tests/integration/support/client.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/redis.h"
#include "tests/integration/support/request_swarm.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(cache_collapse)

namespace {

constexpr int kClients = 20;
constexpr const char* kHost = "Host: proxytest";
constexpr HttpdLimits kChildren{.children = 3, .threadsPerChild = 16};

std::string inRedis(const Redis& redis, const ScriptedOrigin& origin) {
  return "RevProxyCacheStore shared socache provider=redis:127.0.0.1:" + std::to_string(redis.port()) +
         "\nRevProxyPass / " + origin.url("/") + "\nRevProxyCache on store=shared\n";
}

RequestLoad together(const Httpd& httpd) {
  RequestLoad load;
  load.port = httpd.port();
  load.target = "/page";
  load.total = load.atOnce = kClients;
  return load;
}

void expectAllOk(RequestSwarm& swarm) {
  BOOST_TEST(swarm.waitFor(3 * kPatience));
  const LoadResult result = swarm.stop(std::chrono::milliseconds{0});
  BOOST_TEST(result.all(200), result.report());
  BOOST_TEST(result.answered(200) == kClients, result.report());
}

// Where answers wait, while it is closed.
class Gate {
 public:
  void close() { isOpen_ = false; }
  void open() { isOpen_ = true; }
  void wait() const {
    waitUntil([this] { return isOpen_.load(); }, 3 * kPatience);
  }

 private:
  std::atomic<bool> isOpen_ = true;
};

}  // namespace

// RFC 9111 4.3: one of all asks whether it is still good, also where the store takes its time.
PROXY_TEST_EVENT(what_is_stale_is_asked_about_once_for_all_who_share_it) {
  Gate gate;
  std::atomic<int> asked = 0;
  const ScriptedOrigin origin(ScriptedOrigin::answering([&](const OriginRequest& request) -> std::string {
    ++asked;
    gate.wait();
    if (request.header("If-None-Match"))
      return "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nCache-Control: max-age=600\r\n\r\n";
    return okResponse("the same", "ETag: \"x\"\r\nCache-Control: max-age=60\r\nAge: 100\r\n");
  }));
  Redis redis;
  Httpd httpd(mpm, kChildren);
  httpd.loadModule("socache_redis");
  // What comes stale is no reason to wait for nobody.
  httpd.configure(inRedis(redis, origin) + "RevProxyCacheHitForMiss 1ms\n");
  httpd.start();
  BOOST_TEST(Client().get(httpd.url("/page"), {kHost}).body == "the same");
  BOOST_TEST(waitUntil([&] { return redis.keys() > 0; }));
  gate.close();
  RequestLoad load = together(httpd);
  load.judge = [](std::string_view, std::string_view, std::string_view body) { return body == "the same"; };
  RequestSwarm swarm(load);
  BOOST_TEST(waitUntil([&] { return asked == 2; }));
  gate.open();
  expectAllOk(swarm);
  BOOST_TEST(asked == 2);
}

// A store that has no room for all of its tags does not take a response: everybody is told so at once.
PROXY_TEST_EVENT(what_has_too_many_tags_is_waited_for_by_nobody_for_long) {
  Gate gate;
  std::atomic<int> asked = 0;
  std::string tags = "t0";
  for (int tag = 1; tag <= 16; ++tag) tags += ", t" + std::to_string(tag);
  const ScriptedOrigin origin(ScriptedOrigin::answering([&](const OriginRequest&) {
    ++asked;
    gate.wait();
    return okResponse("tagged", "Cache-Control: max-age=600\r\nCache-Tag: " + tags + "\r\n");
  }));
  Redis redis;
  Httpd httpd(mpm, kChildren);
  httpd.loadModule("socache_redis");
  httpd.configure(inRedis(redis, origin));
  httpd.start();
  const Response first = Client().get(httpd.url("/page"), {kHost});
  BOOST_TEST(first.header("Cache-Status").value_or("").find("detail=tags") != std::string::npos);
  gate.close();
  RequestSwarm swarm(together(httpd));
  BOOST_TEST(waitUntil([&] { return asked == 1 + kClients; }), "one waits behind another");
  gate.open();
  expectAllOk(swarm);
}

// Who is refused for what it has sent itself says nothing of what others get.
PROXY_TEST_EVENT(what_one_client_is_refused_others_still_wait_for) {
  Gate gate;
  std::atomic<int> asked = 0;
  const ScriptedOrigin origin(ScriptedOrigin::answering([&](const OriginRequest& request) -> std::string {
    if (const auto status = request.header("X-Refused"))
      return "HTTP/1.1 " + *status + " No\r\nCache-Control: no-store\r\nContent-Length: 0\r\n\r\n";
    ++asked;
    gate.wait();
    return okResponse("for all", "Cache-Control: max-age=600\r\n");
  }));
  for (const int status : {400, 401, 403, 412, 416, 429, 431, 503}) BOOST_TEST_CONTEXT(status) {
      asked = 0;
      Httpd httpd(mpm, kChildren);
      httpd.configure("RevProxyPass / " + origin.url("/") + " cache=on\n");
      httpd.start();
      const std::string field = "X-Refused: " + std::to_string(status);
      BOOST_TEST(Client().get(httpd.url("/page"), {kHost, field}).status == status);
      gate.close();
      RequestSwarm swarm(together(httpd));
      BOOST_TEST(waitUntil([&] { return asked == 1; }));
      gate.open();
      expectAllOk(swarm);
      BOOST_TEST(asked == 1);
    }
}

// It has seen that nothing was there, and is told that what it brings cannot be stored, when something has been.
PROXY_TEST_EVENT(what_cannot_be_stored_does_not_hide_what_was_stored_meanwhile) {
  Gate gate;
  std::atomic<int> asked = 0;
  const ScriptedOrigin origin(ScriptedOrigin::answering([&](const OriginRequest& request) {
    ++asked;
    if (!request.header("Range")) return okResponse("for all", "Cache-Control: max-age=600\r\n");
    gate.wait();
    return okResponse("for one", "Cache-Control: max-age=600\r\nSet-Cookie: own=1\r\n");
  }));
  Httpd httpd(mpm, kChildren);
  httpd.configure("RevProxyPass / " + origin.url("/") + " cache=on\n");
  httpd.start();
  const auto isHit = [&] {
    return Client().get(httpd.url("/page"), {kHost}).header("Cache-Status").value_or("").find("; hit") !=
           std::string::npos;
  };
  gate.close();
  RequestLoad load = together(httpd);
  load.total = load.atOnce = 1;
  load.text = [](int, int) { return "GET /page HTTP/1.1\r\nHost: proxytest\r\nRange: bytes=0-0\r\n\r\n"; };
  RequestSwarm own(load);
  BOOST_TEST(waitUntil([&] { return asked == 1; }));
  BOOST_TEST(waitUntil(isHit));
  gate.open();
  BOOST_TEST(own.waitFor(kPatience));
  BOOST_TEST(isHit());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
