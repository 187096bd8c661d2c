// Clients that leave while their request waits: the backend is freed, and soon. What counts as leaving, too.
#include <atomic>
#include <thread>

#include "tests/integration/support/http2_client.h"
#include "tests/integration/support/port.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/slow_server.h"
#include "tests/integration/support/soak.h"
#include "tests/integration/support/tls_host.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(parking)

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFreedWithin{100};
constexpr milliseconds kFreedSoon{2'000};

std::string get(const std::string& target, const std::string& headers = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: proxytest\r\n" + headers + "\r\n";
}

std::string pass(const std::string& path, const std::string& url, const std::string& parameters = "") {
  return "RevProxyPass " + path + " " + url + " " + parameters + "\n";
}

// An httpd whose backend never answers.
struct Stuck {
  Stuck(Mpm mpm, const std::string& directives) : slow(milliseconds(0)), httpd(mpm), tls(httpd) {
    slow.stick();
    httpd.loadModule("http2");
    httpd.expectLog("AH10034");  // mod_http2 says that prefork is not for it
    httpd.configure("Protocols h2 http/1.1\n" + directives + pass("/", slow.url("/")) + tls.configuration());
    httpd.start();
  }

  void expectAsked(std::size_t requests = 1) {
    BOOST_REQUIRE(waitUntil([&] { return slow.requests() == requests; }));
    std::this_thread::sleep_for(milliseconds(100));  // until it is parked
    BOOST_REQUIRE(slow.openConnections() == 1U);
  }
  bool isFree(milliseconds limit) const {
    return waitUntil([this] { return slow.openConnections() == 0; }, limit);
  }

  SlowServer slow;
  Httpd httpd;
  TlsHost tls;
};

// What the backend does with the one request, from its head on; then it notes when its connection is closed.
struct Watched {
  using Script = std::function<void(OriginConnection&)>;

  Watched(Mpm mpm, const Script& script)
      : origin([this, script](OriginConnection& connection) {
          connection.readHead();
          script(connection);
          reached = true;
          try {
            while (true) connection.readExactly(1);
          } catch (const std::exception&) {
            closed = true;
            throw;
          }
        }),
        httpd(mpm) {
    httpd.configure(pass("/", origin.url("/")));
    httpd.start();
  }

  std::atomic<bool> reached = false;
  std::atomic<bool> closed = false;
  ScriptedOrigin origin;
  Httpd httpd;
};

// The figure is for whoever looks; the limit is far above it, and below whatever else would end the wait.
template <typename Predicate>
void expectSoonAfter(RawClient& client, bool byReset, const std::string& what, Predicate&& isFree) {
  const auto start = std::chrono::steady_clock::now();
  byReset ? client.reset() : client.close();
  const bool free = waitUntil(isFree, kFreedSoon);
  const auto took = std::chrono::ceil<milliseconds>(std::chrono::steady_clock::now() - start);
  BOOST_TEST_MESSAGE("freed " << took.count() << " ms after the client's " << (byReset ? "RST " : "FIN ") << what);
  BOOST_TEST(free, what << (byReset ? ", RST" : ", FIN"));
}

// `arrived` is what the client gets before it leaves.
void expectLeavingIsSeen(Mpm mpm, const std::string& what, const std::string& request, const std::string& arrived,
                         const Watched::Script& script) {
  for (const bool byReset : {false, true}) {
    Watched server(mpm, script);
    RawClient client(server.httpd.port());
    client.send(request);
    if (!arrived.empty()) client.readUntil(arrived);
    BOOST_REQUIRE(waitUntil([&] { return server.reached.load(); }));
    std::this_thread::sleep_for(milliseconds(100));  // until it is parked
    BOOST_TEST(!server.closed);
    expectSoonAfter(client, byReset, what, [&] { return server.closed.load(); });
    server.httpd.requireLog("client-gone");
  }
}

// At once where the client has a descriptor of its own.
void expectLeavingIsSeen(Mpm mpm, const std::string& park) {
  Stuck server(mpm, park);
  for (const bool byReset : {false, true}) {
    RawClient client(server.httpd.port());
    client.send(get("/x"));
    server.expectAsked(byReset ? 2 : 1);
    byReset ? client.reset() : client.close();
    BOOST_TEST(server.isFree(scaled<milliseconds>(kPatience, kFreedWithin)), park << (byReset ? "RST" : "FIN"));
  }
  server.httpd.requireLog("client-gone");
}

}  // namespace

PROXY_TEST_ALL(client_that_leaves_closes_the_backend) {
  expectLeavingIsSeen(mpm, "");
}

PROXY_TEST_ALL(client_that_leaves_is_seen_before_its_request_is_parked) {
  expectLeavingIsSeen(mpm, "RevProxyPark 30s\n");
}

PROXY_TEST_ALL(client_that_leaves_within_the_response_closes_the_backend) {
  expectLeavingIsSeen(mpm, "within the response", get("/x"), "first", [](OriginConnection& connection) {
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
  });
}

PROXY_TEST_ALL(client_that_leaves_within_the_upload_closes_the_backend) {
  expectLeavingIsSeen(mpm, "within the upload",
                      "POST /x HTTP/1.1\r\nHost: proxytest\r\nContent-Length: 10\r\n\r\nfirst", "",
                      [](OriginConnection& connection) { connection.readExactly(5); });
}

// The backend takes no connection, and refuses none.
PROXY_TEST_ALL(client_that_leaves_ends_the_dial) {
  const SilentPort silent;
  Httpd httpd(mpm);
  httpd.configure(pass("/", silent.url() + "/", "connectiontimeout=10s"));
  httpd.start();
  for (const bool byReset : {false, true}) {
    RawClient client(httpd.port());
    client.send(get("/x"));
    BOOST_REQUIRE(waitUntil([&] { return silent.knocking() == 1; }));
    std::this_thread::sleep_for(milliseconds(100));  // until it is parked
    expectSoonAfter(client, byReset, "while dialling", [&] { return silent.knocking() == 0; });
  }
  httpd.requireLog("client-gone");
}

PROXY_TEST_THREADS(http2_stream_that_is_reset_closes_the_backend) {
  Stuck server(mpm, "");
  Http2Client client(server.tls.port());
  for (const std::size_t requests : {1U, 2U}) {
    const Http2Client::Stream stream = client.request(http2Get("/x"));
    server.expectAsked(requests);
    client.reset(stream);
    BOOST_TEST(server.isFree(kPatience));
  }
  // The connection is not concerned.
  server.slow.resume();
  const Http2Client::Stream stream = client.request(http2Get("/x"));
  BOOST_TEST(client.readStatus(stream) == 200);
  BOOST_TEST(client.readExactly(stream, SlowServer::kBody.size()) == SlowServer::kBody);
}

PROXY_TEST_THREADS(http2_connection_that_is_closed_closes_the_backend) {
  Stuck server(mpm, "");
  Http2Client client(server.tls.port());
  client.request(http2Get("/x"));
  server.expectAsked();
  client.close();
  BOOST_TEST(server.isFree(kPatience));
}

// A FIN alone says that the client is gone, unless half-close=on says that it may still read.
PROXY_TEST_EVENT(half_close_keeps_waiting_where_it_is_on) {
  SlowServer slow(milliseconds(300));
  Httpd httpd(mpm);
  httpd.configure(pass("/patient", slow.url("/"), "half-close=on") + pass("/strict", slow.url("/")));
  httpd.start();
  RawClient patient(httpd.port());
  patient.send(get("/patient/x", "Connection: close\r\n"));
  patient.finishSending();
  const std::string answer = patient.readToEnd().data;
  BOOST_TEST(answer.starts_with("HTTP/1.1 200"));
  BOOST_TEST(answer.ends_with(SlowServer::kBody));
  RawClient strict(httpd.port());
  strict.send(get("/strict/x", "Connection: close\r\n"));
  strict.finishSending();
  BOOST_TEST(strict.readToEnd().data.find(SlowServer::kBody) == std::string::npos);
  httpd.requireLog("client-gone");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
