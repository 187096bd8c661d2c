// Kinds of cache stores of other modules, by api/revproxy_cache.h, and mistakes in those that stand on httpd: a C
// module of the tests' own is loaded beside ours.
#include <atomic>
#include <cstdlib>
#include <regex>

#include "tests/integration/support/client.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(cache_provider)

namespace {

std::string loading() {
  const char* build = std::getenv("BUILD");
  const auto file =
      std::filesystem::absolute(build ? build : "build") / "tests/integration/modules/mod_example_cache.so";
  return "LoadModule example_cache_module \"" + file.string() + "\"\n";
}

std::string cached(const std::string& store, const std::string& origin) {
  return "RevProxyCacheStore mine " + store + "\nRevProxyPass / " + origin +
         "\nRevProxyCache on store=mine\nRevProxyCachePurge on\n<Location />\nRequire all granted\n</Location>\n";
}

bool isHit(const Response& response) {
  return response.header("Cache-Status").value_or("").find("; hit") != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(stores_that_are_of_no_use) {
  struct Row {
    std::string store;
    std::vector<std::string> said;
  };
  const std::vector<Row> rows{
      {"slot", {"\"slot\"", "lmdb, .*socache.*slots", "site\\.conf"}},
      {"slots slots=3", {"slots=3", "from 4 to"}},
      {"socache", {"provider="}},
      {"socache provider=redis:127.0.0.1:6379 size=5", {"\"size=\"", "most-body="}},
      {"socache provider=redis:127.0.0.1:6379", {"\"redis\"", "mod_socache_redis"}},
  };
  for (const Row& row : rows) {
    Httpd httpd(Mpm::kEvent);
    httpd.configure(loading() + cached(row.store, "http://backend.test/"));
    const CommandResult result = httpd.configtest();
    BOOST_TEST_CONTEXT(row.store << "\nsays\n" << result.output) {
      BOOST_TEST(result.exitStatus != 0);
      for (const std::string& pattern : row.said)
        BOOST_TEST(std::regex_search(result.output, std::regex(pattern)), "not said: " << pattern);
    }
  }
}

// What one child has stored all of them give, and what one has removed none.
PROXY_TEST(the_example_keeps_what_all_children_share) {
  std::atomic<int> asked{0};
  const ScriptedOrigin origin(ScriptedOrigin::answering([&](const OriginRequest&) {
    return okResponse(std::to_string(++asked), "Cache-Control: max-age=600\r\nCache-Tag: red\r\n");
  }));
  Httpd httpd(mpm);
  httpd.configure(loading() + cached("slots slots=64", origin.url("/")));
  httpd.start();
  const auto get = [&] { return Client().get(httpd.url("/page")); };
  BOOST_REQUIRE(waitUntil([&] { return isHit(get()); }));
  const std::string body = get().body;
  for (int request = 0; request < 20; ++request) BOOST_TEST(get().body == body);
  BOOST_TEST(Client().perform({.url = httpd.url("/"), .method = "PURGE", .headers = {"Cache-Tag: red"}}).status == 200);
  const Response after = get();
  BOOST_TEST(!isHit(after));
  BOOST_TEST(after.body != body);
  // A store of its own: what another generation of the configuration has is not looked for.
  httpd.graceful();
  BOOST_TEST(get().status == 200);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
