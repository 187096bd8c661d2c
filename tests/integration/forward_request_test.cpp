// Absolute-form requests through the forward proxy: what the origin gets to see, what comes back, and which requests on
// the same port are httpd's own. Where they may go is forward_allow_test.cpp's.
#include "tests/integration/support/client.h"
#include "tests/integration/support/content.h"
#include "tests/integration/support/http_text.h"
#include "tests/integration/support/port.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(forward_request)

namespace {

constexpr const char* kOpen = "FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\n";

std::string authorityOf(const ScriptedOrigin& origin) {
  return "127.0.0.1:" + std::to_string(origin.port());
}

std::string exchangeRaw(const Httpd& httpd, const std::string& request) {
  RawClient client(httpd.port());
  client.send(request);
  return client.readToEnd().data;
}

void expectFailure(Mpm mpm, const std::string& url, long status, const std::string& word,
                   const std::string& directives = "") {
  BOOST_TEST_CONTEXT(word) {
    Httpd httpd(mpm);
    httpd.configure(std::string(kOpen) + "FwdProxyAllow *.invalid\n" + directives);
    httpd.start();
    Client client;
    client.useProxy(httpd.proxyUrl());
    const Response response = client.get(url);
    BOOST_TEST(response.status == status);
    BOOST_TEST(response.complete());
    httpd.requireLog("\\b" + word + "\\b");
    BOOST_TEST(httpd.errorLog().linesMatching("\\b" + word + "\\b").size() == 1U);
  }
}

}  // namespace

PROXY_TEST(origin_sees_an_ordinary_request) {
  ScriptedOrigin origin(ScriptedOrigin::answering(okResponse("answer")));
  Httpd httpd(mpm);
  httpd.configure(kOpen);
  httpd.start();
  const std::string answer = exchangeRaw(
      httpd, "GET http://" + authorityOf(origin) +
                 "/a%20b/../c?x=%2F HTTP/1.1\r\nHost: liar.test\r\n"
                 "Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic eDp5\r\nX-Mine: 1\r\nX-Hop: 2\r\n"
                 "Connection: close, X-Hop\r\n\r\n");
  BOOST_TEST(answer.starts_with("HTTP/1.1 200"));
  BOOST_TEST(answer.ends_with("answer"));
  const OriginRequest seen = origin.onlyRequest();
  BOOST_TEST(seen.target().starts_with("/"));
  BOOST_TEST(seen.target().ends_with("c?x=%2F"));
  BOOST_TEST(headerValues(seen.headers(), "Host").size() == 1U);
  BOOST_TEST(seen.header("Host").value_or("") == authorityOf(origin));
  BOOST_TEST(seen.header("X-Mine").value_or("") == "1");
  for (const char* name : {"Proxy-Connection", "Proxy-Authorization", "X-Hop", "X-Forwarded-For", "X-Forwarded-Host"}) {
    BOOST_TEST(!seen.header(name).has_value(), name << " went over");
  }
}

PROXY_TEST(path_may_be_empty) {
  ScriptedOrigin origin(ScriptedOrigin::answering(okResponse("answer")));
  Httpd httpd(mpm);
  httpd.configure(kOpen);
  httpd.start();
  exchangeRaw(httpd, "GET http://" + authorityOf(origin) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  BOOST_TEST(origin.onlyRequest().target() == "/");
}

PROXY_TEST(via_is_added_unless_turned_off) {
  ScriptedOrigin origin(ScriptedOrigin::answering(
      [](const OriginRequest& request) { return okResponse(request.header("Via").value_or("(none)")); }));
  for (const std::string setting : {"", "FwdProxyVia Full\n", "FwdProxyVia Off\n"}) {
    Httpd httpd(mpm);
    httpd.configure(kOpen + setting);
    httpd.start();
    Client client;
    client.useProxy(httpd.proxyUrl());
    const Response response = client.get(origin.url("/"));
    const bool off = setting == "FwdProxyVia Off\n";
    BOOST_TEST((off ? response.body == "(none)" : response.body.starts_with("1.1 httpd.test")), response.body);
    BOOST_TEST(response.header("Via").has_value() == !off);
    BOOST_TEST((response.body.find("Apache") != std::string::npos) == (setting == "FwdProxyVia Full\n"));
  }
}

PROXY_TEST(bodies_go_both_ways) {
  ScriptedOrigin origin(
      ScriptedOrigin::answering([](const OriginRequest& request) { return okResponse(request.body); }));
  Httpd httpd(mpm);
  httpd.configure(kOpen);
  httpd.start();
  Client client;
  client.useProxy(httpd.proxyUrl());
  for (const std::uint64_t size : {0U, 1U, 65536U, 1'000'001U}) {
    BOOST_TEST(hashOf(client.post(origin.url("/x"), makeContent(size, size)).body) == hashOfContent(size, size));
  }
  const Response head = client.perform({.url = origin.url("/x"), .method = "HEAD"});
  BOOST_TEST(head.status == 200);
}

PROXY_TEST(failures_are_told_apart) {
  const RefusingPort refusing;
  expectFailure(mpm, refusing.url(), 503, "refused");
  expectFailure(mpm, "http://no-such-host.invalid/", 502, "unresolvable");
  const SilentPort silent;
  expectFailure(mpm, silent.url(), 504, "connect-timeout", "FwdProxyConnectTimeout 300ms\n");
  ScriptedOrigin hanging([](OriginConnection& connection) {
    connection.readRequest();
    connection.waitForClose();
  });
  expectFailure(mpm, hanging.url("/"), 504, "first-byte-timeout", "FwdProxyTimeout 300ms\n");
  ScriptedOrigin garbling([](OriginConnection& connection) {
    connection.readRequest();
    connection.write("no HTTP at all\r\n\r\n");
  });
  expectFailure(mpm, garbling.url("/"), 502, "malformed-response");
  ScriptedOrigin closing([](OriginConnection& connection) { connection.readRequest(); });
  expectFailure(mpm, closing.url("/"), 502, "closed-early");
}

PROXY_TEST(body_that_breaks_off_does_not_look_complete) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    const auto request = connection.readRequest();
    const bool chunked = request->target() == "/chunked";
    connection.write(chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n"
                             : "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
  });
  Httpd httpd(mpm);
  httpd.configure(kOpen);
  httpd.start();
  Client client;
  client.useProxy(httpd.proxyUrl());
  for (const std::string path : {"/chunked", "/sized"}) BOOST_TEST(!client.get(origin.url(path)).complete(), path);
  httpd.requireLog("closed-early|broken-body");
}

PROXY_TEST(origin_form_stays_httpds_own) {
  Httpd httpd(mpm);
  httpd.configure(kOpen);
  httpd.directory().write("htdocs/page", "a page of httpd's own");
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/page")).body == "a page of httpd's own");
  BOOST_TEST(client.get(httpd.url("/page"), {"Host: elsewhere.invalid"}).body == "a page of httpd's own");
}

PROXY_TEST(absolute_form_for_an_own_host_is_local) {
  Httpd httpd(mpm);
  const std::string port = std::to_string(httpd.port());
  httpd.configure(kOpen);
  httpd.directory().write("htdocs/page", "a page of httpd's own");
  httpd.start();
  const std::string answer = exchangeRaw(
      httpd, "GET http://httpd.test:" + port + "/page HTTP/1.1\r\nHost: httpd.test\r\nConnection: close\r\n\r\n");
  BOOST_TEST(answer.starts_with("HTTP/1.1 200"));
  BOOST_TEST(answer.ends_with("a page of httpd's own"));
}

PROXY_TEST(absolute_form_for_a_reverse_proxied_host_goes_to_its_backend) {
  ScriptedOrigin origin(showingHeads());
  Httpd httpd(mpm);
  const std::string port = std::to_string(httpd.port());
  httpd.configure("FwdProxyRequests On\nRevProxyPass /app " + origin.url("/base") + "\n");
  httpd.start();
  const std::string answer = exchangeRaw(
      httpd, "GET http://httpd.test:" + port + "/app/x HTTP/1.1\r\nHost: httpd.test\r\nConnection: close\r\n\r\n");
  BOOST_TEST(firstLine(origin.onlyRequest().head) == "GET /base/x HTTP/1.1");
  BOOST_TEST(answer.starts_with("HTTP/1.1 200"));
}

// The client chooses the virtual host by the name it asks for; the rules are the first one's all the same.
PROXY_TEST(rules_do_not_depend_on_the_name_asked_for) {
  ScriptedOrigin origin(ScriptedOrigin::answering(okResponse("reached")));
  Httpd httpd(mpm);
  const std::string port = std::to_string(httpd.port());
  httpd.configure("<VirtualHost *:" + port + ">\nServerName first.test\n" + kOpen + "</VirtualHost>\n<VirtualHost *:" +
                  port + ">\nServerName 127.0.0.1\nServerAlias *.invalid\n</VirtualHost>\n");
  httpd.start();
  Client client;
  client.useProxy(httpd.proxyUrl());
  BOOST_TEST(client.get(origin.url("/x")).body == "reached");
  BOOST_TEST(client.get("http://name.invalid/x").status == 403);
  httpd.requireLog("destination-denied");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
