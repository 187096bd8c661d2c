// A client that reads slowly and is the first to ask: what it brings into the cache for others comes as fast as the
// backend gives it, and itself gets every byte in the end, whatever has become of what was stored.
#include <atomic>
#include <cstdio>
#include <string>
#include <string_view>

#include "tests/integration/support/client.h"
#include "tests/integration/support/content.h"
#include "tests/integration/support/http2_client.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/tls_host.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(cache_slow_client)

namespace {

constexpr std::uint64_t kSize = 24'000'000;
constexpr std::uint64_t kSeed = 8;
constexpr const char* kHost = "Host: proxytest";
// The kernel's own buffers must not take the response in httpd's place.
constexpr const char* kSmallSendBuffer = "SendBufferSize 16384\n";
constexpr int kSmallReceiveBuffer = 4096;

std::string cached(const ScriptedOrigin& origin) {
  return kSmallSendBuffer + ("RevProxyPass / " + origin.url("/")) + "\nRevProxyCache on\n";
}

// Chunks of 100 kB.
std::string chunked(const std::string& content) {
  std::string body;
  for (std::size_t place = 0; place < content.size(); place += 100'000) {
    const std::string piece = content.substr(place, 100'000);
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    body += size + piece + "\r\n";
  }
  return "HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nTransfer-Encoding: chunked\r\n\r\n" + body + "0\r\n\r\n";
}

// Asks, and reads nothing.
class Sleeper {
 public:
  explicit Sleeper(const Httpd& httpd) : client_(httpd.port(), kSmallReceiveBuffer) {
    client_.send("GET /page HTTP/1.0\r\nHost: proxytest\r\n\r\n");
  }

  void expectAll(std::uint64_t size) {
    BOOST_TEST(client_.readHead().starts_with("HTTP/1.1 200"));
    BOOST_TEST(hashOf(client_.readToEnd().data) == hashOfContent(kSeed, size));
  }

 private:
  RawClient client_;
};

}  // namespace

PROXY_TEST(others_have_it_all_while_the_first_one_takes_nothing) {
  std::atomic<int> given = 0;
  ScriptedOrigin origin([&](OriginConnection& peer) {
    while (peer.readRequest()) {
      peer.write(okResponse(makeContent(kSeed, kSize), "Cache-Control: max-age=600\r\n"));
      ++given;
    }
  });
  Httpd httpd(mpm);
  httpd.configure(cached(origin) + "RevProxyCachePurge on\n<Location />\nRequire all granted\n</Location>\n");
  httpd.start();
  Sleeper first(httpd);
  BOOST_TEST(waitUntil([&] { return given == 1; }));
  const Response other = Client().get(httpd.url("/page"), {kHost});
  BOOST_TEST(hashOf(other.body) == hashOfContent(kSeed, kSize));
  BOOST_TEST(given == 1);
  BOOST_TEST(waitUntil([&] {
    return Client().perform({.url = httpd.url("/page"), .method = "PURGE", .headers = {kHost}}).status == 200;
  }));
  BOOST_TEST(hashOf(Client().get(httpd.url("/page"), {kHost}).body) == hashOfContent(kSeed, kSize));
  BOOST_TEST(given == 2);
  first.expectAll(kSize);
}

// The file is given up in the middle of what the client has yet to take.
PROXY_TEST(what_outgrows_the_store_reaches_a_slow_client_whole) {
  constexpr std::uint64_t kMuch = 3'000'000;
  std::atomic<int> given = 0;
  ScriptedOrigin origin([&](OriginConnection& peer) {
    while (peer.readRequest()) {
      peer.write(chunked(makeContent(kSeed, kMuch)));
      ++given;
    }
  });
  for (const char* buffer : {"Off", "64k", "8M"}) {
    given = 0;
    Httpd httpd(mpm);
    httpd.configure(cached(origin) + "RevProxyCacheMaxObject 1M\nRevProxyBuffer " + buffer + "\n");
    httpd.start();
    Sleeper first(httpd);
    // Without a buffer of its own the backend waits for the client again.
    if (buffer == std::string("8M")) BOOST_TEST(waitUntil([&] { return given == 1; }));
    first.expectAll(kMuch);
    BOOST_TEST(waitUntil([&] { return given == 1; }));
  }
}

// mod_http2 has a worker wait until its client takes what it writes: so that one cannot go on, and is given up.
PROXY_TEST_EVENT(behind_a_stream_that_takes_nothing_others_wait_until_it_is_given_up) {
  constexpr std::uint64_t kMuch = 3'000'000;
  ScriptedOrigin origin(
      ScriptedOrigin::answering(okResponse(makeContent(kSeed, kMuch), "Cache-Control: max-age=600\r\n")));
  Httpd httpd(mpm);
  TlsHost tls(httpd);
  httpd.loadModule("http2");
  httpd.configure("Protocols h2 http/1.1\nTimeout 2\n" + cached(origin) + tls.configuration());
  httpd.start();
  Http2Client first(tls.port()), second(tls.port());
  first.request(http2Get("/page"));
  BOOST_TEST(waitUntil([&] { return origin.requests().size() == 1; }));
  const Http2Client::Stream stream = second.request(http2Get("/page"));
  BOOST_TEST(second.readStatus(stream) == 200);
  BOOST_TEST(second.readToEnd(stream));
  BOOST_TEST(hashOf(second.readExactly(stream, kMuch)) == hashOfContent(kSeed, kMuch));
  BOOST_TEST(origin.requests().size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
