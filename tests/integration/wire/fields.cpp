// Header fields through the reverse proxy (RFC 9110 5 and 7.6, docs/directives.md, "What headers the backend gets").
#include "tests/integration/wire/wire_row.h"

namespace proxytest {

namespace {

// The same lines go out, but for `golden` where it is given.
WireRow fields(const std::string& name, const std::string& lines, const std::string& golden) {
  return {"field-" + name, "GET /plain/x HTTP/1.1\nHost: asked.test\n" + lines + "\n",
          "GET /x HTTP/1.1\nHost: {origin}\n" + golden + "\n"};
}
WireRow kept(const std::string& name, const std::string& lines) {
  return fields(name, lines, lines);
}

WireRow forwarded(const std::string& name, const std::string& path, const std::string& lines,
                  const std::string& golden) {
  return {"forwarded-" + name, "GET " + path + " HTTP/1.1\nHost: asked.test:81\n" + lines + "\n",
          "GET /x HTTP/1.1\n" + golden + "\n"};
}

}  // namespace

std::vector<WireRow> sentFieldRows() {
  return {
      kept("order", "User-Agent: a/1 (b)\nX-B: 2\nAccept: */*\nX-A: 1\nAccept-Encoding: gzip, br\n"),
      kept("case-of-names", "x-lower: a\nX-UPPER: b\nx_under.score~: c\n"),
      kept("ranges", "Range: bytes=0-4, 10-\nIf-Range: \"tag\"\n"),
      kept("conditions",
           "If-Match: \"a\", W/\"b\"\nIf-None-Match: *\nIf-Modified-Since: Mon, 01 Jan 2024 00:00:00 GMT\n"
           "If-Unmodified-Since: Mon, 01 Jan 2024 00:00:00 GMT\n"),
      kept("authorization", "Authorization: Basic eDp5\nCookie: a=1; b=\"2,3\"; c=\n"),
      kept("cache", "Cache-Control: no-cache, max-age=0\nPragma: no-cache\nMax-Forwards: 3\n"),
      kept("origin-and-fetch", "Origin: http://asked.test\nReferer: http://asked.test/a?b\nSec-Fetch-Mode: cors\n"),
      kept("via-that-came", "Via: 1.0 fred, 1.1 p.example.net\n"),
      kept("forwarded-that-came",
           "Forwarded: for=192.0.2.1;proto=https\nX-Forwarded-For: 192.0.2.1\n"
           "X-Forwarded-Proto: https\nX-Real-IP: 192.0.2.1\n"),
      kept("value-with-obs-text", "X-Text: sch\xf6n \xe2\x82\xac\n"),
      kept("value-with-marks", "X-Marks: a:b;c,\"d\\\"e\" <f> {g} [h]\ti\n"),
      kept("value-empty", "X-Empty: \n"),
      kept("value-of-4000", "X-Long: " + std::string(4000, 'a') + "\n"),
      fields("spaces-around-value", "X-A:a\nX-B: \t b c \t\nX-C:\n", "X-A: a\nX-B: b c\nX-C: \n"),
      // 9110 5.3: lines of one name may become one, in their order.
      fields("repeated", "X-A: 1\nX-B: 2\nX-A: 3\nx-a: 4\n", "X-A: 1, 3, 4\nX-B: 2\n"),
      fields("folded", "X-Folded: one\n two\n\tthree\nX-B: 2\n", "X-Folded: one two three\nX-B: 2\n"),
      fields("connection", "Connection: close, X-Hop , ,x-other\nX-Hop: 1\nX-Stays: 2\nX-OTHER: 3\n", "X-Stays: 2\n"),
      fields("of-this-connection",
             "Connection: keep-alive\nKeep-Alive: timeout=5\nProxy-Connection: keep-alive\nTrailer: X-T\n"
             "Proxy-Authenticate: Basic\nProxy-Authorization: Basic eDp5\nHTTP2-Settings: AAMAAABk\nX-Stays: 1\n",
             "Trailer: X-T\nX-Stays: 1\n"),
      fields("connection-names-what-must-stay",
             "Connection: Host, Authorization, X-Forwarded-For, Forwarded\nAuthorization: Basic eDp5\n"
             "Forwarded: for=a\nX-Forwarded-For: 192.0.2.1\n",
             "Authorization: Basic eDp5\nForwarded: for=a\nX-Forwarded-For: 192.0.2.1\n"),
      fields("upgrade-that-is-not-offered", "Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\n",
             "Sec-WebSocket-Version: 13\n"),
      {"field-upgrade-that-is-offered",
       "GET /socket/x HTTP/1.1\nHost: asked.test\nConnection: keep-alive, Upgrade\nUpgrade: websocket, other\n"
       "Sec-WebSocket-Version: 13\n\n",
       "GET /x HTTP/1.1\nHost: {origin}\nSec-WebSocket-Version: 13\nConnection: Upgrade\nUpgrade: websocket\n\n"},
      {"field-connection-is-not-kept", "GET /single/x HTTP/1.1\nHost: asked.test\nConnection: keep-alive\n\n",
       "GET /x HTTP/1.1\nHost: {origin}\nConnection: close\n\n"},
  };
}

std::vector<WireRow> forwardedFieldRows() {
  const std::string kOurs = "X-Forwarded-Host: asked.test:81\nX-Forwarded-Proto: http\nX-Forwarded-Port: {proxy}\n";
  const std::string kHost = "Host: {origin}\n";
  std::vector<WireRow> rows = {
      forwarded("added", "/told/x", "", kHost + "X-Forwarded-For: 127.0.0.1\n" + kOurs),
      forwarded("appended", "/told/x", "X-Forwarded-For: 192.0.2.1, 2001:db8::1\nX-A: 1\n",
                kHost + "X-A: 1\nX-Forwarded-For: 192.0.2.1, 2001:db8::1, 127.0.0.1\n" + kOurs),
      forwarded("repeated", "/told/x", "X-Forwarded-For: 192.0.2.1\nX-A: 1\nX-Forwarded-For: 192.0.2.2\n",
                kHost + "X-A: 1\nX-Forwarded-For: 192.0.2.1, 192.0.2.2, 127.0.0.1\n" + kOurs),
      forwarded("replaced", "/told/x",
                "X-Forwarded-Host: liar.test\nX-Forwarded-Proto: https\nX-Forwarded-Port: 1\nX-A: 1\n",
                kHost + "X-A: 1\nX-Forwarded-For: 127.0.0.1\n" + kOurs),
      forwarded("via", "/via/x", "Via: 1.0 fred\nX-A: 1\n", kHost + "X-A: 1\nVia: 1.0 fred, 1.1 httpd.test:{proxy}\n"),
      forwarded("via-in-full", "/via-full/x", "", kHost + "Via: 1.1 httpd.test:{proxy} ({software})\n"),
      forwarded("host-preserved", "/preserved/x", "X-A: 1\n", "Host: asked.test:81\nX-A: 1\n"),
      {"forwarded-host-preserved-as-written", "GET /preserved/x HTTP/1.1\nHost: Asked.TEST:80\n\n",
       "GET /x HTTP/1.1\nHost: Asked.TEST:80\n\n"},
      {"forwarded-host-that-did-not-come", "GET /preserved/x HTTP/1.0\n\n", "GET /x HTTP/1.1\nHost: {origin}\n\n"},
      {"forwarded-host-that-is-an-address", "GET /preserved/x HTTP/1.1\nHost: [2001:DB8::1]:8080\n\n",
       "GET /x HTTP/1.1\nHost: [2001:DB8::1]:8080\n\n"},
      // 9112 3.2.2: the URL's, not what Host says.
      {"forwarded-host-of-absolute-form", "GET http://httpd.test:{proxy}/preserved/x HTTP/1.1\nHost: liar.test\n\n",
       "GET /x HTTP/1.1\nHost: httpd.test:{proxy}\n\n"},
      {"forwarded-via-of-http-1.0", "GET /via/x HTTP/1.0\n\n",
       "GET /x HTTP/1.1\nHost: {origin}\nVia: 1.0 httpd.test:{proxy}\n\n"},
  };
  rows.push_back({.name = "forwarded-over-ipv6",
                  .sent = "GET /told6/x HTTP/1.1\nHost: [::1]:{proxy}\n\n",
                  .golden = "GET /x HTTP/1.1\nHost: {origin6}\nX-Forwarded-For: ::1\nX-Forwarded-Host: [::1]:{proxy}\n"
                            "X-Forwarded-Proto: http\nX-Forwarded-Port: {proxy}\n\n",
                  .to = WireRow::To::kServer6});
  return rows;
}

}  // namespace proxytest
