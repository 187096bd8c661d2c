// Bodies over HTTP/2 to the backend: large ones each way with every byte right and httpd's memory bounded, and clients
// that are slow, which must not hold up their neighbours on the connection.
#include <vector>

#include "tests/integration/support/client.h"
#include "tests/integration/support/content.h"
#include "tests/integration/support/h2_origin.h"
#include "tests/integration/support/memory_watch.h"
#include "tests/integration/support/nghttpd.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/soak.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(http2_backend)

namespace {

constexpr std::size_t kMostGrowth = 8 * 1024 * 1024;
constexpr std::uint64_t kSeed = 12;

}  // namespace

// nghttpd gives back what it has got: a gigabyte each way when soaking.
PROXY_TEST_ALL(large_bodies_each_way) {
  const auto size = scaled<std::uint64_t>(100'000'000, 1'000'000'000);
  const Nghttpd backend(Nghttpd::Options{"--echo-upload"});
  backend.directory().write("html/small", "small");
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + backend.url() + "\n");
  httpd.start();
  Client client;
  for (int round = 0; round < 10; ++round) client.get(httpd.url("/small"));
  MemoryWatch watch(httpd.parent());
  ContentStream content(kSeed, size);
  Sha256 hash;
  Request request{.url = httpd.url("/x"), .method = "PUT"};
  request.upload = [&](char* buffer, std::size_t capacity) { return content.read(buffer, capacity); };
  request.uploadSize = size;
  request.received = [&](std::string_view piece) { hash.update(piece); };
  const Response response = client.perform(request);
  BOOST_TEST(response.complete(), response.problem);
  BOOST_TEST(response.bodySize == size);
  BOOST_TEST(hash.finish() == hashOfContent(kSeed, size));
  const std::size_t growth = watch.stop();
  BOOST_TEST_MESSAGE("a child grew by " << growth / 1024 << " kB");
  if (!sanitized()) BOOST_TEST(growth <= kMostGrowth);
}

PROXY_TEST_THREADS(slow_clients_do_not_stall_their_neighbours) {
  constexpr int kSlow = 20;
  const std::string kBody = makeContent(kSeed, 2'000'000);
  H2Origin origin([&](const H2OriginRequest&) {
    return H2Answer{.fields = {{":status", "200"}, {"content-length", std::to_string(kBody.size())}}, .body = kBody};
  });
  Httpd httpd(mpm, {.threadsPerChild = kSlow + 10});
  httpd.configure("RevProxyPass / " + origin.url() + "\n");
  httpd.start();
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int count = 0; count < kSlow; ++count) {
    slow.push_back(std::make_unique<RawClient>(httpd.port(), 8192));
    slow.back()->send("GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    slow.back()->readExactly(1000);
  }
  Client client;
  for (int count = 0; count < 20; ++count) BOOST_TEST((client.get(httpd.url("/x")).body == kBody));
  BOOST_TEST(origin.connections() == 1U);
  // And the slow ones lose nothing.
  BOOST_TEST(slow.front()->readToEnd().data.ends_with(kBody.substr(kBody.size() - 1000)));
}

// A response begins, and goes on, while its request is still being sent.
PROXY_TEST_ALL(both_directions_stream_at_once) {
  H2Origin origin([](const H2OriginRequest&) { return H2Answer{}; });
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + origin.url() + "\n");
  httpd.start();
  RawClient client(httpd.port());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int round = 0; round < 5; ++round) {
    client.send("5\r\nround\r\n");
    client.readUntil("round");
  }
  client.send("0\r\n\r\n");
  BOOST_TEST(client.readToEnd().data.empty());
}

// What a client sends in pieces reaches the backend whole, whatever the framing.
PROXY_TEST(uploads_that_trickle) {
  H2Origin origin([](const H2OriginRequest& request) { return H2Answer{.body = request.body}; });
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + origin.url() + "\n");
  httpd.start();
  RawClient client(httpd.port());
  client.send("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
  for (const char* piece : {"5\r\nfirst\r\n", "7\r\n second\r\n", "0\r\n\r\n"}) client.send(piece);
  const std::string answer = client.readToEnd().data;
  BOOST_TEST(answer.find("first second") != std::string::npos);
  BOOST_TEST(!origin.requests().front().fields.contains("content-length"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
