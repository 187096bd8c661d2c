// Backends that speak HTTP/2, with nghttpd as the real peer: many requests on few connections, trailers and gRPC, TLS
// by ALPN, and what becomes of a stream that fails. http2_bodies_test.cpp has the large and the slow ones.
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/support/client.h"
#include "tests/integration/support/h2_origin.h"
#include "tests/integration/support/http2_client.h"
#include "tests/integration/support/nghttpd.h"
#include "tests/integration/support/nginx.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/request_swarm.h"
#include "tests/integration/support/tls_host.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(http2_backend)

namespace {

constexpr std::uint32_t kInternalError = 2;
constexpr std::uint32_t kRefusedStream = 7;
constexpr HttpdLimits kSixtyFour{.threadsPerChild = 64, .preforkChildren = 64};

std::string passTo(const std::string& url) {
  return "RevProxyPass / " + url + "\n";
}

LoadResult loadOf(const Httpd& httpd, int total, int atOnce) {
  RequestSwarm swarm({.port = httpd.port(), .target = "/small", .total = total, .atOnce = atOnce});
  swarm.waitFor(kPatience);
  return swarm.stop(kPatience);
}

// The first answer for a path is the one given, all others are well.
H2Origin::Answering firstOf(const H2Answer& first) {
  return [first, asked = std::make_shared<int>(0)](const H2OriginRequest&) {
    return (*asked)++ == 0 ? first : H2Answer{.body = "well"};
  };
}

}  // namespace

// All 200 are with the backend at the same time, or none is answered.
PROXY_TEST_EVENT(two_hundred_requests_of_64_workers_wait_at_once_on_few_connections) {
  constexpr int kAtOnce = 200;
  H2Origin origin([](const H2OriginRequest&) {
    return H2Answer{.afterRequests = kAtOnce, .fields = {{":status", "200"}, {"content-length", "4"}}, .body = "well"};
  });
  Httpd httpd(mpm, kSixtyFour);
  httpd.configure(passTo(origin.url()));
  httpd.start();
  const LoadResult result = loadOf(httpd, kAtOnce, kAtOnce);
  BOOST_TEST(result.all(200), result.report());
  BOOST_TEST(result.answered(200) == kAtOnce);
  BOOST_TEST(origin.connections() <= 4U);
}

PROXY_TEST_ALL(many_requests_through_nghttpd) {
  const Nghttpd backend(Nghttpd::Options{"-v"});
  backend.directory().write("html/small", "small");
  Httpd httpd(mpm, kSixtyFour);
  httpd.configure(passTo(backend.url()));
  httpd.expectLog(kAllTaken);
  httpd.start();
  const LoadResult result = loadOf(httpd, 2000, 200);
  BOOST_TEST(result.all(200), result.report());
  BOOST_TEST(result.answered(200) == 2000);
  // A process of prefork has one request at a time, and so a connection of its own.
  if (mpm != Mpm::kPrefork) BOOST_TEST(backend.connections() <= 4U);
}

PROXY_TEST_EVENT(the_backends_limit_of_streams_holds) {
  H2Origin origin(
      [](const H2OriginRequest&) {
        return H2Answer{.afterRequests = 6, .fields = {{":status", "200"}, {"content-length", "0"}}};
      },
      2);
  Httpd httpd(mpm);
  httpd.configure(passTo(origin.url()));
  httpd.start();
  const LoadResult result = loadOf(httpd, 6, 6);
  BOOST_TEST(result.answered(200) == 6);
  BOOST_TEST(origin.connections() == 3U);
}

PROXY_TEST_ALL(heads_go_both_ways) {
  H2Origin origin([](const H2OriginRequest&) {
    return H2Answer{.fields = {{":status", "404"}, {"x-own", "a"}, {"set-cookie", "b"}, {"set-cookie", "c"}},
                    .body = "no"};
  });
  Httpd httpd(mpm);
  httpd.configure(passTo(origin.url("/base/")) + "RevProxyVia On\n");
  httpd.start();
  Client client;
  const Response response = client.get(httpd.url("/x?y"), {"X-Asked: d", "Connection: X-Gone", "X-Gone: e"});
  BOOST_TEST(response.status == 404);
  BOOST_TEST(response.body == "no");
  BOOST_TEST(response.header("X-Own").value_or("") == "a");
  BOOST_TEST(response.header("Via").value_or("").starts_with("2.0 "));
  RawClient raw(httpd.port());
  raw.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  BOOST_TEST(raw.readHead().starts_with("HTTP/1.1 404 Not Found\r\n"));
  const auto fields = origin.requests().front().fields;
  BOOST_TEST(fields.at(":path") == "/base/x?y");
  BOOST_TEST(fields.at(":scheme") == "http");
  BOOST_TEST(fields.at(":authority") == origin.url("").substr(6));
  BOOST_TEST(fields.at("x-asked") == "d");
  BOOST_TEST(!fields.contains("x-gone"));
  BOOST_TEST(!fields.contains("connection"));
  BOOST_TEST(!fields.contains("te"));
}

PROXY_TEST_THREADS(grpc_calls_keep_their_trailers) {
  const std::string kMessages = std::string(20'000, 'm');
  H2Origin origin([&](const H2OriginRequest& request) {
    const H2OriginFields head = {{":status", "200"}, {"content-type", "application/grpc"}};
    if (request.path() == "/Service/Refuses") {
      H2OriginFields whole = head;
      whole.emplace_back("grpc-status", "5");
      return H2Answer{.fields = whole, .headOnly = true};
    }
    return H2Answer{.fields = head,
                    .body = request.path() == "/Service/Streams" ? kMessages : request.body,
                    .trailers = {{"grpc-status", "0"}, {"grpc-message", "well done"}}};
  });
  Httpd httpd(mpm);
  TlsHost tls(httpd);
  httpd.loadModule("http2");
  httpd.configure("Protocols h2 http/1.1\n" + passTo(origin.url()) + tls.configuration());
  httpd.start();
  Http2Client client(tls.port());
  const auto call = [&](const std::string& path, const std::string& message) {
    const Http2Client::Stream stream = client.open({{":method", "POST"},
                                                    {":scheme", "https"},
                                                    {":path", path},
                                                    {":authority", "proxytest"},
                                                    {"te", "trailers"},
                                                    {"content-type", "application/grpc"}});
    client.send(stream, message);
    client.finishSending(stream);
    BOOST_TEST(client.readStatus(stream) == 200);
    BOOST_TEST(client.readToEnd(stream));
    BOOST_TEST(client.header(stream, "content-type") == "application/grpc");
    return stream;
  };
  const auto unary = call("/Service/Echoes", "question");
  BOOST_TEST(client.readExactly(unary, 8) == "question");
  BOOST_TEST(client.trailer(unary, "grpc-status") == "0");
  BOOST_TEST(client.trailer(unary, "grpc-message") == "well done");
  const auto streamed = call("/Service/Streams", "");
  BOOST_TEST(client.readExactly(streamed, kMessages.size()) == kMessages);
  BOOST_TEST(client.trailer(streamed, "grpc-status") == "0");
  const auto refused = call("/Service/Refuses", "question");
  BOOST_TEST(client.header(refused, "grpc-status") == "5");
  BOOST_TEST(client.trailer(refused, "grpc-status") == "5");
  for (const H2OriginRequest& request : origin.requests()) {
    BOOST_TEST(request.fields.at("te") == "trailers");
    BOOST_TEST(request.fields.at(":scheme") == "http");
  }
  BOOST_TEST(origin.connections() == 1U);
}

// gRPC's bidirectional streams: each message is answered before the next is sent.
PROXY_TEST_THREADS(both_directions_of_a_client_of_http2_stream_at_once) {
  H2Origin origin([](const H2OriginRequest&) { return H2Answer{}; });
  Httpd httpd(mpm);
  TlsHost tls(httpd);
  httpd.loadModule("http2");
  httpd.configure("Protocols h2 http/1.1\n" + passTo(origin.url()) + tls.configuration());
  httpd.start();
  Http2Client client(tls.port());
  const auto stream =
      client.open({{":method", "POST"}, {":scheme", "https"}, {":path", "/echo"}, {":authority", "proxytest"}});
  for (int round = 0; round < 5; ++round) {
    client.send(stream, "round");
    BOOST_TEST(client.readExactly(stream, 5) == "round");
  }
  client.finishSending(stream);
  BOOST_TEST(client.readToEnd(stream));
}

PROXY_TEST_THREADS(trailers_of_nghttpd_reach_the_client) {
  const Nghttpd backend(Nghttpd::Options{"--trailer", "checksum: 7"});
  backend.directory().write("html/small", "small");
  Httpd httpd(mpm);
  TlsHost tls(httpd);
  httpd.loadModule("http2");
  httpd.configure("Protocols h2 http/1.1\n" + passTo(backend.url()) + tls.configuration());
  httpd.start();
  Http2Client client(tls.port());
  const auto stream = client.request(http2Get("/small"));
  BOOST_TEST(client.readToEnd(stream));
  BOOST_TEST(client.readExactly(stream, 5) == "small");
  BOOST_TEST(client.trailer(stream, "checksum") == "7");
}

PROXY_TEST_ALL(tls_with_alpn) {
  CertificateAuthority authority;
  const Nghttpd backend(authority.issue("IP:127.0.0.1"), {"-v"});
  backend.directory().write("html/small", "small");
  Httpd httpd(mpm);
  const std::string byHttps = "https" + backend.url().substr(2);
  httpd.configure("RevProxyTLSCACertificateFile \"" + authority.certificateFile().string() + "\"\nRevProxyPass /h2 " +
                  backend.url() + "\nRevProxyPass /https " + byHttps + " alpn=h2\n");
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/h2/small")).body == "small");
  BOOST_TEST(client.get(httpd.url("/https/small")).body == "small");
  BOOST_TEST(backend.connections() >= 1U);
}

PROXY_TEST(a_backend_that_speaks_no_http2_is_named_so_once) {
  CertificateAuthority authority;
  const Nginx secure(authority.issue("IP:127.0.0.1"), "");
  const Nginx clear;
  Httpd httpd(mpm);
  httpd.expectLog("revproxy:error");
  httpd.configure("RevProxyTLSCACertificateFile \"" + authority.certificateFile().string() + "\"\nRevProxyPass /s h2" +
                  secure.url("/").substr(5) + "\nRevProxyPass /c h2c" + clear.url("/").substr(4) + "\n");
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/s")).status == 502);
  BOOST_TEST(client.get(httpd.url("/c")).status == 502);
  const std::string log = httpd.errorLog().text();
  for (const char* line : {"GET /s -> h2://.*tls-failed: the backend does not speak",
                           "GET /c -> h2c://.*does not speak HTTP/2.*begins with .*HTTP/1.1 400"})
    BOOST_TEST(httpd.errorLog().linesMatching(line).size() == 1U, line << " is not once in " << log);
  BOOST_TEST(httpd.errorLog().linesMatching("revproxy:error").size() == 2U);
}

PROXY_TEST(a_reset_is_an_error_of_that_stream_alone) {
  H2Origin origin([](const H2OriginRequest& request) {
    if (request.path() == "/reset") return H2Answer{.reset = kInternalError};
    if (request.path() == "/cut") return H2Answer{.body = std::string(100'000, 'x'), .resetsBehind = true};
    return H2Answer{.body = "well"};
  });
  Httpd httpd(mpm, {.preforkStart = 1, .preforkChildren = 1});
  httpd.configure(passTo(origin.url()));
  httpd.start();
  httpd.expectLog("revproxy:error");
  Client client;
  BOOST_TEST(client.get(httpd.url("/reset")).status == 502);
  BOOST_TEST(client.get(httpd.url("/x")).body == "well");
  const Response cut = client.get(httpd.url("/cut"));
  BOOST_TEST(cut.status == 200);
  BOOST_TEST(!cut.complete());
  BOOST_TEST(client.get(httpd.url("/x")).body == "well");
  httpd.requireLog("/reset -> h2c://.*stream-reset: the backend has reset the stream \\(INTERNAL_ERROR\\)");
  httpd.requireLog("/cut -> h2c://.*stream-reset: .*\\(the response had begun\\)");
  BOOST_TEST(origin.requests().size() == 4U);  // none was sent twice
  BOOST_TEST(origin.connections() == 1U);
}

PROXY_TEST(what_the_backend_has_not_taken_is_sent_once_more) {
  H2Origin refuses(firstOf({.reset = kRefusedStream}));
  H2Origin leaves(firstOf({.goAway = true}));
  Httpd httpd(mpm, {.preforkStart = 1, .preforkChildren = 1});
  httpd.configure("RevProxyPass /refuses " + refuses.url() + "\nRevProxyPass /leaves " + leaves.url() + "\n");
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/refuses")).body == "well");
  BOOST_TEST(refuses.requests().size() == 2U);
  BOOST_TEST(client.post(httpd.url("/leaves"), "").body == "well");
  BOOST_TEST(leaves.requests().size() == 2U);
  BOOST_TEST(leaves.connections() == 2U);
}

PROXY_TEST_ALL(a_client_that_goes_resets_its_stream) {
  H2Origin origin([](const H2OriginRequest& request) {
    if (request.path() == "/silent") return H2Answer{.silent = true};
    if (request.path() == "/endless") return H2Answer{.body = std::string(10'000, 'x'), .endless = true};
    return H2Answer{.body = "well"};
  });
  Httpd httpd(mpm);
  httpd.configure(passTo(origin.url()));
  httpd.start();
  std::size_t count = 0;
  for (const std::string path : {"/silent", "/endless"}) {
    ++count;
    RawClient client(httpd.port());
    client.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    if (path == "/endless") client.readExactly(20'000);
    BOOST_TEST(waitUntil([&] { return origin.requests().size() == count; }));
  }
  BOOST_TEST(waitUntil([&] { return origin.left().size() == 2U; }));
  Client client;
  BOOST_TEST(client.get(httpd.url("/x")).body == "well");
}

PROXY_TEST_ALL(a_backend_that_is_killed_and_comes_back) {
  Nghttpd backend;
  backend.directory().write("html/small", "small");
  backend.directory().write("html/large", std::string(8'000'000, 'x'));
  Httpd httpd(mpm);
  httpd.configure(passTo(backend.url()));
  httpd.start();
  httpd.expectLog("revproxy:error");
  Client client;
  BOOST_TEST(client.get(httpd.url("/small")).body == "small");
  RawClient slow(httpd.port(), 8192);
  slow.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  slow.readExactly(1000);
  backend.kill();
  BOOST_TEST(slow.readToEnd().data.size() < 8'000'000U);
  httpd.requireLog("/large -> h2c://.*broken-body: .*\\(the response had begun\\)");
  BOOST_TEST(client.get(httpd.url("/small")).status == 503);
  httpd.requireLog("/small -> h2c://.*refused: no connection to");
  backend.startAgain();
  BOOST_TEST(client.get(httpd.url("/small")).body == "small");
}

// It may take a while to find out, but not as long as TCP takes.
PROXY_TEST(a_connection_that_is_dead_without_a_word_is_given_up) {
  H2Origin origin(firstOf({.freezes = true}));
  Httpd httpd(mpm, {.preforkStart = 1, .preforkChildren = 1});
  httpd.configure("RevProxyPass / " + origin.url() + " timeout=300ms\n");
  httpd.start();
  httpd.expectLog("first-byte-timeout");
  httpd.expectLog(kAllTaken);
  Client client;
  BOOST_TEST(client.get(httpd.url("/x")).status == 504);
  BOOST_TEST(waitUntil([&] { return client.get(httpd.url("/x")).body == "well"; }));
  BOOST_TEST(origin.connections() == 2U);
}

PROXY_TEST(idle_connections_are_closed) {
  H2Origin origin([](const H2OriginRequest&) { return H2Answer{.body = "well"}; });
  Httpd httpd(mpm, {.preforkStart = 1, .preforkChildren = 1});
  httpd.configure("RevProxyPass / " + origin.url() + " ttl=100ms\n");
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/x")).body == "well");
  BOOST_TEST(waitUntil([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
    return client.get(httpd.url("/x")).body == "well" && origin.connections() > 1;
  }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
