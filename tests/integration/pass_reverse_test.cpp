// RevProxyPassReverse: the addresses that a backend names in its responses become ones that the client can reach.
#include "tests/integration/support/client.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(pass_reverse)

namespace {

// Answers with whatever header line the request asks for in X-Say.
ScriptedOrigin::Script sayingWhatIsAsked() {
  return ScriptedOrigin::answering([](const OriginRequest& request) {
    return okResponse("", request.header("X-Say").value_or("X-Nothing: 1") + "\r\n");
  });
}

}  // namespace

PROXY_TEST(address_headers_are_mapped_back) {
  ScriptedOrigin origin(sayingWhatIsAsked());
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass /app " + origin.url("/base") + "\nRevProxyPassReverse /app " + origin.url("/base") +
                  "\n");
  httpd.start();
  Client client;
  const auto answered = [&](const std::string& name, const std::string& value) {
    return client.get(httpd.url("/app/x"), {"X-Say: " + name + ": " + value}).header(name).value_or("");
  };
  for (const std::string name : {"Location", "Content-Location", "URI"}) {
    BOOST_TEST(answered(name, origin.url("/base/there?q=1")) == httpd.url("/app/there?q=1"));
    BOOST_TEST(answered(name, origin.url("/base")) == httpd.url("/app"));
    BOOST_TEST(answered(name, "https://elsewhere.test/base/x") == "https://elsewhere.test/base/x");
  }
  BOOST_TEST(answered("Refresh", "5; url=" + origin.url("/base/there")) == "5; url=" + httpd.url("/app/there"));
  BOOST_TEST(answered("Refresh", "5") == "5");
  BOOST_TEST(answered("X-Other", origin.url("/base/there")) == origin.url("/base/there"));
}

PROXY_TEST(mapped_back_to_the_name_the_client_used) {
  ScriptedOrigin origin(sayingWhatIsAsked());
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + origin.url("/") + "\nRevProxyPassReverse / " + origin.url("/") + "\n");
  httpd.start();
  Client client;
  const Response response =
      client.get(httpd.url("/x"), {"Host: asked.test:81", "X-Say: Location: " + origin.url("/there")});
  BOOST_TEST(response.header("Location").value_or("").ends_with("/there"));
  BOOST_TEST(response.header("Location").value_or("").find(std::to_string(origin.port())) == std::string::npos);
}

PROXY_TEST(cookies_are_mapped_back_one_by_one) {
  ScriptedOrigin origin(ScriptedOrigin::answering(okResponse(
      "",
      "Set-Cookie: a=1; Path=/base; Domain=backend.internal; Secure\r\nSet-Cookie: b=2; domain=.BACKEND.internal\r\n"
      "Set-Cookie: path=/base; Path=/base/x; Expires=Wed, 21 Oct 2026 07:28:00 GMT\r\nSet-Cookie: c=3\r\n"
      "X-Other: a=1; Path=/base\r\n")));
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + origin.url("/") +
                  "\nRevProxyPassReverseCookieDomain backend.internal www.test\n" +
                  "RevProxyPassReverseCookiePath /base /app\n<Location /inner>\n"
                  "RevProxyPassReverseCookiePath /base /inner\n</Location>\n");
  httpd.start();
  Client client;
  const Response response = client.get(httpd.url("/x"));
  const std::vector<std::string> expected{"a=1; Path=/app; Domain=www.test; Secure", "b=2; domain=www.test",
                                          "path=/base; Path=/app/x; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "c=3"};
  BOOST_TEST(headerValues(response.headers, "Set-Cookie") == expected, boost::test_tools::per_element());
  BOOST_TEST(response.header("X-Other").value_or("") == "a=1; Path=/base");
  const auto inner = headerValues(client.get(httpd.url("/inner/x")).headers, "Set-Cookie");
  BOOST_REQUIRE(inner.size() == 4U);
  BOOST_TEST(inner.front() == "a=1; Path=/inner; Domain=www.test; Secure");
}

PROXY_TEST(nothing_is_mapped_without_it) {
  ScriptedOrigin origin(sayingWhatIsAsked());
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  Client client;
  const Response response = client.get(httpd.url("/x"), {"X-Say: Location: " + origin.url("/there")});
  BOOST_TEST(response.header("Location").value_or("") == origin.url("/there"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
