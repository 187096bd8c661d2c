// Requests of which nothing may reach the origin (RFC 9112 2.2, 3.2, 5.1 and 6; RFC 9110 5.5): to some reader they
// would be another request, or two.
#include "tests/integration/wire/wire_row.h"

namespace proxytest {

using namespace std::string_literals;

namespace {

WireRow target(const std::string& name, const std::string& text, int status = 400) {
  return {.name = "refused-target-" + name,
          .sent = "GET " + text + " HTTP/1.1\nHost: asked.test\n\n",
          .golden = "",
          .status = status};
}

WireRow lines(const std::string& name, const std::string& text, int status = 400) {
  return {.name = "refused-field-" + name,
          .sent = "POST /plain/x HTTP/1.1\r\nHost: asked.test\r\n" + text + "\r\n\r\n0\r\n\r\n",
          .golden = "",
          .status = status,
          .exact = true};
}

WireRow forward(const std::string& name, const std::string& text, int status = 400) {
  WireRow row = target("forward-" + name, text, status);
  row.to = WireRow::To::kForward;
  return row;
}

}  // namespace

std::vector<WireRow> refusedRequestRows() {
  return {
      target("with-space", "/plain/a b"),
      target("with-tab", "/plain/a\tb"),
      target("with-control", "/plain/a\x01" + "b"s),
      target("with-del", "/plain/a\x7f" + "b"s),
      target("with-nul", "/plain/a\0b"s),
      target("with-cr", "/plain/a\rb"),
      target("with-fragment", "/plain/a#b"),
      target("with-fragment-in-query", "/plain/a?b#c"),
      target("with-control-in-query", "/plain/a?b\x01"),
      target("not-encoded-well", "/plain/%zz"),
      target("without-slash", "plain/a"),
      target("above-the-root", "/../../plain/a"),
      lines("two-lengths", "Content-Length: 5\r\nContent-Length: 6"),
      lines("length-with-plus", "Content-Length: +5"),
      // 9112 6.3, rule 4: where the body ends nobody can tell.
      lines("coding-not-chunked", "Transfer-Encoding: gzip"),
      lines("coding-not-chunked-at-last", "Transfer-Encoding: chunked, identity"),
      // 9112 6.1 and 7.1: httpd takes off the last coding alone, and the backend would take the rest for content.
      lines("coding-in-front-of-chunked", "Transfer-Encoding: gzip, chunked", 501),
      lines("coding-in-front-of-chunked-in-a-line-of-its-own", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
            501),
      lines("coding-twice", "Transfer-Encoding: chunked, chunked", 501),
      lines("two-hosts", "Host: other.test\r\nContent-Length: 0"),
      lines("space-before-colon", "X-A : 1\r\nContent-Length: 0"),
      lines("name-with-space", "X A: 1\r\nContent-Length: 0"),
      lines("without-colon", "nonsense\r\nContent-Length: 0"),
      lines("value-with-nul", "X-A: a\0b\r\nContent-Length: 0"s),
      lines("value-with-control", "X-A: a\x01\r\nContent-Length: 0"),
      lines("value-with-cr", "X-A: a\rX-B: b\r\nContent-Length: 0"),
  };
}

std::vector<WireRow> refusedForwardRows() {
  return {
      forward("with-space", "http://{origin}/a b"),       forward("with-control", "http://{origin}/a\x01"),
      forward("with-del", "http://{origin}/a\x7f"),       forward("with-fragment", "http://{origin}/a#b"),
      forward("with-user", "http://user:word@{origin}/"), forward("without-host", "http:///x"),
      forward("with-port-zero", "http://127.0.0.1:0/"),   forward("with-port-of-letters", "http://127.0.0.1:http/"),
      forward("of-short-address", "http://127.1/"),       forward("of-another-scheme", "ftp://{origin}/", 501),
  };
}

}  // namespace proxytest
