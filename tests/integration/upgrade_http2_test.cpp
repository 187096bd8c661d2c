// WebSockets over HTTP/2: mod_http2 makes an upgrade of an extended CONNECT (RFC 8441), which becomes a tunnel within
// one stream. Other streams of the connection go on beside it.
#include "tests/integration/support/content.h"
#include "tests/integration/support/echo_server.h"
#include "tests/integration/support/http2_client.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/tls_host.h"
#include "tests/integration/support/wait_until.h"
#include "tests/integration/support/web_socket.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(upgrade)

namespace {

struct Http2Front {
  template <typename Origin>
  Http2Front(Mpm mpm, const Origin& origin) : httpd(mpm), tls(httpd) {
    httpd.loadModule("http2");
    httpd.configure("Protocols h2 http/1.1\nH2WebSockets on\nRevProxyPass /ws " + origin.url("/") +
                    " upgrade=websocket\n" + tls.configuration());
    httpd.start();
  }

  Httpd httpd;
  TlsHost tls;
};

std::string switchingTo(const OriginRequest& request) {
  return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " +
         webSocketAccept(request.header("Sec-WebSocket-Key").value_or("")) + "\r\n\r\n";
}

}  // namespace

PROXY_TEST_THREADS(websocket_over_http2) {
  EchoServer origin(EchoServer::Speaks::kWebSocket);
  const Http2Front front(mpm, origin);
  Http2Client client(front.tls.port());
  BOOST_TEST(client.mayAskForWebSockets());
  const Http2Client::Stream first = client.open(http2WebSocket("/ws/x"));
  const Http2Client::Stream second = client.open(http2WebSocket("/ws/y"));
  for (const Http2Client::Stream stream : {first, second}) BOOST_TEST(client.readStatus(stream) == 200);
  for (int round = 0; round < 3; ++round) {
    for (const Http2Client::Stream stream : {first, second}) {
      const std::string text = "round " + std::to_string(round) + " in stream " + std::to_string(stream);
      client.send(stream, text);
      BOOST_TEST(client.readExactly(stream, text.size()) == text);
    }
  }
  client.finishSending(first);
  BOOST_TEST(client.readToEnd(first));
  BOOST_TEST(waitUntil([&] { return origin.openConnections() == 1; }));
  client.send(second, "still there");
  BOOST_TEST(client.readExactly(second, 11) == "still there");
  client.reset(second);
  BOOST_TEST(waitUntil([&] { return origin.openConnections() == 0; }));
}

PROXY_TEST_THREADS(large_messages_over_http2) {
  constexpr std::uint64_t kSize = 2'000'000;
  constexpr std::size_t kPiece = 50'000;
  EchoServer origin(EchoServer::Speaks::kWebSocket);
  const Http2Front front(mpm, origin);
  Http2Client client(front.tls.port());
  const Http2Client::Stream stream = client.open(http2WebSocket("/ws/x"));
  BOOST_TEST(client.readStatus(stream) == 200);
  ContentStream content(9, kSize);
  std::string piece(kPiece, '\0');
  Sha256 hash;
  while (content.read(piece.data(), piece.size()) > 0) {
    client.send(stream, piece);
    hash.update(client.readExactly(stream, piece.size()));
  }
  BOOST_TEST(hash.finish() == hashOfContent(9, kSize));
}

PROXY_TEST_THREADS(origin_that_ends_its_websocket_ends_the_stream) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    const auto request = connection.readRequest();
    connection.write(switchingTo(*request) + "early");
    connection.readExactly(3);
    connection.write("bye");
  });
  const Http2Front front(mpm, origin);
  Http2Client client(front.tls.port());
  const Http2Client::Stream stream = client.open(http2WebSocket("/ws/x"));
  BOOST_TEST(client.readStatus(stream) == 200);
  BOOST_TEST(client.readExactly(stream, 5) == "early");
  client.send(stream, "end");
  BOOST_TEST(client.readExactly(stream, 3) == "bye");
  client.readToEnd(stream);
  BOOST_TEST(origin.onlyRequest().method() == "GET");
  BOOST_TEST(origin.onlyRequest().header("Upgrade").value_or("") == "websocket");
}

PROXY_TEST_THREADS(client_that_closes_its_http2_connection_ends_its_websockets) {
  EchoServer origin(EchoServer::Speaks::kWebSocket);
  const Http2Front front(mpm, origin);
  Http2Client client(front.tls.port());
  for (int count = 0; count < 3; ++count) BOOST_TEST(client.readStatus(client.open(http2WebSocket("/ws/x"))) == 200);
  BOOST_TEST(origin.openConnections() == 3U);
  client.close();
  BOOST_TEST(waitUntil([&] { return origin.openConnections() == 0; }));
}

PROXY_TEST_THREADS(other_answers_to_a_websocket_over_http2) {
  ScriptedOrigin origin(ScriptedOrigin::answering("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"));
  const Http2Front front(mpm, origin);
  Http2Client client(front.tls.port());
  const Http2Client::Stream stream = client.open(http2WebSocket("/ws/x"));
  BOOST_TEST(client.readStatus(stream) == 404);
  const Http2Client::Stream plain = client.request(http2Get("/ws/x"));
  BOOST_TEST(client.readStatus(plain) == 404);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
