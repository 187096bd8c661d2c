// The directives of mod_revproxy inside <Location>: where they apply, and where they do not.
#include "tests/integration/support/client.h"
#include "tests/integration/support/http_text.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(location_context)

PROXY_TEST(pass_without_path_maps_the_location) {
  ScriptedOrigin origin(showingHeads());
  Httpd httpd(mpm);
  httpd.configure("<Location /app>\nRevProxyPass " + origin.url("/base") + "\n</Location>\n");
  httpd.start();
  Client client;
  BOOST_TEST(firstLine(client.get(httpd.url("/app/x?y")).body) == "GET /base/x?y HTTP/1.1");
  BOOST_TEST(firstLine(client.get(httpd.url("/app")).body) == "GET /base HTTP/1.1");
  BOOST_TEST(client.get(httpd.url("/apple")).status == 404);
}

PROXY_TEST(longest_location_wins_against_server_lines) {
  ScriptedOrigin outer(ScriptedOrigin::answering(okResponse("outer")));
  ScriptedOrigin inner(ScriptedOrigin::answering(okResponse("inner")));
  Httpd httpd(mpm);
  httpd.configure("<Location /app/inner>\nRevProxyPass " + inner.url("/") + "\n</Location>\n<Location /app/local>\n" +
                  "RevProxyPass !\n</Location>\nRevProxyPass /app " + outer.url("/") + "\n");
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/app/x")).body == "outer");
  BOOST_TEST(client.get(httpd.url("/app/inner/x")).body == "inner");
  BOOST_TEST(client.get(httpd.url("/app/local/x")).status == 404);
}

PROXY_TEST(header_directives_apply_to_their_location_only) {
  ScriptedOrigin origin(showingHeads());
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + origin.url("/") +
                  "\n<Location /special>\nRevProxyPreserveHost On\nRevProxyAddHeaders Off\nRevProxyVia On\n"
                  "</Location>\n");
  httpd.start();
  Client client;
  const HeaderList plain = parseHeaders(client.get(httpd.url("/x"), {"Host: asked.test"}).body);
  BOOST_TEST(headerValue(plain, "Host").value_or("") == "127.0.0.1:" + std::to_string(origin.port()));
  BOOST_TEST(headerValue(plain, "X-Forwarded-Host").value_or("") == "asked.test");
  BOOST_TEST(!headerValue(plain, "Via").has_value());
  const HeaderList special = parseHeaders(client.get(httpd.url("/special/x"), {"Host: asked.test"}).body);
  BOOST_TEST(headerValue(special, "Host").value_or("") == "asked.test");
  BOOST_TEST(!headerValue(special, "X-Forwarded-Host").has_value());
  BOOST_TEST(headerValue(special, "Via").has_value());
}

PROXY_TEST(inner_location_overrides_outer_one) {
  ScriptedOrigin origin(showingHeads());
  Httpd httpd(mpm);
  httpd.configure("RevProxyPreserveHost On\nRevProxyPass / " + origin.url("/") +
                  "\n<Location /a>\nRevProxyPreserveHost Off\n</Location>\n<Location /a/b>\nRevProxyPreserveHost On\n"
                  "</Location>\n");
  httpd.start();
  Client client;
  const auto hostSeenFor = [&](const std::string& path) {
    return headerValue(parseHeaders(client.get(httpd.url(path), {"Host: asked.test"}).body), "Host").value_or("");
  };
  BOOST_TEST(hostSeenFor("/") == "asked.test");
  BOOST_TEST(hostSeenFor("/a/x") != "asked.test");
  BOOST_TEST(hostSeenFor("/a/b/x") == "asked.test");
}

PROXY_TEST(timeout_applies_to_its_location_only) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    const auto request = connection.readRequest();
    if (request && request->target().starts_with("/hangs")) {
      connection.waitForClose();
    } else {
      connection.write(okResponse("quick", "Connection: close\r\n"));
    }
  });
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + origin.url("/") + "\n<Location /hangs>\nRevProxyTimeout 300ms\n</Location>\n");
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/quick")).body == "quick");
  BOOST_TEST(client.get(httpd.url("/hangs")).status == 504);
  httpd.requireLog("first-byte-timeout");
}

PROXY_TEST(pass_reverse_without_path) {
  ScriptedOrigin origin(ScriptedOrigin::answering([](const OriginRequest& request) {
    const std::string there = "http://" + request.header("Host").value_or("") + "/base/there";
    return "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + there + "\r\n\r\n";
  }));
  Httpd httpd(mpm);
  httpd.configure("<Location /app>\nRevProxyPass " + origin.url("/base") + "\nRevProxyPassReverse " +
                  origin.url("/base") + "\n</Location>\n");
  httpd.start();
  Client client;
  const Response response = client.get(httpd.url("/app/x"));
  BOOST_TEST(response.status == 302);
  BOOST_TEST(response.header("Location").value_or("") == httpd.url("/app/there"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
