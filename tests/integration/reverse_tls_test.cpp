// TLS to the backend: whom the reverse proxy trusts, what it says when it does not, and that sessions are resumed.
#include "tests/integration/support/certificate_authority.h"
#include "tests/integration/support/client.h"
#include "tests/integration/support/content.h"
#include "tests/integration/support/nginx.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(reverse_tls)

namespace {

constexpr const char* kHello = "location / { return 200 \"hello $ssl_session_reused\"; }";

std::string trustLine(const CertificateAuthority& authority) {
  return "RevProxyTLSCACertificateFile \"" + authority.certificateFile().string() + "\"\n";
}

}  // namespace

PROXY_TEST(trusted_certificates_are_accepted) {
  CertificateAuthority authority;
  const Nginx byAddress(authority.issue("IP:127.0.0.1"), kHello);
  const Nginx byName(authority.issue("DNS:localhost"), kHello);
  Httpd httpd(mpm);
  httpd.configure(trustLine(authority) + "RevProxyPass /address " + byAddress.url("/") +
                  "\nRevProxyPass /name https://localhost:" + std::to_string(byName.port()) + "/\n");
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/address")).body.starts_with("hello"));
  BOOST_TEST(client.get(httpd.url("/name")).body.starts_with("hello"));
}

PROXY_TEST(untrusted_certificates_are_502) {
  CertificateAuthority authority;
  const Nginx selfSigned(authority.makeSelfSigned("IP:127.0.0.1"), kHello);
  const Nginx wrongName(authority.issue("DNS:elsewhere.test"), kHello);
  const Nginx expired(authority.issueExpired("IP:127.0.0.1"), kHello);
  Httpd httpd(mpm);
  httpd.configure(trustLine(authority) + "RevProxyPass /self-signed " + selfSigned.url("/") +
                  "\nRevProxyPass /wrong-name " + wrongName.url("/") + "\nRevProxyPass /expired " + expired.url("/") +
                  "\n");
  httpd.start();
  Client client;
  for (const std::string path : {"/self-signed", "/wrong-name", "/expired"}) {
    const Response response = client.get(httpd.url(path));
    BOOST_TEST(response.status == 502, path);
    BOOST_TEST(response.body.find("hello") == std::string::npos);
  }
  httpd.requireLog("tls-untrusted.*self[- ]signed");
  httpd.requireLog("tls-untrusted.*(name|address|host|IP)");
  httpd.requireLog("tls-untrusted.*expired");
}

PROXY_TEST(the_systems_authorities_do_not_include_the_tests) {
  CertificateAuthority authority;
  const Nginx origin(authority.issue("IP:127.0.0.1"), kHello);
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/")).status == 502);
  httpd.requireLog("tls-untrusted");
}

PROXY_TEST(verification_can_be_turned_off_and_that_is_logged) {
  CertificateAuthority authority;
  const Nginx origin(authority.makeSelfSigned("DNS:elsewhere.test"), kHello);
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + origin.url("/") + "\n<Location /careless>\nRevProxyTLSVerify Off\n</Location>\n");
  httpd.start();
  httpd.requireLog(":warn\\].*RevProxyTLSVerify");
  Client client;
  BOOST_TEST(client.get(httpd.url("/careless")).body.starts_with("hello"));
  // A connection made without verification is none for a request that asks for it.
  BOOST_TEST(client.get(httpd.url("/careful")).status == 502);
  httpd.requireLog("tls-untrusted");
}

PROXY_TEST(sessions_are_resumed) {
  CertificateAuthority authority;
  const Certificate certificate = authority.issue("IP:127.0.0.1");
  for (const std::string version : {"TLSv1.2", "TLSv1.3"}) {
    const Nginx origin(certificate, "ssl_protocols " + version + ";\n" + kHello);
    Httpd httpd(mpm, {.children = 1, .threadsPerChild = 25, .preforkStart = 1, .preforkChildren = 1});
    httpd.expectLog("AH00161");
    httpd.configure(trustLine(authority) + "RevProxyPass / " + origin.url("/") + " disablereuse=On\n");
    httpd.start();
    Client client;
    BOOST_TEST_CONTEXT(version) {
      BOOST_TEST(client.get(httpd.url("/")).body == "hello .");
      for (int round = 0; round < 3; ++round) BOOST_TEST(client.get(httpd.url("/")).body == "hello r");
    }
    BOOST_TEST(origin.acceptedConnections() == 4U);
  }
}

PROXY_TEST(tls_connections_are_reused) {
  CertificateAuthority authority;
  const Nginx origin(authority.issue("IP:127.0.0.1"), kHello);
  Httpd httpd(mpm, {.children = 1, .threadsPerChild = 25, .preforkStart = 1, .preforkChildren = 1});
  httpd.expectLog("AH00161");
  httpd.configure(trustLine(authority) + "RevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  Client client;
  for (int round = 0; round < 5; ++round) BOOST_TEST(client.get(httpd.url("/")).body.starts_with("hello"));
  BOOST_TEST(origin.acceptedConnections() == 1U);
}

PROXY_TEST(large_bodies_go_both_ways) {
  constexpr std::uint64_t kSize = 20'000'000;
  CertificateAuthority authority;
  const Nginx origin(authority.issue("IP:127.0.0.1"), "location / { dav_methods PUT; create_full_put_path on; }");
  Httpd httpd(mpm);
  httpd.configure(trustLine(authority) + "RevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  Client client;
  ContentStream upload(7, kSize);
  const Response put =
      client.perform({.url = httpd.url("/file"),
                      .method = "PUT",
                      .upload = [&](char* buffer, std::size_t capacity) { return upload.read(buffer, capacity); },
                      .uploadSize = kSize});
  BOOST_TEST(put.status == 201);
  BOOST_TEST(hashOf(client.get(httpd.url("/file")).body) == hashOfContent(7, kSize));
}

PROXY_TEST(a_backend_that_speaks_no_tls_is_502) {
  const ScriptedOrigin origin(
      [](OriginConnection& connection) { connection.write("220 this is another protocol\r\n"); });
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / https://127.0.0.1:" + std::to_string(origin.port()) + "/\n");
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/")).status == 502);
  httpd.requireLog("tls-failed");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
