// Requests through the forward proxy (RFC 9110 7.6 and 7.7, RFC 9112 3.2.2): the path as the client wrote it, the host
// as the URL says.
#include "tests/integration/wire/wire_row.h"

namespace proxytest {

namespace {

WireRow forward(const std::string& name, const std::string& sent, const std::string& golden,
                WireRow::To to = WireRow::To::kForward) {
  return {.name = "forward-" + name, .sent = sent, .golden = golden, .to = to};
}

WireRow target(const std::string& name, const std::string& behindHost, const std::string& golden) {
  return forward("target-" + name, "GET http://{origin}" + behindHost + " HTTP/1.1\nHost: {origin}\n\n",
                 "GET " + golden + " HTTP/1.1\nHost: {origin}\n\n");
}

}  // namespace

std::vector<WireRow> forwardRows() {
  const std::string kHost = "HTTP/1.1\nHost: {origin}\n";
  return {
      target("ordinary", "/a/b?c=d", "/a/b?c=d"),
      // 9112 3.2.1: an empty path is sent as "/".
      target("empty", "", "/"),
      target("of-a-query-alone", "?q=1", "/?q=1"),
      // 9110 7.7: it is not the proxy's to tidy up.
      target("untidy", "/a/../b//c/./%41%2e;x", "/a/../b//c/./%41%2e;x"),
      target("encoded", "/a%2Fb%2fc%20d%25", "/a%2Fb%2fc%20d%25"),
      target("with-an-empty-query", "/x?", "/x?"),
      target("of-raw-utf-8", "/\xc3\xa4?\xe2\x82\xac", "/%C3%A4?%E2%82%AC"),
      target("with-another-url", "/http://other.test/?u=http://a:b@c/", "/http://other.test/?u=http://a:b@c/"),
      forward("host-differs", "GET http://{origin}/x HTTP/1.1\nHost: liar.test\nX-A: 1\n\n",
              "GET /x " + kHost + "X-A: 1\n\n"),
      forward("host-is-missing", "GET http://{origin}/x HTTP/1.0\n\n", "GET /x " + kHost + "\n"),
      forward("host-in-capitals", "GET HTTP://{ORIGIN-NAME}/x HTTP/1.1\nHost: a\n\n",
              "GET /x HTTP/1.1\nHost: {origin-name}\n\n"),
      forward("host-of-ipv6", "GET http://{origin6}/x HTTP/1.1\nHost: a\n\n", "GET /x HTTP/1.1\nHost: {origin6}\n\n"),
      // 9112 3.2.4.
      forward("options-of-the-server", "OPTIONS http://{origin} HTTP/1.1\nHost: {origin}\n\n",
              "OPTIONS * " + kHost + "\n"),
      forward("options-of-the-root", "OPTIONS http://{origin}/ HTTP/1.1\nHost: {origin}\n\n",
              "OPTIONS / " + kHost + "\n"),
      forward(
          "fields-of-the-proxy",
          "GET http://{origin}/x HTTP/1.1\nHost: {origin}\nProxy-Authorization: Basic eDp5\n"
          "Authorization: Basic YTpi\nProxy-Connection: keep-alive\nConnection: close, X-Hop\nX-Hop: 1\n"
          "X-Forwarded-For: 192.0.2.1\nCookie: a=1; b=2\nX-Empty: \n\n",
          "GET /x " + kHost + "Authorization: Basic YTpi\nX-Forwarded-For: 192.0.2.1\nCookie: a=1; b=2\nX-Empty: \n\n"),
      forward("body", "POST http://{origin}/x HTTP/1.1\nHost: {origin}\nContent-Length: 5\n\nhello",
              "POST /x " + kHost + "Content-Length: 5\n\nhello"),
      forward("body-in-chunks",
              "POST http://{origin}/x HTTP/1.1\nHost: {origin}\nTransfer-Encoding: chunked\n\n5;a\nhello\n0\n\n",
              "POST /x " + kHost + "Transfer-Encoding: chunked\n\n5\nhello\n0\n\n"),
      forward("method-unknown", "FROBNICATE http://{origin}/x HTTP/1.1\nHost: {origin}\n\n",
              "FROBNICATE /x " + kHost + "\n"),
      forward("via", "GET http://{origin}/x HTTP/1.1\nHost: {origin}\nVia: 1.0 fred\n\n",
              "GET /x " + kHost + "Via: 1.0 fred, 1.1 httpd.test:{proxy}\n\n", WireRow::To::kForwardVia),
      forward("via-of-http-1.0", "GET http://{origin}/x HTTP/1.0\n\n",
              "GET /x " + kHost + "Via: 1.0 httpd.test:{proxy}\n\n", WireRow::To::kForwardVia),
  };
}

}  // namespace proxytest
