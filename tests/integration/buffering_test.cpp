// Buffers between a client and a backend of different speed: RevProxyBuffer for responses, request-buffer= for uploads;
// and what is never held back.
#include <atomic>
#include <optional>
#include <thread>

#include "tests/integration/support/client.h"
#include "tests/integration/support/content.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/slow_server.h"
#include "tests/integration/support/soak.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(buffering)

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kLarge = 800'000;
constexpr std::uint64_t kSeed = 6;
// The kernel's own buffers must not take the response in httpd's place.
constexpr const char* kSmallSendBuffer = "SendBufferSize 16384\n";
constexpr int kSmallReceiveBuffer = 4096;
constexpr const char* kUploadTimedOut = "AH01382: Request body read timeout";

std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: proxytest\r\nConnection: close\r\n\r\n";
}

// /large gives the content, anything else the number of the connection. Only the first connection is kept, so that
// a request meets it again as soon as it is free.
void showConnection(OriginConnection& connection) {
  while (const auto request = connection.readRequest()) {
    const bool kept = connection.number() == 0;
    const bool large = request->target().ends_with("large");
    connection.write(okResponse(large ? makeContent(kSeed, kLarge) : std::to_string(connection.number()),
                                kept ? "" : "Connection: close\r\n"));
    if (!kept) return;
  }
}

struct SlowReader {
  SlowReader(Mpm mpm, const std::string& directives) : origin(showConnection), httpd(mpm) {
    httpd.configure(kSmallSendBuffer + directives + "RevProxyPass / " + origin.url("/") + "\n");
    httpd.start();
    reader.emplace(httpd.port(), kSmallReceiveBuffer);
    reader->send(get("/large"));
    BOOST_TEST(waitUntil([this] { return origin.requests().size() == 1; }));
  }

  bool firstConnectionIsFree(milliseconds limit) {
    Client client;
    return waitUntil([&] { return client.get(httpd.url("/small")).body == "0"; }, limit);
  }

  void expectTheRest() {
    BOOST_TEST(statusLineIsRight());
    BOOST_TEST(hashOf(reader->readToEnd().data) == hashOfContent(kSeed, kLarge));
  }
  bool statusLineIsRight() { return reader->readHead().starts_with("HTTP/1.1 200"); }

  ScriptedOrigin origin;
  Httpd httpd;
  std::optional<RawClient> reader;
};

}  // namespace

PROXY_TEST_EVENT(slow_reader_holds_no_backend_connection) {
  SlowReader slow(mpm, "RevProxyBuffer 1M\n");
  BOOST_TEST(slow.firstConnectionIsFree(kPatience));
  slow.expectTheRest();
}

// What the test above would say if there were no buffer.
PROXY_TEST_EVENT(slow_reader_holds_it_without_a_buffer) {
  SlowReader slow(mpm, "");
  BOOST_TEST(!slow.firstConnectionIsFree(milliseconds(500)));
  slow.expectTheRest();
  BOOST_TEST(slow.firstConnectionIsFree(kPatience));
}

// The backend is done; what is left is between the proxy and the reader, whose time does not begin anew by itself.
PROXY_TEST_ALL(reader_that_stops_in_the_rest_is_given_up) {
  SlowReader slow(mpm, "RevProxyBuffer 1M\nTimeout 1\n");
  slow.httpd.requireLog("client-timeout: the client has stopped reading");
  BOOST_TEST(slow.reader->readToEnd().data.size() < kLarge);
}

PROXY_TEST_ALL(reader_of_the_rest_may_be_slow) {
  constexpr seconds kTimeout{2};
  SlowReader slow(mpm, "RevProxyBuffer 1M\nTimeout " + std::to_string(kTimeout.count()) + "\n");
  // Each child of prefork has connections of its own.
  if (mpm != Mpm::kPrefork) BOOST_TEST(slow.firstConnectionIsFree(kPatience));
  BOOST_TEST(slow.statusLineIsRight());
  std::string got;
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() < start + kTimeout + seconds(1)) {
    got += slow.reader->readExactly(kLarge / 100);
    std::this_thread::sleep_for(milliseconds(100));
  }
  got += slow.reader->readToEnd().data;
  BOOST_TEST(hashOf(got) == hashOfContent(kSeed, kLarge));
}

PROXY_TEST_ALL(buffer_may_be_smaller_than_the_response) {
  for (const std::string size : {"64k", "1M", "Off"}) {
    SlowReader slow(mpm, "RevProxyBuffer " + size + "\n");
    std::this_thread::sleep_for(milliseconds(100));
    slow.expectTheRest();
    Client client;
    BOOST_TEST(hashOf(client.get(slow.httpd.url("/large")).body) == hashOfContent(kSeed, kLarge));
  }
}

namespace {

// Of the answer the first part comes by itself, and the rest when that has been passed on.
void expectWorkersAreFree(Mpm mpm, std::size_t firstPart) {
  constexpr int kWorkers = 4;
  constexpr milliseconds kMoment{300};
  std::atomic<int> written = 0;
  ScriptedOrigin origin([&](OriginConnection& connection) {
    const std::string answer = okResponse(makeContent(kSeed, kLarge));
    connection.readHead();
    std::this_thread::sleep_for(kMoment);  // until it is parked
    connection.write(answer.substr(0, firstPart));
    std::this_thread::sleep_for(kMoment);
    ++written;
    connection.write(answer.substr(firstPart));
    connection.waitForClose();
  });
  SlowServer fast(milliseconds(0));
  Httpd httpd(mpm, {.threadsPerChild = kWorkers});
  httpd.expectLog(kAllTaken);
  httpd.configure("SendBufferSize 4096\nRevProxyBuffer 1M\nRevProxyPass /fast " + fast.url("/") + "\nRevProxyPass / " +
                  origin.url("/") + "\n");
  httpd.start();
  std::vector<RawClient> clients;
  for (int count = 0; count < 2 * kWorkers; ++count)
    clients.emplace_back(httpd.port(), kSmallReceiveBuffer).send(get("/large"));
  BOOST_TEST(waitUntil([&] { return written == 2 * kWorkers; }));
  std::this_thread::sleep_for(kMoment);
  Client other;
  other.setTimeout(kPatience / 2);  // less than httpd's own
  for (int round = 0; round < kWorkers; ++round) BOOST_TEST(other.get(httpd.url("/fast/x")).status == 200);
  for (RawClient& client : clients) {
    BOOST_TEST(client.readHead().starts_with("HTTP/1.1 200"));
    BOOST_TEST(hashOf(client.readToEnd().data) == hashOfContent(kSeed, kLarge));
  }
}

}  // namespace

// The first part is more than the connection takes, and less than is looked at; with the second it is more than httpd's
// filters keep without blocking.
PROXY_TEST_EVENT(readers_that_take_nothing_hold_no_worker_when_more_comes) {
  expectWorkersAreFree(mpm, 30'000);
}

// As much as one read brings, while the connection still takes a little.
PROXY_TEST_EVENT(readers_that_take_nothing_hold_no_worker_when_much_comes_at_once) {
  expectWorkersAreFree(mpm, kLarge / 2);
}

PROXY_TEST_ALL(reader_that_leaves_frees_the_backend) {
  std::atomic<bool> closed = false;
  ScriptedOrigin origin([&](OriginConnection& connection) {
    connection.readHead();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
    try {
      const std::string piece(100'000, 'x');
      for (int count = 0; count < 1000; ++count) connection.write(piece);
      connection.waitForClose();
    } catch (const std::exception&) {
      closed = true;
      throw;
    }
  });
  Httpd httpd(mpm);
  httpd.expectLog("client-gone");
  httpd.configure(kSmallSendBuffer + ("RevProxyBuffer 256k\nRevProxyPass / " + origin.url("/") + "\n"));
  httpd.start();
  RawClient client(httpd.port(), kSmallReceiveBuffer);
  client.send(get("/x"));
  client.readHead();
  client.reset();
  BOOST_TEST(waitUntil([&] { return closed.load(); }));
}

namespace {

// Each event is sent only when the one before has arrived: one that is held back is waited for in vain.
void expectEventByEvent(Mpm mpm, const std::string& headers) {
  constexpr int kEvents = 5;
  std::atomic<int> arrived = 0;
  ScriptedOrigin origin([&](OriginConnection& connection) {
    connection.readRequest();
    connection.write("HTTP/1.1 200 OK\r\n" + headers + "Transfer-Encoding: chunked\r\n\r\n");
    for (int number = 0; number < kEvents; ++number) {
      if (!waitUntil([&] { return arrived == number; })) return;
      connection.write("d\r\ndata: event\n\n\r\n");
    }
    connection.write("0\r\n\r\n");
  });
  Httpd httpd(mpm);
  httpd.configure("RevProxyBuffer 1M\nRevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  std::string seen;
  Client client;
  const Response response = client.perform({.url = httpd.url("/events"), .received = [&](std::string_view piece) {
                                              seen += piece;
                                              arrived = static_cast<int>(seen.size() / 13);
                                            }});
  BOOST_TEST(response.complete(), response.problem);
  BOOST_TEST(seen.size() == 13U * kEvents);
}

}  // namespace

PROXY_TEST_ALL(event_streams_are_not_held_back) {
  expectEventByEvent(mpm, "Content-Type: text/event-stream\r\n");
  expectEventByEvent(mpm, "Content-Type: text/event-stream; charset=utf-8\r\n");
}

PROXY_TEST_ALL(backend_may_forbid_to_hold_back) {
  expectEventByEvent(mpm, "Content-Type: text/plain\r\nX-Accel-Buffering: no\r\n");
}

namespace {

ScriptedOrigin::Script echoing() {
  return ScriptedOrigin::answering([](const OriginRequest& request) { return okResponse(request.body); });
}

std::string bufferedPass(const ScriptedOrigin& origin, const std::string& size) {
  return "RevProxyPass /up " + origin.url("/") + " request-buffer=" + size + "\n";
}

std::string uploadHead(std::size_t size, const std::string& headers = "") {
  return "POST /up/x HTTP/1.1\r\nHost: proxytest\r\nConnection: close\r\nContent-Length: " + std::to_string(size) +
         "\r\n" + headers + "\r\n";
}

}  // namespace

PROXY_TEST_ALL(backend_is_dialled_when_the_upload_is_there) {
  ScriptedOrigin origin(echoing());
  Httpd httpd(mpm);
  httpd.configure(bufferedPass(origin, "1M"));
  httpd.start();
  const std::string content = makeContent(7, 300'000);
  RawClient client(httpd.port());
  client.send(uploadHead(content.size()) + content.substr(0, 200'000));
  BOOST_TEST(client.staysSilent(milliseconds(300)));
  BOOST_TEST(origin.connections() == 0U);
  client.send(content.substr(200'000));
  BOOST_TEST(client.readHead().starts_with("HTTP/1.1 200"));
  BOOST_TEST(hashOf(client.readToEnd().data) == hashOf(content));
  BOOST_TEST(origin.onlyRequest().header("Content-Length").value_or("") == "300000");
}

PROXY_TEST_ALL(uploads_of_all_sizes_pass_a_buffer) {
  ScriptedOrigin origin(echoing());
  Httpd httpd(mpm);
  httpd.configure(bufferedPass(origin, "64k"));
  httpd.start();
  Client client;
  for (const std::uint64_t size : {0, 1, 65'535, 65'536, 65'537, 500'000}) {
    BOOST_TEST((client.post(httpd.url("/up/x"), makeContent(size, size)).body == makeContent(size, size)));
    ContentStream content(size, size);
    const Response chunked =
        client.perform({.url = httpd.url("/up/x"), .method = "POST", .upload = [&](char* buffer, std::size_t capacity) {
                          return content.read(buffer, capacity);
                        }});
    BOOST_TEST((chunked.body == makeContent(size, size)));
  }
}

PROXY_TEST_ALL(buffered_upload_is_asked_for) {
  ScriptedOrigin origin(echoing());
  Httpd httpd(mpm);
  httpd.configure(bufferedPass(origin, "64k"));
  httpd.start();
  RawClient client(httpd.port());
  client.send(uploadHead(4, "Expect: 100-continue\r\n"));
  BOOST_TEST(client.readHead().starts_with("HTTP/1.1 100"));
  BOOST_TEST(origin.connections() == 0U);
  client.send("body");
  BOOST_TEST(client.readHead().starts_with("HTTP/1.1 200"));
  BOOST_TEST(client.readToEnd().data == "body");
}

// mod_reqtimeout's rules hold for what goes into the buffer.
PROXY_TEST_ALL(upload_that_trickles_is_a_408) {
  ScriptedOrigin origin(echoing());
  Httpd httpd(mpm);
  httpd.loadModule("reqtimeout");
  httpd.configure("RequestReadTimeout body=1\n" + bufferedPass(origin, "1M"));
  httpd.start();
  RawClient client(httpd.port());
  client.send(uploadHead(300'000));
  const auto giveUp = std::chrono::steady_clock::now() + kPatience;
  while (client.staysSilent(milliseconds(50)) && std::chrono::steady_clock::now() < giveUp) client.send("x");
  BOOST_TEST(client.readHead().starts_with("HTTP/1.1 408"));
  BOOST_TEST(origin.connections() == 0U);
  httpd.requireLog(kUploadTimedOut);
  httpd.requireLog("client-timeout");
}

// Nothing comes that would wake anybody; the rule holds all the same, with a buffer and without.
PROXY_TEST_ALL(upload_that_falls_silent_is_a_408) {
  ScriptedOrigin origin(echoing());
  Httpd httpd(mpm);
  httpd.loadModule("reqtimeout");
  httpd.configure("Timeout 300\nRequestReadTimeout body=1\n" + bufferedPass(origin, "1M") + "RevProxyPass / " +
                  origin.url("/") + "\n");
  httpd.start();
  for (const std::string target : {"/up/x", "/x"}) {
    RawClient client(httpd.port());
    client.send("POST " + target + " HTTP/1.1\r\nHost: proxytest\r\nContent-Length: 10\r\n\r\nhello");
    BOOST_TEST(client.readHead().starts_with("HTTP/1.1 408"), target);
  }
  BOOST_TEST(origin.requests().empty());
  httpd.requireLog(kUploadTimedOut);
  httpd.requireLog("client-timeout");
}

// Each is asked for its body, which tells that its request is under way while the ones before it still are.
PROXY_TEST_EVENT(uploads_that_trickle_hold_no_worker) {
  constexpr int kWorkers = 4;
  const int uploads = scaled(3 * kWorkers, 200);
  constexpr std::size_t kSize = 1'000;
  constexpr std::size_t kTrickles = 10;
  ScriptedOrigin origin(echoing());
  SlowServer fast(milliseconds(0));
  Httpd httpd(mpm, {.threadsPerChild = kWorkers});
  httpd.expectLog(kAllTaken);
  httpd.loadModule("reqtimeout");
  httpd.configure("RequestReadTimeout body=60\n" + bufferedPass(origin, "1M") + "RevProxyPass /fast " + fast.url("/") +
                  "\n");
  httpd.start();
  std::vector<RawClient> clients;
  for (int count = 0; count < uploads; ++count) {
    clients.emplace_back(httpd.port()).send(uploadHead(kSize, "Expect: 100-continue\r\n"));
    BOOST_TEST(clients.back().readHead().starts_with("HTTP/1.1 100"));
  }
  Client other;
  for (std::size_t round = 0; round < kTrickles; ++round) {
    for (RawClient& client : clients) client.send("x");
    BOOST_TEST(other.get(httpd.url("/fast/x")).status == 200);
  }
  BOOST_TEST(origin.connections() == 0U);
  for (RawClient& client : clients) client.send(std::string(kSize - kTrickles, 'x'));
  for (RawClient& client : clients) {
    BOOST_TEST(client.readHead().starts_with("HTTP/1.1 200"));
    BOOST_TEST((client.readToEnd().data == std::string(kSize, 'x')));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
