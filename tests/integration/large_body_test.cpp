// Large bodies each way through each module, a gigabyte when soaking: every byte right by its hash, and no process of
// httpd grows with it.
#include <fstream>
#include <vector>

#include "tests/integration/support/client.h"
#include "tests/integration/support/content.h"
#include "tests/integration/support/memory_watch.h"
#include "tests/integration/support/nginx.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/soak.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(large_bodies)

namespace {

// Many times what a process may grow by.
const std::uint64_t kSize = scaled<std::uint64_t>(200'000'000, 1'000'000'000);
constexpr std::size_t kMostGrowth = 8 * 1024 * 1024;
constexpr std::uint64_t kSeed = 11;

void writeContent(const std::filesystem::path& file) {
  std::ofstream stream(file, std::ios::binary);
  ContentStream content(kSeed, kSize);
  std::vector<char> piece(1024 * 1024);
  while (const std::size_t count = content.read(piece.data(), piece.size())) {
    stream.write(piece.data(), static_cast<std::streamsize>(count));
  }
}

const std::string& expectedHash() {
  static const std::string kHash = hashOfContent(kSeed, kSize);
  return kHash;
}

ScriptedOrigin::Script hashingUploads() {
  return [](OriginConnection& connection) {
    while (true) {
      Sha256 hash;
      connection.readBody(connection.readHead(), [&](std::string_view piece) { hash.update(piece); });
      connection.write(okResponse(hash.finish()));
    }
  };
}

// What a child takes once, for its first requests, is not growth with the size of a body.
void warmUp(Client& client, const std::string& url) {
  for (int round = 0; round < 10; ++round) client.get(url);
}

void download(const Httpd& httpd, Client& client, const std::string& url) {
  warmUp(client, url.substr(0, url.rfind('/')) + "/small");
  MemoryWatch watch(httpd.parent());
  Sha256 hash;
  const Response response =
      client.perform({.url = url, .received = [&](std::string_view piece) { hash.update(piece); }});
  BOOST_TEST(response.complete(), response.problem);
  BOOST_TEST(response.bodySize == kSize);
  BOOST_TEST(hash.finish() == expectedHash());
  const std::size_t growth = watch.stop();
  BOOST_TEST_MESSAGE("a child grew by " << growth / 1024 << " kB over a download");
  if (!sanitized()) BOOST_TEST(growth <= kMostGrowth);
}

void upload(const Httpd& httpd, Client& client, const std::string& url, bool chunked) {
  warmUp(client, url);
  MemoryWatch watch(httpd.parent());
  ContentStream content(kSeed, kSize);
  Request request{.url = url, .method = "PUT"};
  request.upload = [&](char* buffer, std::size_t capacity) { return content.read(buffer, capacity); };
  if (!chunked) request.uploadSize = kSize;
  const Response response = client.perform(request);
  BOOST_TEST(response.complete(), response.problem);
  BOOST_TEST(response.body == expectedHash());
  const std::size_t growth = watch.stop();
  BOOST_TEST_MESSAGE("a child grew by " << growth / 1024 << " kB over an upload");
  if (!sanitized()) BOOST_TEST(growth <= kMostGrowth);
}

}  // namespace

PROXY_TEST(through_the_reverse_proxy) {
  const Nginx source;
  writeContent(source.documentRoot() / "large");
  source.directory().write("html/small", "small");
  ScriptedOrigin sink(hashingUploads());
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass /down " + source.url() + "\nRevProxyPass /up " + sink.url() + "\n");
  httpd.start();
  Client client;
  download(httpd, client, httpd.url("/down/large"));
  upload(httpd, client, httpd.url("/up/x"), false);
}

PROXY_TEST(through_the_forward_proxy) {
  const Nginx source;
  writeContent(source.documentRoot() / "large");
  source.directory().write("html/small", "small");
  ScriptedOrigin sink(hashingUploads());
  Httpd httpd(mpm);
  httpd.configure("FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\n");
  httpd.start();
  Client client;
  client.useProxy(httpd.proxyUrl());
  download(httpd, client, source.url("/large"));
  upload(httpd, client, sink.url("/x"), true);
}

// One MPM is enough for the tunnel: the code that copies is the same.
BOOST_AUTO_TEST_CASE(through_a_tunnel) {
  const Nginx source;
  writeContent(source.documentRoot() / "large");
  source.directory().write("html/small", "small");
  Httpd httpd(Mpm::kEvent);
  httpd.configure("FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\n");
  httpd.start();
  Client client;
  client.useProxy(httpd.proxyUrl());
  client.tunnelAlways();
  download(httpd, client, source.url("/large"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
