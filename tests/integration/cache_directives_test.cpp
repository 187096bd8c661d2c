// Where there is a cache, and which store it has: RevProxyCache of servers and sections, cache= of mappings.
#include <map>
#include <string>

#include "tests/integration/support/client.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/status_view.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(cache_directives)

namespace {

std::size_t entriesOf(const Httpd& httpd, const std::string& store) {
  const JsonValue status = readStatus(httpd);
  for (const JsonValue& one : status["stores"].elements)
    if (one["name"].text == store) return static_cast<std::size_t>(one["entries"].number());
  return 0;
}

// Of the mappings that have a cache.
std::map<std::string, int> missesByMapping(const Httpd& httpd) {
  const JsonValue status = readStatus(httpd);
  std::map<std::string, int> misses;
  for (const JsonValue& balancer : status["balancers"].elements)
    for (const JsonValue& cache : balancer["caches"].elements)
      misses[cache["mapping"].text] += static_cast<int>(cache["misses"].number());
  return misses;
}

}  // namespace

PROXY_TEST_EVENT(what_is_narrower_says_whether_there_is_a_cache) {
  ScriptedOrigin origin(ScriptedOrigin::answering(okResponse("kept", "Cache-Control: max-age=60\r\n")));
  const std::string url = origin.url("/");
  Httpd httpd(mpm);
  std::string stores;
  for (const std::string name : {"one", "two", "three"})
    stores += "RevProxyCacheStore " + name + " lmdb size=4M path=" + (httpd.directory().path() / name).string() + "\n";
  httpd.configure(kStatusLocation + stores + "RevProxyCache Off store=one\nRevProxyPass / " + url +
                  "\nRevProxyPass /on " + url + " cache=on\nRevProxyPass /two " + url +
                  " Cache=On cache-store=two\n<RevProxyBalancer app>\nRevProxyMember " + origin.url() +
                  "\nRevProxySet cache=on\n</RevProxyBalancer>\nRevProxyPass /app balancer://app/\n"
                  "RevProxyPass /app/not balancer://app/ cache=off\n"
                  "<Location /on/not>\nRevProxyCache Off\n</Location>\n"
                  "<Location /two/three>\nRevProxyCache On store=three\n</Location>\n"
                  "<Location /app/not/but>\nRevProxyCache On\n</Location>\n");
  httpd.start();
  Client client;
  const auto hasCache = [&](const std::string& target) {
    const Response response = client.get(httpd.url(target));
    BOOST_TEST(response.body == "kept", target);
    return response.header("Cache-Status").has_value();
  };
  for (const std::string target : {"/x", "/on/not/x", "/app/not/x"}) BOOST_TEST(!hasCache(target), target);
  for (const std::string target : {"/on/x", "/app/x", "/app/not/but/x", "/two/x", "/two/y", "/two/three/x"})
    BOOST_TEST(hasCache(target), target);
  BOOST_TEST(entriesOf(httpd, "one") == 3u);
  BOOST_TEST(entriesOf(httpd, "two") == 2u);
  BOOST_TEST(entriesOf(httpd, "three") == 1u);
  const std::map<std::string, int> misses{{"/on", 1}, {"/two", 3}, {"/app", 1}, {"/app/not", 1}};
  BOOST_TEST((missesByMapping(httpd) == misses));
}

PROXY_TEST_EVENT(a_purge_is_for_whom_require_lets_and_says_what_came_of_it) {
  ScriptedOrigin origin(
      ScriptedOrigin::answering(okResponse("kept", "Cache-Control: max-age=60\r\nCache-Tag: red\r\n")));
  Httpd httpd(mpm);
  httpd.configure("RevProxyCache On\nRevProxyCachePurge On\nRevProxyPass / " + origin.url("/") +
                  "\nRevProxyPass /off " + origin.url("/") +
                  " cache=off\n<Location /let>\n<Limit PURGE>\nRequire all granted\n</Limit>\n</Location>\n");
  httpd.start();
  Client client;
  const auto purge = [&](const std::string& target, const std::vector<std::string>& fields = {}) {
    return client.perform({.url = httpd.url(target), .method = "PURGE", .headers = fields}).status;
  };
  const auto isStored = [&](const std::string& target) {
    return client.get(httpd.url(target)).header("Cache-Status").value_or("").find("; hit") != std::string::npos;
  };
  BOOST_TEST(!isStored("/x"));
  BOOST_TEST(purge("/x") == 403);
  httpd.requireLog("PURGE /x is refused: nothing says who may purge");
  BOOST_TEST(isStored("/x"));
  BOOST_TEST(!isStored("/let/x"));
  BOOST_TEST(purge("/let/y") == 404);
  BOOST_TEST(purge("/let/x") == 200);
  BOOST_TEST(!isStored("/let/x"));
  BOOST_TEST(purge("/let/*") == 200);
  BOOST_TEST(!isStored("/let/x"));
  BOOST_TEST(purge("/let", {"Cache-Tag: " + std::string(1000, 'x')}) == 400);
  httpd.requireLog("PURGE /let is refused: .* tag");
  BOOST_TEST(purge("/let", {"Cache-Tag: red"}) == 200);
  BOOST_TEST(!isStored("/let/x"));
  BOOST_TEST(!isStored("/x"));
  // A method like all others, where there is no cache.
  const std::size_t before = origin.requests().size();
  BOOST_TEST(purge("/off/x") == 200);
  BOOST_TEST(origin.requests().size() == before + 1);
}

// No balancer's counters tell of it.
PROXY_TEST_EVENT(mod_status_tells_of_the_forward_proxys_cache) {
  ScriptedOrigin origin(ScriptedOrigin::answering(okResponse("kept", "Cache-Control: max-age=60\r\n")));
  Httpd httpd(mpm);
  httpd.loadModule("status");
  httpd.configure(
      "FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\nFwdProxyCache On\n"
      "<Location /status>\nSetHandler server-status\n</Location>\n");
  httpd.start();
  BOOST_TEST(Client().get(httpd.url("/status?auto")).body.find("FwdProxyCache") == std::string::npos);
  Client client;
  client.useProxy(httpd.proxyUrl());
  for (int count = 0; count < 3; ++count) BOOST_TEST(client.get(origin.url("/x")).body == "kept");
  BOOST_TEST(client.get(origin.url("/x"), {"If-Match: \"other\""}).body == "kept");
  const std::string lines = "\n" + Client().get(httpd.url("/status?auto")).body;
  for (const std::string line : {"Hits: 2", "Misses: 1", "Stale: 0", "Passes: 1", "Stored: 1", "StoredBytes: 4"})
    BOOST_TEST(lines.find("\nFwdProxyCache" + line + "\n") != std::string::npos, line << " is not in" << lines);
  BOOST_TEST(lines.find("\nProxyCacheStore memory: 1 entries, ") != std::string::npos, lines);
  const std::string page = Client().get(httpd.url("/status")).body;
  BOOST_TEST(page.find("Cache of the forward proxy: 2 hits, 1 misses, ") != std::string::npos, page);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
