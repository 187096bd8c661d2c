// What the reverse proxy does to header fields on the way to the backend and back.
#include <algorithm>

#include "tests/integration/support/client.h"
#include "tests/integration/support/http_text.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(reverse_headers)

namespace {

// The request head as the origin saw it, for a request head as the client wrote it.
HeaderList seenFor(const Httpd& httpd, const std::string& lines, const std::string& requestLine = "GET /x HTTP/1.1") {
  RawClient client(httpd.port());
  client.send(requestLine + "\r\n" + lines + "\r\n");
  const std::string head = client.readHead();
  const auto size = headerValue(parseHeaders(head), "Content-Length").value_or("0");
  return parseHeaders(client.readExactly(std::stoul(size)));
}

std::string valueOf(const HeaderList& headers, const std::string& name) {
  return headerValue(headers, name).value_or("(none)");
}

}  // namespace

PROXY_TEST(forwarded_headers_tell_of_the_client) {
  ScriptedOrigin origin(showingHeads());
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  const HeaderList first = seenFor(httpd, "Host: asked.test:81\r\n");
  BOOST_TEST(valueOf(first, "X-Forwarded-For") == "127.0.0.1");
  BOOST_TEST(valueOf(first, "X-Forwarded-Host") == "asked.test:81");
  BOOST_TEST(valueOf(first, "X-Forwarded-Proto") == "http");
  BOOST_TEST(valueOf(first, "X-Forwarded-Port") == std::to_string(httpd.port()));
  const HeaderList second = seenFor(httpd, "Host: asked.test\r\nX-Forwarded-For: 192.0.2.1\r\n");
  BOOST_TEST(valueOf(second, "X-Forwarded-For") == "192.0.2.1, 127.0.0.1");
}

PROXY_TEST(forwarded_headers_can_be_left_out) {
  ScriptedOrigin origin(showingHeads());
  Httpd httpd(mpm);
  httpd.configure("RevProxyAddHeaders Off\nRevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  const HeaderList seen = seenFor(httpd, "Host: asked.test\r\nX-Forwarded-For: 192.0.2.1\r\n");
  BOOST_TEST(valueOf(seen, "X-Forwarded-For") == "192.0.2.1");
  for (const char* name : {"X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port"}) {
    BOOST_TEST(!headerValue(seen, name).has_value());
  }
}

PROXY_TEST(host_is_the_backends_or_the_clients) {
  ScriptedOrigin origin(showingHeads());
  for (const bool preserved : {false, true}) {
    Httpd httpd(mpm);
    httpd.configure("RevProxyPass / " + origin.url("/") + (preserved ? "\nRevProxyPreserveHost On\n" : "\n"));
    httpd.start();
    const HeaderList seen = seenFor(httpd, "Host: asked.test:81\r\n");
    BOOST_TEST(headerValues(seen, "Host").size() == 1U);
    BOOST_TEST(valueOf(seen, "Host") == (preserved ? "asked.test:81" : "127.0.0.1:" + std::to_string(origin.port())));
  }
}

PROXY_TEST(via_names_this_proxy_when_asked) {
  ScriptedOrigin origin(ScriptedOrigin::answering(
      [](const OriginRequest& request) { return okResponse(request.head, "Via: 1.0 inner\r\n"); }));
  const std::vector<std::pair<std::string, std::string>> settings{
      {"", ""}, {"RevProxyVia On\n", "1.1 httpd.test"}, {"RevProxyVia Full\n", "1.1 httpd.test"}};
  for (const auto& [line, own] : settings) {
    Httpd httpd(mpm);
    httpd.configure(line + "RevProxyPass / " + origin.url("/") + "\n");
    httpd.start();
    Client client;
    const Response response = client.get(httpd.url("/"), {"Via: 1.1 outer"});
    const std::string request = valueOf(parseHeaders(response.body), "Via");
    const std::string answer = response.header("Via").value_or("");
    BOOST_TEST(request.starts_with("1.1 outer"));
    BOOST_TEST(answer.starts_with("1.0 inner"));
    BOOST_TEST((own.empty() ? request == "1.1 outer" : request.starts_with("1.1 outer, " + own)), request);
    BOOST_TEST((own.empty() ? answer == "1.0 inner" : answer.starts_with("1.0 inner, " + own)), answer);
    BOOST_TEST((request.find("Apache") != std::string::npos) == (line == "RevProxyVia Full\n"));
  }
}

PROXY_TEST(hop_by_hop_fields_stay_here) {
  ScriptedOrigin origin(showingHeads());
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  const HeaderList seen =
      seenFor(httpd,
              "Host: asked.test\r\nConnection: keep-alive, X-Hop\r\nConnection: x-other\r\n"
              "Keep-Alive: timeout=5\r\nTE: gzip;q=0.5, trailers\r\nTrailer: X-T\r\nProxy-Connection: close\r\n"
              "X-Hop: 1\r\nX-Other: 2\r\nX-Stays: 3\r\nProxy-Authorization: Basic eDp5\r\n");
  for (const char* name : {"Keep-Alive", "Proxy-Connection", "X-Hop", "X-Other"}) {
    BOOST_TEST(!headerValue(seen, name).has_value(), name << " went over");
  }
  // Said anew, and true of this hop as well.
  BOOST_TEST(valueOf(seen, "TE") == "trailers");
  BOOST_TEST(valueOf(seen, "Connection") == "TE");
  BOOST_TEST(valueOf(seen, "Trailer") == "X-T");
  BOOST_TEST(valueOf(seen, "X-Stays") == "3");
  BOOST_TEST(valueOf(seen, "Connection").find("X-Hop") == std::string::npos);
}

PROXY_TEST(connection_cannot_take_away_what_matters) {
  ScriptedOrigin origin(showingHeads());
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + origin.url("/") + "\nRevProxyPreserveHost On\n");
  httpd.start();
  RawClient client(httpd.port());
  client.send(
      "POST /x HTTP/1.1\r\nHost: asked.test\r\nAuthorization: Basic eDp5\r\nForwarded: for=192.0.2.1\r\n"
      "X-Forwarded-For: 192.0.2.1\r\nContent-Length: 4\r\n"
      "Connection: close, Host, Authorization, Forwarded, X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto, "
      "X-Forwarded-Port, Content-Length\r\n\r\nbody");
  const std::string answer = client.readToEnd().data;
  const HeaderList seen = origin.onlyRequest().headers();
  BOOST_TEST(answer.starts_with("HTTP/1.1 200"));
  BOOST_TEST(origin.onlyRequest().body == "body");
  BOOST_TEST(valueOf(seen, "Host") == "asked.test");
  BOOST_TEST(valueOf(seen, "Authorization") == "Basic eDp5");
  BOOST_TEST(valueOf(seen, "Forwarded") == "for=192.0.2.1");
  BOOST_TEST(valueOf(seen, "X-Forwarded-For") == "192.0.2.1, 127.0.0.1");
  BOOST_TEST(valueOf(seen, "X-Forwarded-Host") == "asked.test");
  BOOST_TEST(valueOf(seen, "X-Forwarded-Proto") == "http");
  BOOST_TEST(headerValue(seen, "X-Forwarded-Port").has_value());
}

PROXY_TEST(response_fields_come_through) {
  ScriptedOrigin origin(ScriptedOrigin::answering(
      okResponse("body",
                 "Server: the-origin/1\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nSet-Cookie: a=1\r\n"
                 "Set-Cookie: b=2\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: timeout=9\r\nX-Hop: 1\r\n"
                 "X-Folded: one\r\n two\r\nX-Empty:\r\nETag: \"x\"\r\n")));
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  Client client;
  const Response response = client.get(httpd.url("/"));
  BOOST_TEST(response.status == 200);
  BOOST_TEST(response.body == "body");
  BOOST_TEST(response.header("Server").value_or("") == "the-origin/1");
  BOOST_TEST(response.header("Date").value_or("") == "Mon, 01 Jan 2024 00:00:00 GMT");
  BOOST_TEST(headerValues(response.headers, "Set-Cookie") == (std::vector<std::string>{"a=1", "b=2"}),
             boost::test_tools::per_element());
  BOOST_TEST(response.header("X-Folded").value_or("") == "one two");
  BOOST_TEST(response.header("X-Empty").has_value());
  BOOST_TEST(response.header("ETag").value_or("") == "\"x\"");
  BOOST_TEST(!response.header("X-Hop").has_value());
  BOOST_TEST(response.header("Keep-Alive").value_or("") != "timeout=9");
}

PROXY_TEST(status_and_reason_come_through) {
  ScriptedOrigin origin(ScriptedOrigin::answering("HTTP/1.1 418 I'm a teapot\r\nContent-Length: 3\r\n\r\ntea"));
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  RawClient client(httpd.port());
  client.send("GET / HTTP/1.1\r\nHost: asked.test\r\nConnection: close\r\n\r\n");
  const RawClient::Ending answer = client.readToEnd();
  BOOST_TEST(firstLine(answer.data) == "HTTP/1.1 418 I'm a teapot");
  BOOST_TEST(answer.data.ends_with("\r\n\r\ntea"));
}

PROXY_TEST(httpd_modules_see_proxied_responses) {
  ScriptedOrigin origin(ScriptedOrigin::answering(okResponse("body", "X-Inner: secret\r\n")));
  Httpd httpd(mpm);
  httpd.loadModule("headers");
  httpd.configure("RevProxyPass / " + origin.url("/") +
                  "\nHeader unset X-Inner\nHeader set X-Outer added\nRequestHeader set X-Asked \"by httpd\"\n");
  httpd.start();
  Client client;
  const Response response = client.get(httpd.url("/"));
  BOOST_TEST(!response.header("X-Inner").has_value());
  BOOST_TEST(response.header("X-Outer").value_or("") == "added");
  BOOST_TEST(origin.onlyRequest().header("X-Asked").value_or("") == "by httpd");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
