// Trailers of uploads (RFC 9110 6.5): that they reach the backend, and what may not stand in them.
#include <atomic>
#include <mutex>
#include <sstream>

#include "tests/integration/support/http_text.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(upload_trailers)

namespace {

std::string chunk(const std::string& data) {
  std::ostringstream text;
  text << std::hex << data.size() << "\r\n" << data << "\r\n";
  return text.str();
}

// Reads an upload as it is on the wire, to the empty line behind its trailers.
struct UploadReader {
  explicit UploadReader(Mpm mpm)
      : origin([this](OriginConnection& connection) {
          for (bool isKept = false;; isKept = true) {
            const std::string head = connection.readHead();
            const auto length = headerValue(parseHeaders(head), "Content-Length");
            std::string text = length ? connection.readExactly(std::stoul(*length)) : "";
            while (!length && !text.ends_with("0\r\n\r\n") && !text.ends_with("\r\nX-Last: 1\r\n\r\n"))
              text += connection.readExactly(1);
            if (isKept && head.find("/leave") != std::string::npos) return static_cast<void>(++left);
            const std::lock_guard lock(mutex);
            seen = text;
            connection.write(okResponse("taken"));
          }
        }),
        httpd(mpm, {.preforkStart = 1, .preforkChildren = 1}) {
    httpd.expectLog(kAllTaken);
    httpd.configure("FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\nRevProxyPass /buffered " + origin.url("/") +
                    " request-buffer=1k\nRevProxyPass / " + origin.url("/") + "\n");
    httpd.start();
  }

  std::string upload(const std::string& target, const std::string& text, const std::string& method = "POST") {
    RawClient client(httpd.port());
    client.send(method + " " + target +
                " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + text);
    BOOST_TEST(client.readToEnd().data.ends_with("taken"));
    const std::lock_guard lock(mutex);
    return seen;
  }

  std::atomic<int> left = 0;
  std::mutex mutex;
  std::string seen;
  ScriptedOrigin origin;
  Httpd httpd;
};

}  // namespace

PROXY_TEST_ALL(trailers_of_an_upload_reach_the_backend) {
  UploadReader reader(mpm);
  const std::string trailers = "X-First: a, \"b c\"\r\nX-Last: 1\r\n";
  for (const std::string& target : {std::string("/x"), reader.origin.url("/x"), std::string("/buffered/x")}) {
    const std::string body = target.starts_with("/b") ? std::string(3000, 'x') : "hello";
    const std::string seen = reader.upload(target, chunk(body) + "0\r\n" + trailers + "\r\n");
    BOOST_TEST(seen.ends_with("\r\n0\r\n" + trailers + "\r\n"), target << " gives " << seen);
    BOOST_TEST(reader.upload(target, chunk(body) + "0\r\n\r\n").ends_with("\r\n0\r\n\r\n"));
  }
}

// What fits the buffer could go on with a length, behind which there is no place for them.
PROXY_TEST_ALL(trailers_of_a_buffered_upload_reach_the_backend) {
  UploadReader reader(mpm);
  const std::string text = chunk("hello") + "0\r\nX-Last: 1\r\n\r\n";
  BOOST_TEST(reader.upload("/buffered/x", text) == text);
}

PROXY_TEST_ALL(trailers_of_an_upload_that_is_sent_again_are_sent_again) {
  UploadReader reader(mpm);
  const std::string text = chunk("hello") + "0\r\nX-Last: 1\r\n\r\n";
  for (int tries = 0; reader.left == 0 && tries < 5; ++tries) {
    reader.upload("/x", chunk("before") + "0\r\n\r\n");
    BOOST_TEST(reader.upload("/leave", text, "PUT") == text);
  }
  BOOST_TEST(reader.left == 1);
}

PROXY_TEST(forbidden_trailers_of_an_upload_go_no_further) {
  UploadReader reader(mpm);
  for (const std::string forbidden :
       {"Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n", "Host: evil.test\r\n",
        "Authorization: Basic eA==\r\n", "Cookie: a=b\r\n", "X-Forwarded-For: 127.0.0.1\r\n", "Connection: X-Last\r\n",
        "Expect: 100-continue\r\n"}) {
    const std::string seen = reader.upload("/x", chunk("hello") + "0\r\n" + forbidden + "X-Last: 1\r\n\r\n");
    BOOST_TEST(seen == chunk("hello") + "0\r\nX-Last: 1\r\n\r\n", "with " << forbidden << "came " << seen);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
