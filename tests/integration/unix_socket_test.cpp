// Backends on Unix sockets: real nginx behind them, what the log says when they fail, and that no client chooses one.
#include <filesystem>
#include <fstream>

#include "tests/integration/support/certificate_authority.h"
#include "tests/integration/support/client.h"
#include "tests/integration/support/content.h"
#include "tests/integration/support/nginx.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/unix_listener.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(unix_socket)

namespace {

constexpr const char* kShowHost = "location / { return 200 \"$host $request_uri $scheme\"; }";

std::string pass(const std::string& path, const std::filesystem::path& socket, const std::string& url) {
  return "RevProxyPass " + path + " \"unix:" + socket.string() + "|" + url + "\"\n";
}

// For nginx's server block.
std::string listenOn(const std::filesystem::path& socket, const std::string& parameters = "") {
  return "listen \"unix:" + socket.string() + "\"" + parameters + ";\n";
}

}  // namespace

PROXY_TEST(requests_reach_the_socket_with_the_urls_name_as_host) {
  const TemporaryDirectory sockets;
  const auto socket = sockets.path() / "app.sock";
  const Nginx origin(listenOn(socket) + kShowHost);
  Httpd httpd(mpm);
  httpd.configure(pass("/app", socket, "http://name.test:8080/base") +
                  "<Location /kept>\nRevProxyPreserveHost On\nRevProxyPass \"unix:" + socket.string() +
                  "|http://name.test/\"\n</Location>\n");
  httpd.start();
  Client client;
  for (int count = 0; count < 20; ++count)
    BOOST_TEST(client.get(httpd.url("/app/x?y")).body == "name.test /base/x?y http");
  BOOST_TEST(client.get(httpd.url("/kept/x"), {"Host: asked.test"}).body == "asked.test /x http");
}

PROXY_TEST(a_path_may_have_spaces_and_odd_bytes) {
  const TemporaryDirectory sockets;
  const auto socket = sockets.path() / "an odd n\xc3\xa4me;#{}.sock";
  const Nginx origin(listenOn(socket) + kShowHost);
  Httpd httpd(mpm);
  httpd.configure(pass("/app", socket, "http://name.test/"));
  httpd.start();
  BOOST_TEST(Client().get(httpd.url("/app/x")).body == "name.test /x http");
}

PROXY_TEST(tls_is_spoken_over_a_socket_and_verifies_the_urls_name) {
  const TemporaryDirectory sockets;
  const auto socket = sockets.path() / "tls.sock";
  CertificateAuthority authority;
  const Nginx origin(authority.issue("DNS:name.test"), listenOn(socket, " ssl") + kShowHost);
  Httpd httpd(mpm);
  httpd.configure("RevProxyTLSCACertificateFile \"" + authority.certificateFile().string() + "\"\n" +
                  pass("/good", socket, "https://name.test/") + pass("/bad", socket, "https://other.test/"));
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/good/x")).body == "name.test /x https");
  BOOST_TEST(client.get(httpd.url("/bad/x")).status == 502);
  BOOST_TEST(client.get(httpd.url("/good/x")).body == "name.test /x https");
  httpd.requireLog("tls-wrong-name.*other\\.test");
}

PROXY_TEST(large_bodies_come_whole) {
  constexpr std::uint64_t kSize = 20'000'000;
  const TemporaryDirectory sockets;
  const auto socket = sockets.path() / "app.sock";
  const Nginx origin(listenOn(socket));
  const std::string content = makeContent(1, kSize);
  { std::ofstream(origin.documentRoot() / "large", std::ios::binary) << content; }
  Httpd httpd(mpm);
  httpd.configure(pass("/", socket, "http://name.test/"));
  httpd.start();
  const Response response = Client().get(httpd.url("/large"));
  BOOST_TEST(response.complete());
  BOOST_TEST((response.body == content));
}

// Two sockets with one URL are two backends.
PROXY_TEST(sockets_tell_connections_apart) {
  const TemporaryDirectory sockets;
  const Nginx one(listenOn(sockets.path() / "one") + "location / { return 200 one; }");
  const Nginx other(listenOn(sockets.path() / "other") + "location / { return 200 other; }");
  Httpd httpd(mpm);
  httpd.configure(pass("/one", sockets.path() / "one", "http://name.test/") +
                  pass("/other", sockets.path() / "other", "http://name.test/"));
  httpd.start();
  Client client;
  for (int count = 0; count < 5; ++count) {
    BOOST_TEST(client.get(httpd.url("/one")).body == "one");
    BOOST_TEST(client.get(httpd.url("/other")).body == "other");
  }
}

PROXY_TEST(what_is_wrong_with_a_socket_is_said) {
  const TemporaryDirectory sockets;
  { const UnixListener gone(sockets.path() / "left"); }
  std::filesystem::permissions(sockets.path() / "left", std::filesystem::perms::all);
  const UnixListener closed(sockets.path() / "closed");
  std::filesystem::permissions(sockets.path() / "closed", std::filesystem::perms::none);
  Httpd httpd(mpm);
  httpd.configure(pass("/none", sockets.path() / "none", "http://name.test/") +
                  pass("/left", sockets.path() / "left", "http://name.test/") +
                  pass("/closed", sockets.path() / "closed", "http://name.test/"));
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/none")).status == 503);
  httpd.requireLog("refused: no connection to unix:.*/none \\(there is no such socket\\)");
  BOOST_TEST(client.get(httpd.url("/left")).status == 503);
  httpd.requireLog("refused: no connection to unix:.*/left \\(nobody listens");
  const Response response = client.get(httpd.url("/closed"));
  BOOST_TEST(response.status == 503);
  BOOST_TEST(response.body.find(sockets.path().string()) == std::string::npos);
  httpd.requireLog("permission-denied: no connection to unix:.*/closed \\(permission denied\\)");
  BOOST_TEST(!closed.hasCaller());
}

namespace {

// Ways in which somebody might try to name a socket, mod_proxy's own among them.
std::vector<std::string> waysToName(const std::string& socket) {
  const std::string plain = "unix:" + socket + "|http://name.test/";
  std::string encoded = plain;
  encoded.replace(encoded.find('|'), 1, "%7C");
  std::vector<std::string> ways;
  for (const std::string& form : {plain, encoded})
    for (const std::string before :
         {"", "/", "/app/", "/app?", "http://", "http://name.test/", "http://name.test|", "proxy:", "proxy:http://",
          "revproxy:", "fwdproxy:", "/app/..;/", "http://user@", "UNIX:"})
      ways.push_back(before + form);
  ways.insert(ways.end(), {"unix:" + socket, "unix://" + socket, "http://unix:" + socket, "http+unix:" + socket,
                           "http+unix://" + socket + "/", "http://unix:" + socket + "|/", "unix:" + socket + ":80"});
  return ways;
}

void ask(int port, const std::string& method, const std::string& target, const std::string& host) {
  RawClient client(port);
  client.send(method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
  client.finishSending();
  const auto ending = client.readToEnd();
  BOOST_TEST(!ending.timedOut, method << " " << target << " with Host " << host);
}

}  // namespace

PROXY_TEST(no_client_chooses_a_socket) {
  const TemporaryDirectory sockets;
  const auto trapPath = sockets.path() / "trap";
  const UnixListener trap(trapPath);
  std::filesystem::permissions(trapPath, std::filesystem::perms::all);
  ScriptedOrigin origin(showingHeads());
  Httpd httpd(mpm);
  httpd.expectLog(":(warn|error)\\]");
  const int forward = httpd.addPort();
  httpd.configure("RevProxyPreserveHost On\nRevProxyConnectTimeout 1s\nRevProxyPass /app " + origin.url("/") + "\n" +
                  pass("/socket", trapPath, "http://name.test/") +
                  "\n<VirtualHost 127.0.0.1:" + std::to_string(forward) +
                  ">\nFwdProxyRequests On\nFwdProxyAllow *:1-65535\nFwdProxyPrivateNetworks 127.0.0.0/8\n"
                  "FwdProxyConnectTimeout 500ms\n</VirtualHost>\n");
  httpd.start();
  for (const int port : {httpd.port(), forward}) {
    for (const std::string& way : waysToName(trapPath.string())) {
      for (const std::string method : {"GET", "CONNECT", "OPTIONS"}) ask(port, method, way, "name.test");
      ask(port, "GET", "/app/x", way);
      ask(port, "GET", "http://127.0.0.1:" + std::to_string(origin.port()) + "/", way);
    }
  }
  BOOST_TEST(Client().get(httpd.url("/app/x")).status == 200);
  BOOST_TEST(!trap.hasCaller());
  // The trap works.
  RawClient mapped(httpd.port());
  mapped.send("GET /socket HTTP/1.1\r\nHost: name.test\r\n\r\n");
  BOOST_TEST(waitUntil([&] { return trap.hasCaller(); }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
