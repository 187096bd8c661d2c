// For whom others wait in the cache, and for whom they do not: what each has to ask about itself, what one client alone
// has spoilt, variants, and what becomes of those who waited for an answer that was none.
#include <algorithm>
#include <atomic>
#include <string>
#include <string_view>

#include "tests/integration/support/client.h"
#include "tests/integration/support/proxy_test.h"
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

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
