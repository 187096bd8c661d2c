// Whom the cache answers and obeys, and what its directives say of what is stored: in both modules, by the same words.
#include <string>
#include <vector>

#include "tests/integration/support/client.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(cache_access)

namespace {

constexpr const char* kDenied = "AH01630: client denied";
constexpr const char* kKey = "X-Key: right";
constexpr const char* kOnlyWithKey = "Require expr \"%{HTTP:X-Key} == 'right'\"\n";

// One of the two modules, before one origin.
class Proxy {
 public:
  Proxy(bool isForward, const ScriptedOrigin& origin) : isForward_(isForward), origin_(origin) {}

  std::string opened() const {
    return isForward_ ? "FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\n"
                      : "RevProxyPass / " + origin_.url("/") + "\n";
  }
  std::string directive(const std::string& words) const {
    return (isForward_ ? "FwdProxy" : "RevProxy") + words + "\n";
  }
  // Of all its requests: those of a forward proxy have URLs that do not begin with a slash.
  std::string section(const std::string& lines) const {
    return isForward_ ? "<LocationMatch \"^http://\">\n" + lines + "</LocationMatch>\n"
                      : "<Location />\n" + lines + "</Location>\n";
  }

  Response ask(const Httpd& httpd, const std::string& path, const std::string& method = "GET",
               const std::vector<std::string>& fields = {}) const {
    Client client;
    if (isForward_) client.useProxy(httpd.proxyUrl());
    return client.perform(
        {.url = isForward_ ? origin_.url(path) : httpd.url(path), .method = method, .headers = fields});
  }
  bool isHit(const Httpd& httpd, const std::string& path, const std::vector<std::string>& fields = {}) const {
    return ask(httpd, path, "GET", fields).header("Cache-Status").value_or("").find("; hit") != std::string::npos;
  }

 private:
  const bool isForward_;
  const ScriptedOrigin& origin_;
};

}  // namespace

// mod_cache with its quick handler would.
PROXY_TEST_EVENT(who_may_not_ask_gets_nothing_that_is_stored) {
  const ScriptedOrigin origin(ScriptedOrigin::answering(okResponse("secret", "Cache-Control: max-age=600\r\n")));
  for (const bool isForward : {false, true}) BOOST_TEST_CONTEXT((isForward ? "forward" : "reverse")) {
      const Proxy proxy(isForward, origin);
      Httpd httpd(mpm);
      httpd.expectLog(kDenied);
      httpd.configure(proxy.opened() + proxy.directive("Cache On") + proxy.section(kOnlyWithKey));
      httpd.start();
      BOOST_TEST(proxy.ask(httpd, "/page", "GET", {kKey}).body == "secret");
      BOOST_TEST(waitUntil([&] { return proxy.isHit(httpd, "/page", {kKey}); }));
      const Response refused = proxy.ask(httpd, "/page");
      BOOST_TEST(refused.status == 403);
      BOOST_TEST(refused.body.find("secret") == std::string::npos);
      BOOST_TEST(proxy.isHit(httpd, "/page", {kKey}));
    }
}

// A graceful restart keeps what is stored, but not for whom the list is closed meanwhile.
PROXY_TEST_EVENT(what_the_allow_list_is_closed_to_is_not_served_from_the_store) {
  const ScriptedOrigin origin(ScriptedOrigin::answering(okResponse("kept", "Cache-Control: max-age=600\r\n")));
  const Proxy proxy(true, origin);
  Httpd httpd(mpm);
  httpd.expectLog("destination-denied");
  const std::string cached = proxy.directive("Cache On");
  httpd.configure(proxy.opened() + cached);
  httpd.start();
  BOOST_TEST(waitUntil([&] { return proxy.isHit(httpd, "/page"); }));
  httpd.configure("FwdProxyRequests On\nFwdProxyAllow elsewhere.test\n" + cached);
  httpd.graceful();
  BOOST_TEST(waitUntil([&] { return proxy.ask(httpd, "/page").status == 403; }));
  httpd.configure(proxy.opened() + cached);
  httpd.graceful();
  BOOST_TEST(waitUntil([&] { return proxy.ask(httpd, "/page").status == 200; }));
  BOOST_TEST(proxy.isHit(httpd, "/page"));
}

PROXY_TEST_EVENT(a_purge_needs_a_require_that_covers_it) {
  const ScriptedOrigin origin(
      ScriptedOrigin::answering(okResponse("kept", "Cache-Control: max-age=600\r\nCache-Tag: red\r\n")));
  for (const bool isForward : {false, true}) BOOST_TEST_CONTEXT((isForward ? "forward" : "reverse")) {
      const Proxy proxy(isForward, origin);
      for (const bool isCovered : {false, true}) {
        Httpd httpd(mpm);
        const std::string limited = std::string("<Limit PURGE>\n") + kOnlyWithKey + "</Limit>\n";
        httpd.configure(proxy.opened() + proxy.directive("Cache On") + proxy.directive("CachePurge On") +
                        (isCovered ? proxy.section(limited) : ""));
        httpd.start();
        BOOST_TEST(waitUntil([&] { return proxy.isHit(httpd, "/page"); }));
        BOOST_TEST(proxy.ask(httpd, "/page", "PURGE").status == 403);
        BOOST_TEST(proxy.isHit(httpd, "/page"));
        httpd.requireLog(isCovered ? kDenied : "PURGE .* is refused: nothing says who may purge");
        if (!isCovered) continue;
        BOOST_TEST(proxy.ask(httpd, "/page", "PURGE", {kKey}).status == 200);
        BOOST_TEST(!proxy.isHit(httpd, "/page"));
        BOOST_TEST(waitUntil([&] { return proxy.isHit(httpd, "/page"); }));
        BOOST_TEST(proxy.ask(httpd, "/", "PURGE", {kKey, "Cache-Tag: red"}).status == 200);
        BOOST_TEST(!proxy.isHit(httpd, "/page"));
        BOOST_TEST(waitUntil([&] { return proxy.isHit(httpd, "/page"); }));
        BOOST_TEST(proxy.ask(httpd, "/pa*", "PURGE", {kKey}).status == 200);
        BOOST_TEST(!proxy.isHit(httpd, "/page"));
      }
    }
}

// What each directive says, and what holds without it.
PROXY_TEST_EVENT(directives_say_what_is_stored) {
  struct Row {
    std::string directive;
    std::string fields;
    bool isStored;  // with the directive; without it the other way round
  };
  const std::string fresh = "Cache-Control: max-age=600\r\n";
  const std::string modified = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
  const std::vector<Row> rows{
      {"CacheHeuristic Off", modified, false},
      {"CacheTargets X-Own", "Cache-Control: no-store\r\nX-Own: max-age=600\r\n", true},
      {"CacheTargets X-Own", fresh + "X-Own: no-store\r\n", false},
      {"CacheSetCookie On", fresh + "Set-Cookie: a=1\r\n", true},
      {"CacheMaxObject 3", fresh, false},
  };
  std::string fields;
  const ScriptedOrigin origin(
      ScriptedOrigin::answering([&](const OriginRequest&) { return okResponse("four", fields); }));
  for (const bool isForward : {false, true})
    for (const Row& row : rows)
      for (const bool isSaid : {false, true})
        BOOST_TEST_CONTEXT((isForward ? "forward " : "reverse ") << row.directive << (isSaid ? "" : " is not said")) {
          fields = row.fields;
          const Proxy proxy(isForward, origin);
          Httpd httpd(mpm);
          const std::string folder = (httpd.directory().path() / "own").string();
          httpd.configure(proxy.opened() + proxy.directive("CacheStore own lmdb size=4M path=" + folder) +
                          proxy.directive("Cache On store=own") + (isSaid ? proxy.directive(row.directive) : ""));
          httpd.start();
          BOOST_TEST(proxy.ask(httpd, "/page").body == "four");
          if (isSaid == row.isStored) {
            BOOST_TEST(waitUntil([&] { return proxy.isHit(httpd, "/page"); }));
          } else {
            BOOST_TEST(!proxy.isHit(httpd, "/page"));
            BOOST_TEST(!proxy.isHit(httpd, "/page"));
          }
        }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
