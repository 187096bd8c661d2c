// CONNECT through the forward proxy: bytes both ways as they are, whoever speaks first, and the answers when there is
// no tunnel.
#include <future>

#include "tests/integration/support/certificate_authority.h"
#include "tests/integration/support/client.h"
#include "tests/integration/support/content.h"
#include "tests/integration/support/nginx.h"
#include "tests/integration/support/port.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(forward_connect)

namespace {

constexpr const char* kOpen = "FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\n";

std::string connectHead(int port) {
  const std::string authority = "127.0.0.1:" + std::to_string(port);
  return "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n";
}

// Sends back what comes, until the other side has no more to say.
void echo(OriginConnection& connection) {
  while (true) connection.write(connection.readExactly(1));
}

}  // namespace

PROXY_TEST(tls_through_a_tunnel) {
  constexpr std::uint64_t kSize = 10'000'000;
  CertificateAuthority authority;
  const Nginx origin(authority.issue("IP:127.0.0.1"), "location / { dav_methods PUT; create_full_put_path on; }");
  Httpd httpd(mpm);
  httpd.configure(kOpen);
  httpd.start();
  Client client;
  client.useProxy(httpd.proxyUrl());
  client.trust(authority.certificateFile());
  ContentStream upload(3, kSize);
  const Response put =
      client.perform({.url = origin.url("/file"),
                      .method = "PUT",
                      .upload = [&](char* buffer, std::size_t capacity) { return upload.read(buffer, capacity); },
                      .uploadSize = kSize});
  BOOST_TEST(put.connectStatus == 200);
  BOOST_TEST(put.status == 201, put.problem);
  const Response get = client.get(origin.url("/file"));
  BOOST_TEST(hashOf(get.body) == hashOfContent(3, kSize));
  BOOST_TEST(get.newConnections == 0);
  BOOST_TEST(origin.acceptedConnections() == 1U);
}

PROXY_TEST(answer_to_connect_has_no_body) {
  ScriptedOrigin origin(echo);
  Httpd httpd(mpm);
  httpd.configure(kOpen);
  httpd.start();
  RawClient client(httpd.port());
  client.send(connectHead(origin.port()));
  const std::string head = client.readHead();
  BOOST_TEST(head.starts_with("HTTP/1."));
  BOOST_TEST(head.substr(9, 3) == "200");
  BOOST_TEST(!headerValue(parseHeaders(head), "Content-Length").has_value());
  BOOST_TEST(!headerValue(parseHeaders(head), "Transfer-Encoding").has_value());
  client.send("ping");
  BOOST_TEST(client.readExactly(4) == "ping");
}

PROXY_TEST(bytes_sent_along_with_the_head_are_not_lost) {
  ScriptedOrigin origin(echo);
  Httpd httpd(mpm);
  httpd.configure(kOpen);
  httpd.start();
  RawClient client(httpd.port());
  client.send(connectHead(origin.port()) + "early bytes\r\n\r\n");
  client.readHead();
  BOOST_TEST(client.readExactly(15) == "early bytes\r\n\r\n");
  client.send("later bytes");
  BOOST_TEST(client.readExactly(11) == "later bytes");
}

PROXY_TEST(origin_may_speak_first) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    connection.write("220 ready\r\n");
    echo(connection);
  });
  Httpd httpd(mpm);
  httpd.configure(kOpen);
  httpd.start();
  RawClient client(httpd.port());
  client.send(connectHead(origin.port()));
  client.readHead();
  BOOST_TEST(client.readExactly(11) == "220 ready\r\n");
  client.send("x");
  BOOST_TEST(client.readExactly(1) == "x");
}

PROXY_TEST(origin_that_closes_ends_the_tunnel_after_its_last_byte) {
  const std::string content = makeContent(5, 3'000'000);
  ScriptedOrigin origin([&](OriginConnection& connection) { connection.write(content); });
  Httpd httpd(mpm);
  httpd.configure(kOpen);
  httpd.start();
  RawClient client(httpd.port());
  client.send(connectHead(origin.port()));
  client.readHead();
  const RawClient::Ending rest = client.readToEnd();
  BOOST_TEST(hashOf(rest.data) == hashOf(content));
  BOOST_TEST(!rest.timedOut);
}

PROXY_TEST(client_that_has_no_more_to_send_still_gets_the_answer) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    connection.readExactly(8);
    if (connection.waitForClose()) connection.write("the answer");
  });
  Httpd httpd(mpm);
  httpd.configure(kOpen);
  httpd.start();
  RawClient client(httpd.port());
  client.send(connectHead(origin.port()));
  client.readHead();
  client.send("question");
  client.finishSending();
  BOOST_TEST(client.readToEnd().data == "the answer");
}

PROXY_TEST(client_that_goes_away_closes_the_tunnel) {
  std::promise<void> closed;
  ScriptedOrigin origin([&](OriginConnection& connection) {
    connection.write("x");
    if (connection.waitForClose()) closed.set_value();
  });
  Httpd httpd(mpm);
  httpd.configure(kOpen);
  httpd.start();
  RawClient client(httpd.port());
  client.send(connectHead(origin.port()));
  client.readHead();
  client.readExactly(1);
  client.close();
  BOOST_TEST((closed.get_future().wait_for(kPatience) == std::future_status::ready));
}

// Whatever ends a tunnel, what came through it is all that the client ever sees.
PROXY_TEST(silent_tunnel_ends_without_a_word) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    connection.write("last word");
    connection.waitForClose();
  });
  Httpd httpd(mpm);
  httpd.configure(std::string(kOpen) + "FwdProxyTimeout 300ms\n");
  httpd.start();
  RawClient client(httpd.port());
  client.send(connectHead(origin.port()));
  client.readHead();
  const RawClient::Ending rest = client.readToEnd();
  BOOST_TEST(rest.data == "last word");
  BOOST_TEST(!rest.timedOut);
}

PROXY_TEST(no_tunnel_where_none_is_allowed) {
  ScriptedOrigin origin(echo);
  Httpd httpd(mpm);
  httpd.configure("FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-1000 localhost:1-65535\n");
  httpd.start();
  RawClient client(httpd.port());
  client.send(connectHead(origin.port()));
  const std::string head = client.readHead();
  BOOST_TEST(head.substr(9, 3) == "403");
  const std::size_t size = std::stoul(headerValue(parseHeaders(head), "Content-Length").value_or("0"));
  BOOST_TEST(size < 2000U);
  httpd.requireLog("127\\.0\\.0\\.1:" + std::to_string(origin.port()) + "\\b.*destination-denied");
  Client byName;
  byName.useProxy(httpd.proxyUrl());
  byName.tunnelAlways();
  BOOST_TEST(byName.get("http://localhost:" + std::to_string(origin.port()) + "/").connectStatus == 403);
  httpd.requireLog("address-refused");
  BOOST_TEST(origin.connections() == 0U);
}

PROXY_TEST(destinations_that_fail) {
  const RefusingPort refusing;
  const SilentPort silent;
  Httpd httpd(mpm);
  httpd.configure(std::string(kOpen) + "FwdProxyAllow *.invalid\nFwdProxyConnectTimeout 300ms\n");
  httpd.start();
  Client client;
  client.useProxy(httpd.proxyUrl());
  client.tunnelAlways();
  BOOST_TEST(client.get(refusing.url()).connectStatus == 503);
  httpd.requireLog("\\brefused\\b");
  BOOST_TEST(client.get(silent.url()).connectStatus == 504);
  httpd.requireLog("connect-timeout");
  BOOST_TEST(client.get("http://no-such-host.invalid/").connectStatus == 502);
  httpd.requireLog("unresolvable");
}

PROXY_TEST(many_tunnels_at_once) {
  constexpr int kTunnels = 10;
  ScriptedOrigin origin(echo);
  Httpd httpd(mpm);
  httpd.configure(kOpen);
  httpd.start();
  std::vector<RawClient> clients;
  for (int index = 0; index < kTunnels; ++index) {
    clients.emplace_back(httpd.port()).send(connectHead(origin.port()) + std::to_string(index));
  }
  for (int index = 0; index < kTunnels; ++index) {
    clients[static_cast<std::size_t>(index)].readHead();
    BOOST_TEST(clients[static_cast<std::size_t>(index)].readExactly(1) == std::to_string(index));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
