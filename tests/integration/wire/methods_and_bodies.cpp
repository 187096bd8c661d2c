// Methods (RFC 9110 9) and the framing of bodies (RFC 9112 6 and 7), through mappings that add nothing else.
#include "tests/integration/wire/wire_row.h"

namespace proxytest {

namespace {

// Without a body.
WireRow method(const std::string& name) {
  return {"method-" + name, name + " /plain/x HTTP/1.1\nHost: asked.test\n\n",
          name + " /x HTTP/1.1\nHost: {origin}\n\n"};
}

WireRow body(const std::string& name, const std::string& sent, const std::string& golden,
             const std::string& path = "/plain/x") {
  return {"body-" + name, "POST " + path + " HTTP/1.1\nHost: asked.test\nContent-Type: text/plain\n" + sent,
          "POST /x HTTP/1.1\nHost: {origin}\nContent-Type: text/plain\n" + golden};
}

}  // namespace

std::vector<WireRow> methodRows() {
  return {
      method("GET"),
      method("HEAD"),
      method("POST"),
      method("PUT"),
      method("DELETE"),
      method("OPTIONS"),
      method("PATCH"),
      method("PROPFIND"),
      method("M-SEARCH"),
      method("FROBNICATE"),
      method("get"),  // 9110 9.1: another method than GET
      {"method-of-http-1.0", "GET /plain/x HTTP/1.0\n\n", "GET /x HTTP/1.1\nHost: {origin}\n\n"},
  };
}

std::vector<WireRow> bodyRows() {
  return {
      body("with-a-length", "Content-Length: 5\n\nhello", "Content-Length: 5\n\nhello"),
      body("with-zeros-in-its-length", "Content-Length: 005\n\nhello", "Content-Length: 5\n\nhello"),
      // 9110 8.6: nothing is not the same as nothing said.
      body("of-length-zero", "Content-Length: 0\n\n", "Content-Length: 0\n\n"),
      body("in-a-chunk", "Transfer-Encoding: chunked\n\n5\nhello\n0\n\n",
           "Transfer-Encoding: chunked\n\n5\nhello\n0\n\n"),
      body("in-chunks", "Transfer-Encoding: Chunked\n\n005\nhello\nB\n good world\n00\n\n",
           "Transfer-Encoding: chunked\n\n5\nhello\nb\n good world\n0\n\n"),
      // 9112 7.1.1: they speak to this hop alone.
      body("with-chunk-extensions", "Transfer-Encoding: chunked\n\n5;a=b\nhello\n0;last\n\n",
           "Transfer-Encoding: chunked\n\n5\nhello\n0\n\n"),
      // 9112 6.3, rule 3: a length beside it is taken away.
      body("with-a-length-and-a-coding", "Content-Length: 3\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n",
           "Transfer-Encoding: chunked\n\n5\nhello\n0\n\n"),
      body("of-no-chunk", "Transfer-Encoding: chunked\n\n0\n\n", "Transfer-Encoding: chunked\n\n0\n\n"),
      body("in-chunks-that-is-taken-in-first", "Transfer-Encoding: chunked\n\n5\nhello\n6\n world\n0\n\n",
           "Content-Length: 11\n\nhello world", "/buffered/x"),
      {"body-of-get", "GET /plain/x HTTP/1.1\nHost: asked.test\nContent-Length: 5\n\nhello",
       "GET /x HTTP/1.1\nHost: {origin}\nContent-Length: 5\n\nhello"},
      {"body-of-delete", "DELETE /plain/x HTTP/1.1\nHost: asked.test\nContent-Length: 5\n\nhello",
       "DELETE /x HTTP/1.1\nHost: {origin}\nContent-Length: 5\n\nhello"},
      {"body-of-http-1.0", "POST /plain/x HTTP/1.0\nContent-Length: 5\n\nhello",
       "POST /x HTTP/1.1\nHost: {origin}\nContent-Length: 5\n\nhello"},
  };
}

}  // namespace proxytest
