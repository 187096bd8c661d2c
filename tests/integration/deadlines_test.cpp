// Each limit of time by itself, said for one mapping: what the client gets, the one line in the log, and that another
// mapping to the same backend, and a backend that is slow without standing still, are let alone.
#include <thread>

#include "tests/integration/support/client.h"
#include "tests/integration/support/content.h"
#include "tests/integration/support/port.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_answer.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/slow_server.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(deadlines)

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLate{800};  // longer than the limits here
constexpr int kPieces = 10;
constexpr milliseconds kBetweenPieces{150};

// What it does is the last part of the request's path.
void serve(OriginConnection& connection) {
  while (true) {
    const std::string head = connection.readHead();
    const auto is = [&](const char* path) { return head.find(std::string("/") + path + " HTTP") != std::string::npos; };
    if (is("deaf")) {
      std::this_thread::sleep_for(std::chrono::seconds{2});
      return;
    }
    connection.readBody(head, [](std::string_view) {});
    if (is("late")) std::this_thread::sleep_for(kLate);
    if (is("dripping-head")) {
      for (const char c : std::string("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n")) {
        connection.write({&c, 1});
        std::this_thread::sleep_for(kBetweenPieces / 3);
      }
    }
    if (is("silent") || is("dripping-head")) {
      connection.waitForClose();
      return;
    }
    if (is("stalling") || is("dripping")) {
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(4 * kPieces) + "\r\n\r\n");
      for (int piece = 0; piece < kPieces; ++piece) {
        connection.write("drip");
        if (is("stalling")) return static_cast<void>(connection.waitForClose());
        std::this_thread::sleep_for(kBetweenPieces);
      }
      continue;
    }
    connection.write(okResponse("answer"));
  }
}

struct Bench {
  Bench(Mpm mpm, const std::string& parameters) : origin(serve), httpd(mpm) {
    httpd.configure("RevProxyPass /limited " + origin.url("/") + " " + parameters + "\nRevProxyPass /patient " +
                    origin.url("/") + "\n");
    httpd.start();
  }

  // The line names the request, and is the only one that has the word.
  void expectOneLine(const std::string& path, const std::string& word) {
    httpd.requireLog(path + " .*\\b" + word + "\\b");
    const auto lines = httpd.errorLog().linesMatching("\\b" + word + "\\b");
    BOOST_TEST(lines.size() == 1U);
    BOOST_TEST(httpd.errorLog().linesMatching("timeout:").size() == 1U);
  }

  void expectGatewayTimeout(const std::string& path, const std::string& word) {
    const Response response = Client().get(httpd.url(path));
    BOOST_TEST(response.status == 504);
    BOOST_TEST(response.complete(), response.problem);
    expectOneLine(path, word);
  }

  void expectBrokenOff(const std::string& path, const std::string& word) {
    const Response response = Client().get(httpd.url(path));
    BOOST_TEST(response.status == 200);
    BOOST_TEST(!response.complete());
    BOOST_TEST(response.body.starts_with("drip"));
    BOOST_TEST(response.body.size() < 4U * kPieces);
    expectOneLine(path, word);
  }

  void expectPatience(const std::string& path, const std::string& body) {
    const Response response = Client().get(httpd.url(path));
    BOOST_TEST(response.status == 200);
    BOOST_TEST(response.complete(), response.problem);
    BOOST_TEST(response.body == body);
  }

  ScriptedOrigin origin;
  Httpd httpd;
};

std::string allPieces() {
  std::string pieces;
  for (int piece = 0; piece < kPieces; ++piece) pieces += "drip";
  return pieces;
}

}  // namespace

PROXY_TEST_ALL(connectiontimeout_ends_the_dial) {
  const SilentPort port;
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + port.url() + " connectiontimeout=300ms timeout=20s total-timeout=20s\n");
  httpd.start();
  BOOST_TEST(Client().get(httpd.url("/x")).status == 504);
  httpd.requireLog("/x .*\\bconnect-timeout\\b");
  BOOST_TEST(httpd.errorLog().linesMatching("\\bconnect-timeout\\b").size() == 1U);
}

PROXY_TEST_ALL(first_byte_timeout_ends_the_wait_for_a_head) {
  Bench bench(mpm, "first-byte-timeout=300ms");
  bench.expectGatewayTimeout("/limited/silent", "first-byte-timeout");
  bench.expectPatience("/patient/late", "answer");
  bench.expectPatience("/limited/dripping", allPieces());
}

// A head that comes byte by byte is late all the same.
PROXY_TEST(first_byte_timeout_is_for_the_whole_head) {
  Bench bench(mpm, "first-byte-timeout=300ms idle-timeout=20s");
  bench.expectGatewayTimeout("/limited/dripping-head", "first-byte-timeout");
}

// It begins with the end of the request: who uploads slowly has not taken the backend's time.
PROXY_TEST_ALL(first_byte_timeout_does_not_count_the_upload) {
  Bench bench(mpm, "first-byte-timeout=400ms");
  RawClient client(bench.httpd.port());
  client.send("POST /limited/x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
  for (int count = 0; count < 10; ++count) {
    std::this_thread::sleep_for(kBetweenPieces / 2);
    client.send("x");
  }
  BOOST_TEST(readAnswerHead(client).status() == 200);
}

PROXY_TEST_ALL(idle_timeout_ends_a_body_that_stands_still) {
  Bench bench(mpm, "idle-timeout=300ms");
  bench.expectBrokenOff("/limited/stalling", "idle-timeout");
  bench.expectPatience("/limited/late", "answer");
}

// All of it takes longer than the limit, no part of it does.
PROXY_TEST(idle_timeout_lets_a_body_be_slow) {
  Bench bench(mpm, "idle-timeout=1s");
  bench.expectPatience("/limited/dripping", allPieces());
}

PROXY_TEST_ALL(send_timeout_ends_an_upload_that_nobody_reads) {
  constexpr std::uint64_t kHuge = 40'000'000;
  Bench bench(mpm, "send-timeout=400ms timeout=20s");
  ContentStream content(1, kHuge);
  const auto read = [&](char* to, std::size_t room) { return content.read(to, room); };
  Client client;
  const Response response =
      client.perform({.url = bench.httpd.url("/limited/deaf"), .method = "PUT", .upload = read, .uploadSize = kHuge});
  BOOST_TEST(response.status == 504);
  bench.expectOneLine("/limited/deaf", "send-timeout");
}

PROXY_TEST_ALL(total_timeout_ends_a_wait) {
  Bench bench(mpm, "total-timeout=400ms timeout=20s");
  bench.expectGatewayTimeout("/limited/silent", "total-timeout");
  bench.expectPatience("/patient/late", "answer");
  bench.expectPatience("/limited/x", "answer");
}

// What has begun cannot become an error page: it is cut short, so that it can be seen.
PROXY_TEST(total_timeout_breaks_off_what_has_begun) {
  Bench bench(mpm, "total-timeout=700ms timeout=20s");
  bench.expectBrokenOff("/limited/dripping", "total-timeout");
  bench.expectPatience("/patient/dripping", allPieces());
}

PROXY_TEST_ALL(total_timeout_counts_the_dial) {
  const SilentPort port;
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + port.url() + " connectiontimeout=20s total-timeout=300ms\n");
  httpd.start();
  BOOST_TEST(Client().get(httpd.url("/x")).status == 504);
  httpd.requireLog("/x .*\\btotal-timeout\\b");
}

PROXY_TEST_THREADS(total_timeout_counts_the_queue) {
  SlowServer slow(milliseconds{0});
  slow.stick();
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass /first " + slow.url("/") + " max=1\nRevProxyPass /second " + slow.url("/") +
                  " max=1 acquire=20s total-timeout=300ms\n");
  httpd.start();
  RawClient first(httpd.port());
  first.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n");
  BOOST_REQUIRE(waitUntil([&] { return slow.requests() == 1; }));
  BOOST_TEST(Client().get(httpd.url("/second")).status == 504);
  httpd.requireLog("/second .*\\btotal-timeout\\b");
  slow.resume();
  BOOST_TEST(first.readHead().starts_with("HTTP/1.1 200"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
