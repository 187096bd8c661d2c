// RevProxyForwarded: what the backend is told of the client in the field of RFC 7239.
#include "tests/integration/support/certificate_authority.h"
#include "tests/integration/support/client.h"
#include "tests/integration/support/http_text.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(forwarded_field)

namespace {

// The Forwarded field that the backend gets for these header lines of a client.
std::string seenFor(const Httpd& httpd, const std::string& lines) {
  RawClient client(httpd.port());
  client.send("GET /x HTTP/1.1\r\n" + lines + "\r\n");
  const std::string head = client.readHead();
  const auto length = headerValue(parseHeaders(head), "Content-Length").value_or("0");
  const HeaderList seen = parseHeaders(client.readExactly(std::stoul(length)));
  const auto all = headerValues(seen, "Forwarded");
  return all.size() == 1 ? all.front() : std::to_string(all.size()) + " fields";
}

}  // namespace

PROXY_TEST(off_passes_on_what_came) {
  ScriptedOrigin origin(showingHeads());
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  BOOST_TEST(seenFor(httpd, "Host: a.test\r\n") == "0 fields");
  BOOST_TEST(seenFor(httpd, "Host: a.test\r\nForwarded: for=192.0.2.1\r\n") == "for=192.0.2.1");
}

PROXY_TEST(a_client_cannot_speak_for_itself) {
  ScriptedOrigin origin(showingHeads());
  Httpd httpd(mpm);
  httpd.configure("RevProxyForwarded On\nRevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  const std::string own = "for=127.0.0.1;host=a.test;proto=http";
  BOOST_TEST(seenFor(httpd, "Host: a.test\r\n") == own);
  BOOST_TEST(seenFor(httpd, "Host: a.test\r\nForwarded: for=192.0.2.1\r\nforwarded: for=192.0.2.2\r\n") == own);
  BOOST_TEST(seenFor(httpd, "Host: a.test\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b.test\r\n") == own);
  BOOST_TEST(seenFor(httpd, "Host: a.test\r\nConnection: forwarded, x-forwarded-for\r\nForwarded: for=\"x\r\n") == own);
  BOOST_TEST(seenFor(httpd, "Host: [2001:db8::1]:81\r\n") == "for=127.0.0.1;host=\"[2001:db8::1]:81\";proto=http");
}

PROXY_TEST(full_tells_of_ports_and_of_this_server) {
  ScriptedOrigin origin(showingHeads());
  Httpd httpd(mpm);
  httpd.configure("RevProxyForwarded Full\nRevProxyAddHeaders Off\nRevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  const std::string seen = seenFor(httpd, "Host: a.test\r\n");
  BOOST_TEST(seen.starts_with("for=\"127.0.0.1:"), seen);
  const std::string end = ";by=\"127.0.0.1:" + std::to_string(httpd.port()) + "\";host=a.test;proto=http";
  BOOST_TEST(seen.ends_with(end), seen);
}

// httpd refuses the worst Hosts itself (HttpProtocolOptions); what it lets through stays inside its quotes.
PROXY_TEST(a_hostile_host_breaks_nothing) {
  ScriptedOrigin origin(showingHeads());
  Httpd httpd(mpm);
  httpd.configure("HttpProtocolOptions Unsafe\nRevProxyForwarded On\nRevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  const std::vector<std::pair<std::string, std::string>> hosts{{"a\";for=\"10.0.0.1", "\"a\\\";for=\\\"10.0.0.1\""},
                                                               {"a;for=10.0.0.1", "\"a;for=10.0.0.1\""},
                                                               {"a, for=10.0.0.1", "\"a, for=10.0.0.1\""},
                                                               {"\"", "\"\\\"\""},
                                                               {"a\tb", "\"a\tb\""}};
  for (const auto& [host, written] : hosts) {
    const std::string seen = seenFor(httpd, "Host: " + host + "\r\n");
    BOOST_TEST(seen == "for=127.0.0.1;host=" + written + ";proto=http");
  }
  BOOST_TEST(seenFor(httpd, "Host: a.test\r\n") == "for=127.0.0.1;host=a.test;proto=http");
}

// mod_remoteip has taken the client's address from the peer: so the peer is one whose fields are believed.
PROXY_TEST(what_a_trusted_front_says_is_appended_to) {
  ScriptedOrigin origin(showingHeads());
  Httpd httpd(mpm);
  httpd.loadModule("remoteip");
  httpd.configure(
      "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1\nRevProxyForwarded On\n"
      "RevProxyPass / " +
      origin.url("/") + "\n");
  httpd.start();
  const std::string front = "Host: inner.test\r\nX-Forwarded-For: 2001:db8::7\r\n";
  BOOST_TEST(seenFor(httpd, front) == "for=\"[2001:db8::7]\";host=inner.test;proto=http");
  BOOST_TEST(seenFor(httpd, front + "X-Forwarded-Proto: https\r\nX-Forwarded-Host: outer.test:8443\r\n") ==
             "for=\"[2001:db8::7]\";host=\"outer.test:8443\";proto=https");
  BOOST_TEST(seenFor(httpd, front + "Forwarded: for=192.0.2.9;proto=https\r\nForwarded: for=_hidden\r\n") ==
             "for=192.0.2.9;proto=https, for=_hidden, for=\"[2001:db8::7]\";host=inner.test;proto=http");
  // Not one that would swallow ours.
  BOOST_TEST(seenFor(httpd, front + "Forwarded: for=\"192.0.2.9\r\n") ==
             "for=\"[2001:db8::7]\";host=inner.test;proto=http");
  BOOST_TEST(seenFor(httpd, "Host: inner.test\r\nForwarded: for=192.0.2.9\r\n") ==
             "for=127.0.0.1;host=inner.test;proto=http");
}

PROXY_TEST(the_scheme_is_the_clients) {
  ScriptedOrigin origin(showingHeads());
  CertificateAuthority authority;
  const Certificate certificate = authority.issue("DNS:httpd.test");
  Httpd httpd(mpm);
  const int port = httpd.addPort();
  httpd.loadModule("ssl");
  httpd.expectLog("AH01873");  // no session cache
  httpd.configure("RevProxyForwarded On\nRevProxyPass / " + origin.url("/") +
                  "\n<VirtualHost *:" + std::to_string(port) + ">\nSSLEngine On\nSSLCertificateFile \"" +
                  certificate.certificateFile.string() + "\"\nSSLCertificateKeyFile \"" + certificate.keyFile.string() +
                  "\"\n</VirtualHost>\n");
  httpd.start();
  Client client;
  const Response response = client.get("https://127.0.0.1:" + std::to_string(port) + "/", {"Host: a.test"});
  BOOST_TEST(headerValue(parseHeaders(response.body), "Forwarded").value_or("") ==
             "for=127.0.0.1;host=a.test;proto=https");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
