// "Expect: 100-continue" through both modules (RFC 9110 10.1.1), interim responses of all kinds (15.2), and final ones
// that come before the request is over. The client really waits before it sends.
#include <atomic>

#include "tests/integration/support/http_text.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_answer.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(expect)

namespace {

constexpr const char* kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
const std::string kBody = "hello world";
const std::string kChunked = "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";

// Does what the request's X-Manner says, and counts what it sees of bodies that it has not asked for.
struct Bench {
  Bench(Mpm mpm, const std::string& parameters)
      : origin([this](OriginConnection& connection) { serve(connection); }),
        httpd(mpm, {.preforkStart = 1, .preforkChildren = 1}) {
    httpd.expectLog(kAllTaken);
    httpd.configure("FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\nRevProxyPass / " + origin.url("/") + " " +
                    parameters + "\n");
    httpd.start();
  }

  void serve(OriginConnection& connection) {
    for (bool isKept = false;; isKept = true) {
      const std::string head = connection.readHead();
      const std::string manner = headerValue(parseHeaders(head), "X-Manner").value_or("");
      if (manner == "leave" && isKept) return static_cast<void>(++left);
      if (manner == "continue" || manner == "leave") connection.write(kContinue);
      if (manner == "hints")
        connection.write("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + std::string(kContinue) +
                         "HTTP/1.1 103 Early Hints\r\nLink: </b.css>\r\n\r\n");
      if (std::isdigit(static_cast<unsigned char>(manner.front())) != 0) {
        connection.write("HTTP/1.1 " + manner + " Early\r\nContent-Length: 5\r\n\r\nearly");
        if (!connection.waitForClose()) ++unasked;
        ++early;
        return;
      }
      std::string body;
      connection.readBody(head, [&](std::string_view piece) { body += piece; });
      connection.write(okResponse("got " + body));
    }
  }

  std::string head(const std::string& manner, bool chunked, bool forward, const std::string& version = "1.1") const {
    return "PUT " + (forward ? origin.url("/x") : "/x") + " HTTP/" + version +
           "\r\nHost: proxytest\r\nExpect: 100-continue\r\nX-Manner: " + manner +
           (chunked ? "\r\nTransfer-Encoding: chunked\r\n\r\n"
                    : "\r\nContent-Length: " + std::to_string(kBody.size()) + "\r\n\r\n");
  }

  std::atomic<int> left = 0;
  std::atomic<int> unasked = 0;
  std::atomic<int> early = 0;
  ScriptedOrigin origin;
  Httpd httpd;
};

template <typename Check>
void forEachFraming(Check&& check) {
  for (const bool forward : {false, true})
    for (const bool chunked : {false, true}) {
      BOOST_TEST_CONTEXT((forward ? "forward" : "reverse") << (chunked ? ", chunked" : ", sized")) {
        check(forward, chunked);
      }
    }
}

void expectBodyTaken(RawClient& client) {
  RawAnswer answer = readAnswerHead(client);
  readAnswerBody(client, answer);
  BOOST_TEST(answer.status() == 200, answer.head);
  BOOST_TEST(answer.interim.empty());
  BOOST_TEST(answer.body == "got " + kBody);
  BOOST_TEST(answer.complete);
}

}  // namespace

PROXY_TEST_ALL(backend_that_says_100_gets_the_body) {
  Bench bench(mpm, "expect-timeout=20s");
  forEachFraming([&](bool forward, bool chunked) {
    RawClient client(bench.httpd.port());
    for (int round = 0; round < 2; ++round) {
      client.send(bench.head("continue", chunked, forward));
      BOOST_TEST(client.readHead() == kContinue);
      client.send(chunked ? kChunked : kBody);
      expectBodyTaken(client);
    }
  });
  for (const OriginRequest& request : bench.origin.requests())
    BOOST_TEST(request.header("Expect").value_or("none") == "100-continue");
}

// RFC 9110 10.1.1: who has waited long enough sends the body all the same.
PROXY_TEST_ALL(backend_that_says_nothing_gets_it_after_a_while) {
  Bench bench(mpm, "expect-timeout=200ms");
  forEachFraming([&](bool forward, bool chunked) {
    RawClient client(bench.httpd.port());
    client.send(bench.head("silent", chunked, forward));
    BOOST_TEST(client.readHead() == kContinue);
    client.send(chunked ? kChunked : kBody);
    expectBodyTaken(client);
  });
}

// The client is spared the upload, the backend sees nothing of it, and neither connection is used again.
PROXY_TEST_ALL(final_answer_instead_of_100_is_the_answer) {
  Bench bench(mpm, "expect-timeout=20s");
  int asked = 0;
  for (const int status : {417, 401, 413, 200}) {
    forEachFraming([&](bool forward, bool chunked) {
      RawClient client(bench.httpd.port());
      client.send(bench.head(std::to_string(status), chunked, forward));
      RawAnswer answer = readAnswerHead(client);
      readAnswerBody(client, answer);
      BOOST_TEST(answer.status() == status);
      BOOST_TEST(answer.interim.empty());
      BOOST_TEST(answer.body == "early");
      BOOST_TEST(answer.announcesClosing(), answer.head);
      BOOST_TEST(!client.readToEnd().timedOut);
      ++asked;
      BOOST_TEST(waitUntil([&] { return bench.early == asked; }));
    });
  }
  BOOST_TEST(bench.unasked == 0);
}

PROXY_TEST_ALL(interim_responses_pass_in_order) {
  Bench bench(mpm, "expect-timeout=20s");
  forEachFraming([&](bool forward, bool chunked) {
    RawClient client(bench.httpd.port());
    client.send(bench.head("hints", chunked, forward));
    const std::string first = client.readHead();
    BOOST_TEST(first.starts_with("HTTP/1.1 103 Early Hints\r\n"), first);
    BOOST_TEST(headerValue(parseHeaders(first), "Link").value_or("") == "</a.css>");
    const std::string second = client.readHead();
    const std::string third = client.readHead();
    BOOST_TEST(second == kContinue);
    BOOST_TEST(headerValue(parseHeaders(third), "Link").value_or("") == "</b.css>", third);
    client.send(chunked ? kChunked : kBody);
    expectBodyTaken(client);
  });
}

PROXY_TEST_ALL(interim_responses_of_a_get_pass_with_their_fields) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    while (connection.readRequest()) {
      connection.write("HTTP/1.1 102 Processing\r\nX-Step: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n");
      connection.write("\r\nHTTP/1.1 103 Early Hints\r\nLink: </b.css>\r\nLink: </c.css>\r\n\r\n");
      connection.write(okResponse("final", "X-Final: yes\r\n"));
    }
  });
  Httpd httpd(mpm);
  httpd.configure("FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\nRevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  for (const std::string& target : {std::string("/x"), origin.url("/x")}) {
    RawClient client(httpd.port());
    for (int round = 0; round < 2; ++round) {
      client.send("GET " + target + " HTTP/1.1\r\nHost: proxytest\r\n\r\n");
      const std::string first = client.readHead();
      BOOST_TEST(first.starts_with("HTTP/1.1 102"), first);
      BOOST_TEST(headerValue(parseHeaders(first), "X-Step").value_or("") == "1");
      BOOST_TEST(headerValue(parseHeaders(client.readHead()), "Link").value_or("") == "</a.css>");
      BOOST_TEST(headerValue(parseHeaders(client.readHead()), "Link").value_or("") == "</b.css>, </c.css>");
      RawAnswer answer = readAnswerHead(client);
      readAnswerBody(client, answer);
      BOOST_TEST(answer.body == "final");
      BOOST_TEST(answer.header("X-Final").value_or("") == "yes");
      BOOST_TEST(!answer.header("Link").has_value());
      BOOST_TEST(!answer.header("X-Step").has_value());
    }
  }
}

// RFC 9110 10.1.1: from a client of HTTP/1.0 the expectation is ignored; 15.2: it gets no interim response.
PROXY_TEST_ALL(old_client_expects_nothing) {
  Bench bench(mpm, "expect-timeout=20s");
  for (const bool forward : {false, true})
    for (const std::string manner : {"silent", "continue", "hints"}) {
      RawClient client(bench.httpd.port());
      client.send(bench.head(manner, false, forward, "1.0") + kBody);
      const RawClient::Ending ending = client.readToEnd();
      BOOST_TEST(!ending.timedOut);
      BOOST_TEST(ending.data.find(" 200 OK\r\n") == 8U, ending.data);
      BOOST_TEST(ending.data.ends_with("\r\n\r\ngot " + kBody), ending.data);
    }
  for (const OriginRequest& request : bench.origin.requests())
    BOOST_TEST(!request.header("Expect").has_value(), request.head);
}

// Nothing is waited for where there is no body.
PROXY_TEST(expectation_without_a_body_is_none) {
  Bench bench(mpm, "expect-timeout=20s");
  for (const std::string length : {"", "Content-Length: 0\r\n"}) {
    RawClient client(bench.httpd.port());
    client.send("GET /x HTTP/1.1\r\nHost: a\r\nX-Manner: silent\r\nExpect: 100-continue\r\n" + length + "\r\n");
    RawAnswer answer = readAnswerHead(client);
    BOOST_TEST(answer.status() == 200, answer.head);
  }
}

// The proxy has asked for the body itself, so it has nothing to expect any more.
PROXY_TEST_ALL(buffer_for_uploads_says_100_itself) {
  Bench bench(mpm, "expect-timeout=20s request-buffer=1M");
  for (const bool chunked : {false, true}) {
    RawClient client(bench.httpd.port());
    client.send(bench.head("silent", chunked, false));
    BOOST_TEST(client.readHead() == kContinue);
    client.send(chunked ? kChunked : kBody);
    expectBodyTaken(client);
  }
  for (const OriginRequest& request : bench.origin.requests()) BOOST_TEST(!request.header("Expect").has_value());
}

// The kept connection is closed instead of an answer: the client, which still waits, learns nothing of it.
PROXY_TEST_ALL(expectation_is_sent_again_with_its_request) {
  Bench bench(mpm, "expect-timeout=20s");
  forEachFraming([&](bool forward, bool chunked) {
    const std::string body = chunked ? kChunked : kBody;
    for (int before = bench.left, tries = 0; bench.left == before && tries < 5; ++tries) {
      RawClient client(bench.httpd.port());
      for (const std::string manner : {"continue", "leave"}) {
        client.send(bench.head(manner, chunked, forward));
        BOOST_TEST(client.readHead() == kContinue);
        client.send(body);
        expectBodyTaken(client);
      }
    }
  });
  BOOST_TEST(bench.left == 4);
}

namespace {

// The client has sent a part, and goes on only when it has been answered.
void expectAnswerInTheMiddle(Mpm mpm, int status, bool chunked, bool forward) {
  ScriptedOrigin origin([status](OriginConnection& connection) {
    connection.readHead();
    connection.readExactly(5);
    connection.write("HTTP/1.1 " + std::to_string(status) + " No\r\nContent-Length: 2\r\n\r\nno");
    while (!connection.waitForClose()) connection.readExactly(1);
  });
  Httpd httpd(mpm);
  httpd.configure("FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\nRevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  RawClient client(httpd.port());
  client.send("POST " + (forward ? origin.url("/x") : "/x") + " HTTP/1.1\r\nHost: a\r\n" +
              (chunked ? "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n" : "Content-Length: 1000000\r\n\r\nhello"));
  RawAnswer answer = readAnswerHead(client);
  readAnswerBody(client, answer);
  BOOST_TEST(answer.status() == status, answer.head);
  BOOST_TEST(answer.body == "no");
  BOOST_TEST(answer.complete);
  BOOST_TEST(answer.announcesClosing(), answer.head);
  BOOST_TEST(!client.readToEnd().timedOut);
}

}  // namespace

PROXY_TEST(error_in_the_middle_of_an_upload_is_passed_on_at_once) {
  for (const int status : {413, 401})
    for (const bool chunked : {false, true})
      for (const bool forward : {false, true}) expectAnswerInTheMiddle(mpm, status, chunked, forward);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
