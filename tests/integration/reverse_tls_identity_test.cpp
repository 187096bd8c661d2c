// Client certificates: a backend that demands one gets the one of its <Location>, and no connection ever serves two.
#include <map>
#include <mutex>
#include <regex>
#include <set>
#include <thread>

#include "tests/integration/support/certificate_authority.h"
#include "tests/integration/support/client.h"
#include "tests/integration/support/nginx.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/tls_host.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(reverse_tls_identity)

namespace {

std::string fileLine(const std::string& directive, const std::filesystem::path& file) {
  return directive + " \"" + file.string() + "\"\n";
}

std::string trustLine(const CertificateAuthority& authority) {
  return fileLine("RevProxyTLSCACertificateFile", authority.certificateFile());
}

std::string identityLines(const Certificate& certificate) {
  return fileLine("RevProxyTLSCertificateFile", certificate.certificateFile) +
         fileLine("RevProxyTLSCertificateKeyFile", certificate.keyFile);
}

std::string location(const std::string& path, const std::string& lines) {
  return "<Location " + path + ">\n" + lines + "</Location>\n";
}

// An nginx that says on which connection it was asked, by whom, and whether the session was resumed.
std::string askingFor(const CertificateAuthority& authority, const std::string& demand) {
  return "ssl_client_certificate \"" + authority.certificateFile().string() + "\";\nssl_verify_client " + demand +
         ";\nlocation / { return 200 \"$connection:$remote_port $ssl_client_s_dn $ssl_session_reused\"; }";
}

struct Seen {
  std::string connection;
  std::string identity;
  bool resumed = false;
};

Seen seenBy(const std::string& body) {
  std::smatch parts;
  // A body of another form passes for an identity that nobody has.
  if (!std::regex_match(body, parts, std::regex(R"((\d+:\d+) (\S*) (r|\.))"))) return {"", body};
  return {parts[1], parts[2], parts[3] == "r"};
}

}  // namespace

// nginx answers 400 by itself, mod_ssl with an alert: in TLS 1.3 behind the handshake.
PROXY_TEST(a_backend_that_demands_a_certificate_gets_the_one_of_the_location) {
  CertificateAuthority authority;
  const Nginx origin(authority.issue("IP:127.0.0.1"), askingFor(authority, "on"));
  Httpd httpd(mpm);
  CertificateAuthority stranger;
  httpd.configure(trustLine(authority) + identityLines(authority.issueToClient("us")) + "RevProxyPass / " +
                  origin.url("/") + "\n" + location("/none", "RevProxyTLSCertificateFile None\n") +
                  location("/other", identityLines(authority.issueToClient("other"))) +
                  location("/strange", identityLines(stranger.issueToClient("strange"))));
  httpd.start();
  Client client;
  BOOST_TEST(seenBy(client.get(httpd.url("/")).body).identity == "CN=us");
  BOOST_TEST(seenBy(client.get(httpd.url("/other")).body).identity == "CN=other");
  for (const std::string path : {"/none", "/strange"}) {
    const Response refused = client.get(httpd.url(path));
    BOOST_TEST(refused.status == 400, path);
    BOOST_TEST(refused.body.find("SSL certificate") != std::string::npos, refused.body);
  }
}

PROXY_TEST(a_certificate_that_the_backend_refuses_is_said_in_the_log) {
  for (const std::string version : {"TLSv1.2", "TLSv1.3"}) BOOST_TEST_CONTEXT(version) {
      Httpd backend(Mpm::kEvent);
      TlsHost host(backend);
      backend.expectLog("ssl:");
      backend.configure("SSLProtocol " + version + "\nSSLVerifyClient require\n" +
                        fileLine("SSLCACertificateFile", host.authority().certificateFile()) + host.configuration());
      backend.start();
      CertificateAuthority stranger;
      Httpd httpd(mpm);
      httpd.configure(trustLine(host.authority()) + "RevProxyPass / " + host.url("/") + "\n" +
                      location("/ours", identityLines(host.authority().issueToClient("us"))) +
                      location("/strange", identityLines(stranger.issueToClient("strange"))));
      httpd.start();
      Client client;
      BOOST_TEST(client.get(httpd.url("/ours")).status == 404);
      BOOST_TEST(client.get(httpd.url("/none")).status == 502);
      BOOST_TEST(client.get(httpd.url("/strange")).status == 502);
      httpd.requireLog(":error\\].*/none.*tls-client-certificate.*none is configured.*RevProxyTLSCertificateFile");
      httpd.requireLog(":error\\].*/strange.*tls-client-certificate.*does not accept");
    }
}

// Each connection belongs to one identity for as long as it lives, and serves that one again and again.
PROXY_TEST(two_identities_never_share_a_connection) {
  constexpr int kClients = 4;
  constexpr int kRounds = 60;
  CertificateAuthority authority;
  const Nginx origin(authority.issue("IP:127.0.0.1"), askingFor(authority, "optional"));
  Httpd httpd(mpm, {.preforkStart = kClients + 2});
  const std::vector<std::string> names = {"one", "two", "none"};
  httpd.configure(trustLine(authority) + "RevProxyPass / " + origin.url("/") + "\n" +
                  location("/one", identityLines(authority.issueToClient("one"))) +
                  location("/two", identityLines(authority.issueToClient("two"))));
  httpd.start();
  std::mutex mutex;
  std::map<std::string, std::set<std::string>> identitiesOf;   // by connection
  std::map<std::string, std::set<std::string>> connectionsOf;  // by identity
  int wrong = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < kClients; ++i)
      clients.emplace_back([&, i] {
        Client client;
        for (int round = 0; round < kRounds; ++round) {
          const std::string& name = names[static_cast<std::size_t>(i + round) % names.size()];
          const std::string body = client.get(httpd.url("/" + name)).body;
          const std::lock_guard lock(mutex);
          const Seen seen = seenBy(body);
          identitiesOf[seen.connection].insert(seen.identity);
          connectionsOf[seen.identity].insert(seen.connection);
          if (seen.identity != (name == "none" ? "" : "CN=" + name)) ++wrong;
        }
      });
  }
  BOOST_TEST(wrong == 0);
  for (const auto& [connection, identities] : identitiesOf) BOOST_TEST(identities.size() == 1U, connection);
  BOOST_TEST(connectionsOf.size() == names.size());
  for (const auto& [identity, connections] : connectionsOf)
    BOOST_TEST(connections.size() < kClients * kRounds / names.size() / 2, identity);
}

PROXY_TEST(a_session_is_resumed_under_its_own_identity_alone) {
  CertificateAuthority authority;
  const Certificate certificate = authority.issue("IP:127.0.0.1");
  for (const std::string version : {"TLSv1.2", "TLSv1.3"}) BOOST_TEST_CONTEXT(version) {
      const Nginx origin(certificate, "ssl_protocols " + version + ";\n" + askingFor(authority, "on"));
      Httpd httpd(mpm, {.children = 1, .threadsPerChild = 25, .preforkStart = 1, .preforkChildren = 1});
      httpd.expectLog("AH00161");
      httpd.configure(trustLine(authority) + "RevProxyPass / " + origin.url("/") + " disablereuse=On\n" +
                      location("/one", identityLines(authority.issueToClient("one"))) +
                      location("/two", identityLines(authority.issueToClient("two"))));
      httpd.start();
      Client client;
      for (int round = 0; round < 4; ++round) {
        for (const std::string name : {"one", "two"}) {
          const Seen seen = seenBy(client.get(httpd.url("/" + name)).body);
          BOOST_TEST(seen.identity == "CN=" + name);
          BOOST_TEST(seen.resumed == (round > 0));
        }
      }
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
