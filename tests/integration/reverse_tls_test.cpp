// TLS to the backend: whom the reverse proxy trusts, what it says when it does not, and that sessions are resumed.
#include <map>

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
  httpd.requireLog(":error\\].*/self-signed.*tls-untrusted.*self[- ]signed.*RevProxyTLSCACertificateFile");
  httpd.requireLog(":error\\].*/wrong-name.*tls-wrong-name.*\\b127\\.0\\.0\\.1\\b.*\\belsewhere\\.test\\b");
  httpd.requireLog(":error\\].*/expired.*tls-expired.*expired.*proxytest server, on ");
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

PROXY_TEST(a_revoked_certificate_is_502) {
  CertificateAuthority authority;
  const Certificate revoked = authority.issue("IP:127.0.0.1");
  const Nginx bad(revoked, kHello);
  const Nginx good(authority.issue("IP:127.0.0.1"), kHello);
  CertificateAuthority stranger;
  Httpd httpd(mpm);
  httpd.configure(trustLine(authority) + "RevProxyTLSCARevocationFile \"" + authority.revoke({revoked}).string() +
                  "\"\nRevProxyPass /good " + good.url("/") + "\nRevProxyPass /bad " + bad.url("/") +
                  "\n<Location /unchecked>\nRevProxyPass " + bad.url("/") +
                  "\nRevProxyTLSCARevocationFile None\n</Location>\n<Location /unlisted>\nRevProxyPass " +
                  good.url("/") + "\nRevProxyTLSCARevocationFile \"" + stranger.revoke({}).string() +
                  "\"\n</Location>\n");
  httpd.start();
  Client client;
  for (int round = 0; round < 2; ++round) {
    BOOST_TEST(client.get(httpd.url("/good")).body.starts_with("hello"));
    BOOST_TEST(client.get(httpd.url("/unchecked")).body.starts_with("hello"));
    BOOST_TEST(client.get(httpd.url("/bad")).status == 502);
    BOOST_TEST(client.get(httpd.url("/unlisted")).status == 502);
  }
  httpd.requireLog(":error\\].*/bad.*tls-revoked");
  httpd.requireLog(":error\\].*/unlisted.*tls-revocation-unknown.*RevProxyTLSCARevocationFile");
}

// The backend chooses its certificate by SNI, and has none for who sends no name.
PROXY_TEST(the_servers_name_can_be_said) {
  CertificateAuthority authority;
  const TemporaryDirectory files;
  for (const std::string name : {"one.test", "two.test"}) {
    const Certificate certificate = authority.issue("DNS:" + name);
    std::filesystem::copy_file(certificate.certificateFile, files.path() / (name + ".crt"));
    std::filesystem::copy_file(certificate.keyFile, files.path() / (name + ".key"));
  }
  const Nginx origin({files.path() / "$ssl_server_name.crt", files.path() / "$ssl_server_name.key"},
                     "location / { return 200 \"$ssl_server_name $connection\"; }");
  Httpd httpd(mpm);
  std::string lines = trustLine(authority) + "RevProxyPass / " + origin.url("/") + "\n";
  for (const std::string name : {"one.test", "two.test", "three.test"})
    lines += "<Location /" + name + ">\nRevProxyTLSServerName " + name + "\n</Location>\n";
  httpd.configure(lines);
  httpd.start();
  Client client;
  std::map<std::string, std::string> nameOf;
  for (int round = 0; round < 5; ++round) {
    for (const std::string name : {"one.test", "two.test"}) {
      const std::string body = client.get(httpd.url("/" + name)).body;
      BOOST_TEST(body.starts_with(name + " "));
      BOOST_TEST(nameOf.emplace(body.substr(name.size()), name).first->second == name);
    }
  }
  BOOST_TEST(nameOf.size() < 10U);
  BOOST_TEST(client.get(httpd.url("/three.test")).status == 502);
  BOOST_TEST(client.get(httpd.url("/nameless")).status == 502);
  httpd.requireLog("/three\\.test.*tls-failed.*three\\.test");
  httpd.requireLog("/nameless.*tls-failed");
}

PROXY_TEST(versions_and_ciphers_that_are_not_shared_are_502) {
  CertificateAuthority authority;
  const Certificate certificate = authority.issue("IP:127.0.0.1");
  const std::string hello = "location / { return 200 \"$ssl_protocol $ssl_cipher\"; }";
  const Nginx old(
      certificate,
      "ssl_protocols TLSv1.2;\nssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384;\n" + hello);
  const Nginx recent(certificate, "ssl_protocols TLSv1.2 TLSv1.3;\n" + hello);
  Httpd httpd(mpm);
  const auto location = [](const std::string& path, const Nginx& origin, const std::string& line) {
    return "<Location " + path + ">\nRevProxyPass " + origin.url("/") + "\n" + line + "\n</Location>\n";
  };
  httpd.configure(trustLine(authority) + location("/old/any", old, "") +
                  location("/old/version", old, "RevProxyTLSMinVersion TLSv1.3") +
                  location("/old/shared", old, "RevProxyTLSCiphers ECDHE-ECDSA-AES256-GCM-SHA384") +
                  location("/old/other", old, "RevProxyTLSCiphers ECDHE-ECDSA-CHACHA20-POLY1305") +
                  location("/new/version", recent, "RevProxyTLSMinVersion tlsv1.3") +
                  location("/new/suite", recent, "RevProxyTLSCipherSuites TLS_CHACHA20_POLY1305_SHA256"));
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/old/any")).body.starts_with("TLSv1.2 "));
  BOOST_TEST(client.get(httpd.url("/old/shared")).body == "TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384");
  BOOST_TEST(client.get(httpd.url("/new/version")).body.starts_with("TLSv1.3 "));
  BOOST_TEST(client.get(httpd.url("/new/suite")).body == "TLSv1.3 TLS_CHACHA20_POLY1305_SHA256");
  BOOST_TEST(client.get(httpd.url("/old/version")).status == 502);
  BOOST_TEST(client.get(httpd.url("/old/other")).status == 502);
  httpd.requireLog("/old/version.*tls-failed.*no TLS version");
  httpd.requireLog("/old/other.*tls-failed.*no cipher");
}

// They were read when the configuration was.
PROXY_TEST(files_that_vanish_are_not_missed) {
  CertificateAuthority authority;
  const Nginx origin(authority.issue("IP:127.0.0.1"), kHello);
  Httpd httpd(mpm, {.preforkStart = 1, .preforkChildren = 8});
  const auto file = httpd.directory().path() / "vanishing.pem";
  std::filesystem::copy_file(authority.certificateFile(), file);
  httpd.configure("RevProxyTLSCACertificateFile vanishing.pem\nRevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  std::filesystem::remove(file);
  Client client;
  BOOST_TEST(client.get(httpd.url("/")).body.starts_with("hello"));
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
