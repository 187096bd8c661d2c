// What the cache says of each request, in a word for the log and in Cache-Status.
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/support/client.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(cache_words)

namespace {

std::string answerTo(const OriginRequest& request) {
  const bool isConditional = request.header("If-None-Match").has_value();
  if (request.target() == "/young")
    return okResponse("young", "Cache-Control: max-age=60\r\nAge: 10\r\nETag: \"x\"\r\n");
  if (request.target() == "/private") return okResponse("private", "Cache-Control: private\r\n");
  if (request.target() == "/old" && isConditional)
    return "HTTP/1.1 304 Same\r\nCache-Control: max-age=1\r\nAge: 5\r\nETag: \"x\"\r\n\r\n";
  if (request.target() == "/old") return okResponse("old", "Cache-Control: max-age=60\r\nAge: 90\r\nETag: \"x\"\r\n");
  return okResponse("else");
}

// Closes in place of an answer when it is asked once more about what is young.
void serve(OriginConnection& peer) {
  while (const auto request = peer.readRequest()) {
    if (request->target() == "/young" && request->header("If-None-Match")) return;
    peer.write(answerTo(*request));
  }
}

}  // namespace

PROXY_TEST_EVENT(a_word_for_each_request) {
  struct Row {
    std::string method;
    std::string target;
    std::string field;
    std::string word;
    std::string said;  // a part of Cache-Status; empty: there is none
  };
  const std::vector<Row> rows{
      {"GET", "/young", "X-None: 1", "miss", "fwd=uri-miss; stored"},
      {"GET", "/young", "X-None: 1", "hit", "; hit"},
      // It is fresh, only not for this client, and stands in for what did not come.
      {"GET", "/young", "Cache-Control: max-age=5", "stale", "fwd=request"},
      {"GET", "/old", "X-None: 1", "miss", "fwd=uri-miss; stored"},
      // Confirmed, though the confirmation is old itself.
      {"GET", "/old", "X-None: 1", "revalidated", "fwd=stale; fwd-status=304"},
      {"GET", "/private", "X-None: 1", "miss", "detail=private"},
      {"POST", "/young", "Content-Length: 0", "pass", "fwd=method"},
      {"OPTIONS", "/young", "X-None: 1", "pass", "fwd=method"},
      {"GET", "/none", "Cache-Control: only-if-cached", "miss", ""},
  };
  const ScriptedOrigin origin(serve);
  Httpd httpd(mpm);
  httpd.loadModule("headers");
  httpd.expectLog("closed");
  httpd.configure("RevProxyPass / " + origin.url("/") +
                  "\nRevProxyCache on\nHeader always set X-Word \"expr=%{note:revproxy-cache}\"\n");
  httpd.start();
  for (const Row& row : rows) {
    const Response response =
        Client().perform({.url = httpd.url(row.target), .method = row.method, .headers = {row.field}});
    BOOST_TEST_CONTEXT(row.method << " " << row.target << " " << row.field) {
      BOOST_TEST(response.header("X-Word").value_or("none") == row.word);
      const auto status = response.header("Cache-Status");
      BOOST_TEST(status.has_value() == !row.said.empty());
      BOOST_TEST(status.value_or("").find(row.said) != std::string::npos, status.value_or(""));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
