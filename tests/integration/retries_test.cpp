// Requests that meet a backend which gives up a kept connection under them: what is sent once more, and what is not.
// How often each request was seen, the backend says.
#include <atomic>

#include "tests/integration/support/client.h"
#include "tests/integration/support/content.h"
#include "tests/integration/support/http_text.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(retries)

namespace {

constexpr std::uint64_t kSeed = 11;
constexpr std::uint64_t kSmall = 10'000;
constexpr std::uint64_t kLarge = 100'000;  // over the default of RevProxyReplayBuffer

// What the field X-Fault of a request asks the backend to do, on a connection that has served another one before.
constexpr const char* kAfterHead = "after-head";
constexpr const char* kWithinBody = "within-body";
constexpr const char* kAfterBody = "after-body";
constexpr const char* kAfterFirstByte = "after-first-byte";

struct Upload {
  std::string method;
  std::uint64_t size = 0;
  bool chunked = false;
  std::string path = "/plain";
  std::vector<std::string> headers = {};
};

// Both modules before one backend. One child of prefork, so that a request meets the connection of the one before.
struct Bench {
  explicit Bench(Mpm mpm)
      : origin([this](OriginConnection& connection) { serve(connection); }),
        httpd(mpm, {.preforkStart = 1, .preforkChildren = 1}) {
    const std::string url = origin.url("/");
    httpd.expectLog(kAllTaken);
    httpd.configure("FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\nRevProxyPass /plain " + url +
                    "\nRevProxyPass /key " + url + " retry-post=key\n<Location /large>\nRevProxyPass " + url +
                    "\nRevProxyReplayBuffer 1M\n</Location>\n<Location /off>\nRevProxyPass " + url +
                    "\nRevProxyReplayBuffer Off\n</Location>\n");
    httpd.start();
  }

  void serve(OriginConnection& connection) {
    for (bool isKept = false;; isKept = true) {
      const std::string head = connection.readHead();
      const HeaderList fields = parseHeaders(head);
      const std::string fault = headerValue(fields, "X-Fault").value_or("");
      if (!fault.empty() && (isKept || headerValue(fields, "X-Always"))) return fail(connection, head, fault);
      std::string body;
      connection.readBody(head, [&](std::string_view piece) { body += piece; });
      const std::string answer = okResponse(hashOf(body));
      connection.write(head.starts_with("HEAD") ? answer.substr(0, answer.find("\r\n\r\n") + 4) : answer);
    }
  }

  void fail(OriginConnection& connection, const std::string& head, const std::string& fault) {
    ++faults;
    const HeaderList fields = parseHeaders(head);
    if (fault == kWithinBody && headerValue(fields, "Transfer-Encoding")) connection.readChunk();
    if (fault == kWithinBody && headerValue(fields, "Content-Length"))
      connection.readExactly(std::stoul(*headerValue(fields, "Content-Length")) / 2);
    if (fault == kAfterBody || fault == kAfterFirstByte) connection.readBody(head, [](std::string_view) {});
    if (fault == kAfterFirstByte) connection.write("H");
    if (headerValue(fields, "X-Reset")) connection.reset();
  }

  Response send(const Upload& upload, std::vector<std::string> headers) {
    headers.insert(headers.end(), upload.headers.begin(), upload.headers.end());
    ContentStream content(kSeed, upload.size);
    Client client;
    const bool forward = upload.path == "forward";
    if (forward) client.useProxy(httpd.proxyUrl());
    Request request{.url = forward ? origin.url("/x") : httpd.url(upload.path), .method = upload.method};
    request.headers = std::move(headers);
    if (upload.size > 0) request.upload = [&](char* to, std::size_t room) { return content.read(to, room); };
    if (upload.size > 0 && !upload.chunked) request.uploadSize = upload.size;
    return client.perform(request);
  }

  struct Seen {
    Response response;
    std::size_t times = 0;
  };

  // Behind another request, on whose connection it goes. Should a busy machine have let that one grow old, once more.
  Seen sendOnKept(const Upload& upload, const std::string& fault, const std::string& more) {
    Seen seen;
    for (int before = faults, tries = 0; faults == before && tries < 5; ++tries) {
      const std::string id = std::to_string(++lastId);
      BOOST_TEST(send({.method = "GET", .path = upload.path}, {}).status == 200);
      seen.response = send(upload, {"X-Fault: " + fault, "X-Id: " + id, more});
      seen.times = timesSeen(id);
    }
    return seen;
  }

  std::size_t timesSeen(const std::string& id) const {
    std::size_t times = 0;
    for (const OriginRequest& request : origin.requests()) times += request.header("X-Id").value_or("") == id;
    return times;
  }

  void expectRepeated(const Upload& upload, const std::vector<std::string>& places) {
    for (const std::string& fault : places) {
      for (const std::string more : {"X-Close: 1", "X-Reset: 1"}) {
        const Seen seen = sendOnKept(upload, fault, more);
        BOOST_TEST_CONTEXT(describe(upload) << " " << fault << " " << more) {
          BOOST_TEST(seen.response.status == 200);
          BOOST_TEST(seen.response.complete(), seen.response.problem);
          if (upload.method != "HEAD") BOOST_TEST(seen.response.body == hashOfContent(kSeed, upload.size));
          BOOST_TEST(seen.times == 2U);
        }
      }
    }
  }

  void expectNotRepeated(const Upload& upload, const std::vector<std::string>& places) {
    for (const std::string& fault : places) {
      for (const std::string more : {"X-Close: 1", "X-Reset: 1"}) {
        const Seen seen = sendOnKept(upload, fault, more);
        BOOST_TEST_CONTEXT(describe(upload) << " " << fault << " " << more) {
          BOOST_TEST(seen.response.status == 502);
          BOOST_TEST(seen.times == 1U);
        }
      }
    }
  }

  static std::string describe(const Upload& upload) {
    return upload.method + " " + upload.path + " of " + std::to_string(upload.size) +
           (upload.chunked ? " chunked" : "");
  }

  std::atomic<int> faults = 0;
  int lastId = 0;
  ScriptedOrigin origin;
  Httpd httpd;
};

}  // namespace

// None of them leaves a line in the error log, which the end of httpd proves.
PROXY_TEST_ALL(what_may_run_twice_is_sent_again) {
  Bench bench(mpm);
  for (const std::string method : {"GET", "HEAD", "OPTIONS", "DELETE"})
    bench.expectRepeated({.method = method}, {kAfterHead});
  for (const bool chunked : {false, true})
    for (const std::string method : {"PUT", "DELETE"})
      bench.expectRepeated({method, kSmall, chunked}, {kAfterHead, kWithinBody, kAfterBody});
}

PROXY_TEST(larger_bodies_are_sent_again_where_the_buffer_is_larger) {
  Bench bench(mpm);
  for (const bool chunked : {false, true})
    bench.expectRepeated({"PUT", kLarge, chunked, "/large"}, {kAfterHead, kWithinBody, kAfterBody});
}

PROXY_TEST(bodies_beyond_the_buffer_are_not_sent_again) {
  Bench bench(mpm);
  bench.httpd.expectLog("closed-early");
  for (const bool chunked : {false, true}) {
    bench.expectNotRepeated({"PUT", kLarge, chunked}, {kAfterBody});
    bench.expectNotRepeated({"PUT", kSmall, chunked, "/off"}, {kAfterBody});
  }
  bench.expectRepeated({.method = "GET", .path = "/off"}, {kAfterHead});
}

// With bytes of the body on their way it depends on how many had left; but never is it a part, or another one.
PROXY_TEST(body_of_which_a_part_was_sent_is_whole_or_not_there) {
  Bench bench(mpm);
  bench.httpd.expectLog("closed-early");
  for (int round = 0; round < 10; ++round) {
    const auto seen = bench.sendOnKept({"PUT", kLarge, round % 2 == 1}, kAfterHead, "X-Reset: 1");
    BOOST_TEST((seen.response.status == 502 || seen.response.status == 200), seen.response.status);
    if (seen.response.status == 200) BOOST_TEST(seen.response.body == hashOfContent(kSeed, kLarge));
    BOOST_TEST(seen.times == (seen.response.status == 200 ? 2U : 1U));
  }
}

PROXY_TEST_ALL(post_is_sent_again_with_a_key_and_leave_alone) {
  Bench bench(mpm);
  bench.httpd.expectLog("closed-early");
  const std::vector<std::string> key{"Idempotency-Key: \"8e03978e\""};
  for (const std::string method : {"POST", "PATCH"})
    for (const std::uint64_t size : {std::uint64_t{0}, kSmall})
      for (const bool chunked : {false, true}) {
        if (size == 0 && chunked) continue;
        bench.expectNotRepeated({method, size, chunked, "/plain"}, {kAfterHead, kAfterBody});
        bench.expectNotRepeated({method, size, chunked, "/plain", key}, {kAfterBody});
        bench.expectNotRepeated({method, size, chunked, "/key"}, {kAfterBody});
      }
  for (const bool chunked : {false, true})
    bench.expectRepeated({"POST", kSmall, chunked, "/key", key}, {kAfterHead, kWithinBody, kAfterBody});
  bench.expectNotRepeated({"POST", kLarge, false, "/key", key}, {kAfterBody});
}

PROXY_TEST_ALL(nothing_is_sent_again_once_a_byte_has_come) {
  Bench bench(mpm);
  bench.httpd.expectLog("closed-early");
  bench.httpd.expectLog("malformed-response");
  for (const std::string method : {"GET", "HEAD", "DELETE"})
    bench.expectNotRepeated({.method = method}, {kAfterFirstByte});
  bench.expectNotRepeated({"PUT", kSmall}, {kAfterFirstByte});
  bench.expectNotRepeated({"POST", kSmall, false, "/key", {"Idempotency-Key: 1"}}, {kAfterFirstByte});
}

PROXY_TEST_ALL(fresh_connection_that_fails_is_the_answer) {
  Bench bench(mpm);
  bench.httpd.expectLog("closed-early");
  std::size_t asked = 0;
  for (const std::string method : {"GET", "PUT", "POST"}) {
    const std::string id = "fresh-" + method;
    const Response response = bench.send({method, method == "GET" ? 0 : kSmall},
                                         {"X-Fault: after-body", "X-Always: 1", "X-Reset: 1", "X-Id: " + id});
    BOOST_TEST(response.status == 502);
    BOOST_TEST(bench.timesSeen(id) == 1U);
    BOOST_TEST(bench.origin.connections() == ++asked);
  }
}

PROXY_TEST(second_time_is_the_last_one) {
  Bench bench(mpm);
  bench.httpd.expectLog("closed-early");
  const auto seen = bench.sendOnKept({.method = "GET", .headers = {"X-Always: 1"}}, kAfterHead, "X-Reset: 1");
  BOOST_TEST(seen.response.status == 502);
  BOOST_TEST(seen.times == 2U);
  BOOST_TEST(bench.httpd.errorLog().linesMatching("closed-early").size() == 1U);
}

PROXY_TEST_ALL(forward_proxy_sends_again_by_the_same_rule) {
  Bench bench(mpm);
  bench.httpd.expectLog("closed-early");
  bench.expectRepeated({.method = "GET", .path = "forward"}, {kAfterHead});
  bench.expectRepeated({"PUT", kSmall, true, "forward"}, {kWithinBody, kAfterBody});
  bench.expectNotRepeated({"POST", kSmall, false, "forward"}, {kAfterHead, kAfterBody});
  bench.expectNotRepeated({"POST", kSmall, false, "forward", {"Idempotency-Key: 1"}}, {kAfterBody});
  bench.expectNotRepeated({.method = "GET", .path = "forward"}, {kAfterFirstByte});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
