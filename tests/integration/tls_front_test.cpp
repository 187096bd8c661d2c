// Clients that come over TLS and HTTP/2: mod_ssl and mod_http2 in front of both modules.
#include "tests/integration/support/certificate_authority.h"
#include "tests/integration/support/client.h"
#include "tests/integration/support/content.h"
#include "tests/integration/support/http_text.h"
#include "tests/integration/support/nginx.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(tls_front)

namespace {

constexpr std::uint64_t kSize = 5'000'000;

// httpd with TLS on its second port, and the directives in effect on both.
struct TlsFront {
  TlsFront(Mpm mpm, const std::string& directives) : httpd(mpm), port(httpd.addPort()) {
    const Certificate certificate = authority.issue("DNS:front.test,IP:127.0.0.1");
    httpd.loadModule("ssl");
    httpd.loadModule("http2");
    httpd.expectLog("AH10034");  // mod_http2 says that prefork is not for it
    httpd.expectLog("AH01873");  // no session cache: nothing here resumes a session with httpd
    httpd.configure("Protocols h2 http/1.1\n" + directives + "<VirtualHost *:" + std::to_string(port) +
                    ">\nServerName front.test\nSSLEngine On\nSSLCertificateFile \"" +
                    certificate.certificateFile.string() + "\"\nSSLCertificateKeyFile \"" +
                    certificate.keyFile.string() + "\"\n" + directives + "</VirtualHost>\n");
    httpd.start();
  }
  std::string url(const std::string& path) const { return "https://127.0.0.1:" + std::to_string(port) + path; }

  CertificateAuthority authority;
  Httpd httpd;
  int port;
};

ScriptedOrigin::Script echoing() {
  return ScriptedOrigin::answering([](const OriginRequest& request) { return okResponse(request.body); });
}

}  // namespace

PROXY_TEST(backend_is_told_of_https) {
  ScriptedOrigin origin(showingHeads());
  const TlsFront front(mpm, "RevProxyPass / " + origin.url("/") + "\n");
  Client client;
  const HeaderList seen = parseHeaders(client.get(front.url("/x"), {"Host: asked.test"}).body);
  BOOST_TEST(headerValue(seen, "X-Forwarded-Proto").value_or("") == "https");
  BOOST_TEST(headerValue(seen, "X-Forwarded-Port").value_or("") == std::to_string(front.port));
  BOOST_TEST(headerValue(seen, "X-Forwarded-Host").value_or("") == "asked.test");
}

PROXY_TEST(addresses_are_mapped_back_to_https) {
  ScriptedOrigin origin(ScriptedOrigin::answering([](const OriginRequest& request) {
    return okResponse("", "Location: http://" + request.header("Host").value_or("") + "/there\r\n");
  }));
  const TlsFront front(mpm, "RevProxyPass / " + origin.url("/") + "\nRevProxyPassReverse / " + origin.url("/") + "\n");
  Client client;
  BOOST_TEST(client.get(front.url("/x")).header("Location").value_or("") == front.url("/there"));
}

PROXY_TEST(bodies_go_both_ways) {
  ScriptedOrigin origin(echoing());
  const TlsFront front(mpm, "RevProxyPass / " + origin.url("/") + "\n");
  Client client;
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, kSize}) {
    const Response response = client.post(front.url("/x"), makeContent(size, size));
    BOOST_TEST(response.complete(), response.problem);
    BOOST_TEST(hashOf(response.body) == hashOfContent(size, size));
  }
}

// HTTP/2 is for the threaded MPMs: under prefork mod_http2 turns itself off.
BOOST_AUTO_TEST_CASE(http2_bodies_go_both_ways) {
  ScriptedOrigin origin(echoing());
  const TlsFront front(Mpm::kEvent, "RevProxyPass / " + origin.url("/") + "\n");
  Client client;
  client.useHttp2();
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, kSize}) {
    const Response response = client.post(front.url("/x"), makeContent(size, size));
    BOOST_TEST(response.complete(), response.problem);
    BOOST_TEST(response.httpVersion == 3);
    BOOST_TEST(hashOf(response.body) == hashOfContent(size, size));
  }
}

BOOST_AUTO_TEST_CASE(http2_response_that_breaks_off_does_not_look_complete) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    connection.readRequest();
    connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n");
  });
  TlsFront front(Mpm::kEvent, "RevProxyPass / " + origin.url("/") + "\n");
  Client client;
  client.useHttp2();
  BOOST_TEST(!client.get(front.url("/x")).complete());
  front.httpd.requireLog("closed-early|broken-body");
}

PROXY_TEST(forward_proxy_over_tls) {
  CertificateAuthority authority;
  const Nginx origin(authority.issue("IP:127.0.0.1"), "location / { dav_methods PUT; }");
  ScriptedOrigin clear(echoing());
  const TlsFront front(mpm, "FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\n");
  Client client;
  client.useProxy(front.url(""));
  client.trust(authority.certificateFile());
  const std::string content = makeContent(1, kSize);
  const Response put = client.perform({.url = origin.url("/file"), .method = "PUT", .body = content});
  BOOST_TEST(put.connectStatus == 200, put.problem);
  BOOST_TEST(put.status == 201, put.problem);
  BOOST_TEST(hashOf(client.get(origin.url("/file")).body) == hashOf(content));
  BOOST_TEST(hashOf(client.post(clear.url("/x"), content).body) == hashOf(content));
}

PROXY_TEST(raw_paths_of_http2_are_judged_too) {
  ScriptedOrigin origin(
      ScriptedOrigin::answering([](const OriginRequest& request) { return okResponse(request.target()); }));
  TlsFront front(mpm, "RevProxyPass /raw " + origin.url("/base") + " nocanon\nRevProxyForwarded On\n");
  front.httpd.expectLog("path-refused");
  Client client;
  client.useHttp2();
  BOOST_TEST(client.get(front.url("/raw/%41%7e?%41")).body == "/base/%41%7e?%41");
  BOOST_TEST(client.get(front.url("/raw//x")).status == 400);
  BOOST_TEST(client.get(front.url("/raw/%2e%2e/raw/x")).status == 400);
  BOOST_TEST(origin.onlyRequest().header("Forwarded").value_or("") ==
             "for=127.0.0.1;host=\"127.0.0.1:" + std::to_string(front.port) + "\";proto=https");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
