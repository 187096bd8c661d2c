// Parent proxies: a real Squid that wants credentials and alone knows the origin's name, and scripted ones that show
// which identity a connection was made under.
#include "tests/integration/support/certificate_authority.h"
#include "tests/integration/support/client.h"
#include "tests/integration/support/nginx.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/squid.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(parent_proxy)

namespace {

constexpr const char* kHello = "location / { return 200 \"hello from $host\"; }";
constexpr const char* kNames = "127.0.0.1 origin.test\n";
constexpr const char* kPassword = "geheim";

std::string throughSquid(const Squid& squid, const std::string& password = kPassword) {
  return "http://us%20er:" + password + "@" + squid.authority();
}

void expectNoSecret(const Httpd& httpd) {
  BOOST_TEST(httpd.errorLog().text().find(kPassword) == std::string::npos);
}

}  // namespace

PROXY_TEST(a_backend_is_reached_through_squid) {
  CertificateAuthority authority;
  const Nginx secure(authority.issue("DNS:origin.test"), kHello);
  const Nginx clear(kHello);
  const Squid squid("us er", kPassword, kNames);
  Httpd httpd(mpm);
  httpd.configure("RevProxyRemote " + throughSquid(squid) + "\nRevProxyTLSCACertificateFile \"" +
                  authority.certificateFile().string() +
                  "\"\nRevProxyPass /secure https://origin.test:" + std::to_string(secure.port()) +
                  "/\nRevProxyPass /clear http://origin.test:" + std::to_string(clear.port()) +
                  "/\n<Location /direct>\nRevProxyRemote None\nRevProxyPass " + clear.url("/") + "\n</Location>\n");
  httpd.start();
  Client client;
  for (int count = 0; count < 3; ++count) {
    BOOST_TEST(client.get(httpd.url("/secure/x")).body == "hello from origin.test");
    BOOST_TEST(client.get(httpd.url("/clear/x")).body == "hello from origin.test");
    BOOST_TEST(client.get(httpd.url("/direct/x")).body == "hello from 127.0.0.1");
  }
  httpd.stop();
  BOOST_TEST(waitUntil([&] { return squid.accessLog().find("CONNECT origin.test:") != std::string::npos; }));
  BOOST_TEST(squid.accessLog().find("CONNECT 127.0.0.1:") == std::string::npos);
  expectNoSecret(httpd);
}

PROXY_TEST(what_squid_refuses_is_502_and_says_why) {
  const Nginx origin(kHello);
  const Squid squid("us er", kPassword, kNames);
  Httpd httpd(mpm);
  const std::string backend = "RevProxyPass http://origin.test:" + std::to_string(origin.port()) + "/\n</Location>\n";
  httpd.configure("<Location /wrong>\nRevProxyRemote " + throughSquid(squid, "geheimer") + "\n" + backend +
                  "<Location /without>\nRevProxyRemote http://" + squid.authority() + "\n" + backend +
                  "<Location /unknown>\nRevProxyRemote " + throughSquid(squid) +
                  "\nRevProxyPass http://no-such-host.invalid/\n</Location>\n");
  httpd.start();
  Client client;
  for (const std::string path : {"/wrong", "/without", "/unknown"}) {
    const Response response = client.get(httpd.url(path));
    BOOST_TEST(response.status == 502, path);
    BOOST_TEST(!response.header("Proxy-Authenticate").has_value());
    BOOST_TEST(response.body.find(squid.authority()) == std::string::npos);
  }
  httpd.requireLog("parent-refused: the parent proxy " + squid.authority() +
                   ".*answers 407, it rejects the credentials");
  httpd.requireLog("parent-refused.*answers 407, it wants credentials");
  httpd.requireLog("parent-refused.*no-such-host\\.invalid:80 \\(it answers 50");
  expectNoSecret(httpd);
}

PROXY_TEST(a_forward_proxy_goes_through_squid_and_still_judges) {
  CertificateAuthority authority;
  const Nginx origin(authority.issue("DNS:origin.test"), kHello);
  const Nginx clear(kHello);
  const Squid squid("us er", kPassword, kNames);
  Httpd httpd(mpm);
  httpd.expectLog("destination-denied");
  httpd.expectLog("address-refused");
  httpd.configure("FwdProxyRequests On\nFwdProxyRemote " + throughSquid(squid) +
                  "\nFwdProxyAllow origin.test:1024-65535 0.0.0.0/0:5000\n");
  httpd.start();
  Client client;
  client.useProxy(httpd.proxyUrl());
  client.setTimeout(kPatience);
  BOOST_TEST(client.get("http://origin.test:" + std::to_string(clear.port()) + "/").body == "hello from origin.test");
  BOOST_TEST(client.get("https://origin.test:" + std::to_string(origin.port()) + "/").body == "hello from origin.test");
  BOOST_TEST(client.get("http://other.test:" + std::to_string(clear.port()) + "/").status == 403);
  BOOST_TEST(client.get("http://127.0.0.1:5000/").status == 403);
  BOOST_TEST(client.get("https://127.0.0.1:5000/").connectStatus == 403);
  httpd.requireLog("address-refused: .*127\\.0\\.0\\.1 is in 127\\.0\\.0\\.0/8");
  httpd.stop();
  BOOST_TEST(waitUntil([&] { return squid.accessLog().find("CONNECT origin.test:") != std::string::npos; }));
  BOOST_TEST(squid.accessLog().find("other.test") == std::string::npos);
  BOOST_TEST(squid.accessLog().find("127.0.0.1:5000") == std::string::npos);
  expectNoSecret(httpd);
}

namespace {

// A parent and all origins behind it: what comes through a tunnel is answered with the number of the connection and the
// credentials that its tunnel was opened with.
ScriptedOrigin::Script tellingIdentities() {
  return [](OriginConnection& connection) {
    const auto identity = headerValue(parseHeaders(connection.readHead()), "Proxy-Authorization").value_or("nobody");
    connection.write("HTTP/1.1 200 OK\r\n\r\n");
    while (connection.readRequest()) connection.write(okResponse(identity + "@" + std::to_string(connection.number())));
  };
}

std::string parentUrl(const ScriptedOrigin& parent, const std::string& credentials) {
  return "http://" + credentials + "127.0.0.1:" + std::to_string(parent.port());
}

struct Identity {
  std::string credentials;
  std::string header;
};
const std::vector<Identity> kIdentities = {
    {"one:x@", "Basic b25lOng="}, {"two:x@", "Basic dHdvOng="}, {"one:y@", "Basic b25lOnk="}, {"", "nobody"}};

}  // namespace

PROXY_TEST(identities_at_a_parent_never_share_a_connection_to_a_backend) {
  ScriptedOrigin parent(tellingIdentities());
  HttpdLimits limits;
  limits.preforkStart = limits.preforkChildren = 1;
  Httpd httpd(mpm, limits);
  httpd.expectLog(kAllTaken);
  std::string site;
  for (std::size_t index = 0; index < kIdentities.size(); ++index)
    site += "<Location /" + std::to_string(index) + ">\nRevProxyRemote " +
            parentUrl(parent, kIdentities[index].credentials) + "\nRevProxyPass http://origin.test/\n</Location>\n";
  httpd.configure(site);
  httpd.start();
  Client client;
  for (int round = 0; round < 5; ++round)
    for (std::size_t index = 0; index < kIdentities.size(); ++index)
      BOOST_TEST(client.get(httpd.url("/" + std::to_string(index))).body.starts_with(kIdentities[index].header + "@"));
  // Each has one of its own, that is used again.
  BOOST_TEST(parent.connections() == kIdentities.size());
}

PROXY_TEST(identities_at_a_parent_never_share_a_connection_to_a_destination) {
  ScriptedOrigin parent(tellingIdentities());
  HttpdLimits limits;
  limits.preforkStart = limits.preforkChildren = 1;
  Httpd httpd(mpm, limits);
  httpd.expectLog(kAllTaken);
  std::vector<int> ports;
  std::string site;
  for (const Identity& identity : kIdentities) {
    ports.push_back(httpd.addPort());
    site += "<VirtualHost 127.0.0.1:" + std::to_string(ports.back()) +
            ">\nFwdProxyRequests On\nFwdProxyAllow origin.test\nFwdProxyRemote " +
            parentUrl(parent, identity.credentials) + "\n</VirtualHost>\n";
  }
  httpd.configure(site);
  httpd.start();
  for (int round = 0; round < 5; ++round)
    for (std::size_t index = 0; index < ports.size(); ++index) {
      Client client;
      client.useProxy("http://127.0.0.1:" + std::to_string(ports[index]));
      BOOST_TEST(client.get("http://origin.test/").body.starts_with(kIdentities[index].header + "@"));
    }
  BOOST_TEST(parent.connections() == kIdentities.size());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
