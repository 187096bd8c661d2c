// Which request goes to which backend, under which path: RevProxyPass in server and virtual host context.
// <Location> has a file of its own.
#include "tests/integration/support/client.h"
#include "tests/integration/support/http_text.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(reverse_mapping)

namespace {

// An origin that signs its answers, and tells what path it was asked for.
class NamedOrigin : public ScriptedOrigin {
 public:
  explicit NamedOrigin(const std::string& name)
      : ScriptedOrigin(
            answering([name](const OriginRequest& request) { return okResponse(name + " " + request.target()); })) {}
};

}  // namespace

PROXY_TEST(longest_prefix_wins_in_any_order) {
  const NamedOrigin root("root"), app("app"), deep("deep");
  const std::vector<std::string> lines{"RevProxyPass / " + root.url("/"), "RevProxyPass /app " + app.url("/base"),
                                       "RevProxyPass /app/deep " + deep.url("/d"), "RevProxyPass /app/deep/not !"};
  for (const bool reversed : {false, true}) {
    Httpd httpd(mpm);
    std::string text;
    for (const std::string& line : lines) text = reversed ? line + "\n" + text : text + line + "\n";
    httpd.configure(text);
    httpd.directory().write("htdocs/app/deep/not/here", "a file of httpd's own");
    httpd.start();
    Client client;
    BOOST_TEST(client.get(httpd.url("/other?q=1")).body == "root /other?q=1");
    BOOST_TEST(client.get(httpd.url("/app")).body == "app /base");
    BOOST_TEST(client.get(httpd.url("/app/x")).body == "app /base/x");
    BOOST_TEST(client.get(httpd.url("/app/deeper")).body == "app /base/deeper");
    BOOST_TEST(client.get(httpd.url("/app/deep/x/y")).body == "deep /d/x/y");
    BOOST_TEST(client.get(httpd.url("/app/deep/not/here")).body == "a file of httpd's own");
  }
}

PROXY_TEST(prefix_matches_whole_segments) {
  const NamedOrigin app("app"), folder("folder");
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass /app " + app.url("/base") + "\nRevProxyPass /folder/ " + folder.url("/base/") + "\n");
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/apple")).status == 404);
  BOOST_TEST(client.get(httpd.url("/ap")).status == 404);
  BOOST_TEST(client.get(httpd.url("/app/")).body == "app /base/");
  BOOST_TEST(client.get(httpd.url("/app?x")).body == "app /base?x");
  BOOST_TEST(client.get(httpd.url("/folder/")).body == "folder /base/");
  BOOST_TEST(client.get(httpd.url("/folder/a")).body == "folder /base/a");
  BOOST_TEST(client.get(httpd.url("/folder")).status == 404);
}

PROXY_TEST(path_goes_over_encoded_and_normalised) {
  const NamedOrigin app("app");
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass /app " + app.url("/base") + "\n");
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/app/a%20b%3Fc?x=1%202&y=%2F")).body == "app /base/a%20b%3Fc?x=1%202&y=%2F");
  BOOST_TEST(client.get(httpd.url("/app/x?")).status == 200);
  BOOST_TEST(client.get(httpd.url("/app/%E2%82%AC")).body == "app /base/%E2%82%AC");
  BOOST_TEST(client.get(httpd.url("/app/one/../two")).body == "app /base/two");
  // What httpd takes for another path must not reach the backend as this one.
  const std::size_t before = app.requests().size();
  BOOST_TEST(client.get(httpd.url("/app/../secret")).status == 404);
  BOOST_TEST(client.get(httpd.url("/other/..;/app")).status == 404);
  BOOST_TEST(client.get(httpd.url("/app/%2e%2e/secret")).status == 404);
  BOOST_TEST(app.requests().size() == before);
}

PROXY_TEST(virtual_hosts_have_their_own_mappings) {
  const NamedOrigin first("first"), second("second");
  Httpd httpd(mpm);
  const std::string port = std::to_string(httpd.port());
  httpd.configure("<VirtualHost *:" + port + ">\nServerName first.test\nRevProxyPass / " + first.url("/") +
                  "\n</VirtualHost>\n<VirtualHost *:" + port + ">\nServerName second.test\nRevProxyPass /only " +
                  second.url("/") + "\n</VirtualHost>\n");
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/only"), {"Host: first.test"}).body == "first /only");
  BOOST_TEST(client.get(httpd.url("/only/x"), {"Host: second.test"}).body.starts_with("second "));
  BOOST_TEST(client.get(httpd.url("/other"), {"Host: second.test"}).status == 404);
}

PROXY_TEST(any_method_goes_over) {
  ScriptedOrigin origin(ScriptedOrigin::answering(
      [](const OriginRequest& request) { return okResponse(request.method() + " " + request.body); }));
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  Client client;
  for (const std::string method : {"PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "PURGE"}) {
    const Response response = client.perform({.url = httpd.url("/x"), .method = method, .body = "body"});
    BOOST_TEST(response.body == method + " body");
  }
}

PROXY_TEST(rewrite_rules_come_first) {
  const NamedOrigin app("app");
  Httpd httpd(mpm);
  httpd.loadModule("rewrite");
  httpd.configure("RevProxyPass / " + app.url("/") +
                  "\nRewriteEngine On\nRewriteRule ^/moved https://elsewhere.test/ [R=301,L]\n"
                  "RewriteRule ^/old/(.*) /new/$1 [PT]\n");
  httpd.start();
  Client client;
  const Response moved = client.get(httpd.url("/moved"));
  BOOST_TEST(moved.status == 301);
  BOOST_TEST(moved.header("Location").value_or("") == "https://elsewhere.test/");
  BOOST_TEST(client.get(httpd.url("/old/x?q=1")).body == "app /new/x?q=1");
}

// mod_dir, mod_negotiation and <Directory> sections see files; a mapped request is none.
PROXY_TEST(directory_sections_do_not_apply) {
  const NamedOrigin app("app");
  Httpd httpd(mpm);
  httpd.loadModule("dir");
  httpd.configure("<Directory />\nRequire all denied\n</Directory>\nRevProxyPass / " + app.url("/") + "\n");
  httpd.directory().write("htdocs/index.html", "not this one");
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/")).body == "app /");
}

PROXY_TEST(access_control_applies) {
  const NamedOrigin app("app");
  Httpd httpd(mpm);
  httpd.expectLog("AH01630: client denied by server configuration");
  httpd.configure("RevProxyPass / " + app.url("/") + "\n<Location /closed>\nRequire all denied\n</Location>\n");
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/open")).body == "app /open");
  BOOST_TEST(client.get(httpd.url("/closed/x")).status == 403);
  BOOST_TEST(client.get(httpd.url("//closed/x")).status == 403);
  BOOST_TEST(client.get(httpd.url("/open/../closed/x")).status == 403);
  BOOST_TEST(app.requests().size() == 1U);
}

PROXY_TEST(connections_are_reused_unless_disabled) {
  const NamedOrigin kept("kept"), single("single");
  Httpd httpd(mpm, {.children = 1, .threadsPerChild = 25, .preforkStart = 1, .preforkChildren = 1});
  httpd.expectLog("AH00161");  // one process, all busy, is what this test wants
  httpd.configure("RevProxyPass /kept " + kept.url() + "\nRevProxyPass /single " + single.url() + " disablereuse=On\n");
  httpd.start();
  Client client;
  for (int index = 0; index < 5; ++index) {
    BOOST_TEST(client.get(httpd.url("/kept/x")).status == 200);
    BOOST_TEST(client.get(httpd.url("/single/x")).status == 200);
  }
  BOOST_TEST(kept.connections() == 1U);
  BOOST_TEST(single.connections() == 5U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
