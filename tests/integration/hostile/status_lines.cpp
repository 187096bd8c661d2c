// Status lines (RFC 9112 4) and interim responses (RFC 9110 15.2).
#include "tests/integration/hostile/hostile_row.h"

namespace proxytest {

using namespace std::string_literals;

namespace {

HostileRow badLine(const std::string& name, const std::string& line) {
  return refused("status-line-" + name, line + "\r\nX-Secret: leak\r\nContent-Length: 4\r\n\r\nleak");
}

HostileRow goodLine(const std::string& name, const std::string& line, int status) {
  HostileRow row = whole("status-line-" + name, line + "\r\nContent-Length: 4\r\n\r\nbody", "body", true);
  row.status = status;
  row.statusLine = line;
  return row;
}

const std::string kFinal = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfinal";

std::string interimHead(const std::string& status, const std::string& lines = "") {
  return "HTTP/1.1 " + status + "\r\n" + lines + "\r\n";
}

std::string hints(int count) {
  std::string heads;
  for (int index = 0; index < count; ++index) heads += interimHead("103 Early Hints", "Link: </a.css>\r\n");
  return heads;
}

HostileRow interim(const std::string& name, const std::string& heads, std::vector<int> seen) {
  HostileRow row = whole("interim-" + name, heads + kFinal, "final", true);
  row.interim = std::move(seen);
  return row;
}

}  // namespace

std::vector<HostileRow> statusLineRows() {
  return {
      badLine("none", "this is not HTTP at all"),
      badLine("is-a-page", "<html>leak</html>"),
      badLine("is-a-request", "GET /leak HTTP/1.1"),
      badLine("is-ssh", "SSH-2.0-OpenSSH_9.2"),
      badLine("is-tls", "\x15\x03\x01\0\x02\x02\x28"s),
      badLine("of-http-2", "HTTP/2.0 200 OK"),
      badLine("of-http-0.9", "HTTP/0.9 200 OK"),
      badLine("without-minor", "HTTP/1 200 OK"),
      badLine("with-long-minor", "HTTP/1.10 200 OK"),
      badLine("in-small-letters", "http/1.1 200 OK"),
      badLine("of-icecast", "ICY 200 OK"),
      badLine("with-two-spaces", "HTTP/1.1  200 OK"),
      badLine("with-a-tab", "HTTP/1.1\t200 OK"),
      badLine("behind-a-space", " HTTP/1.1 200 OK"),
      // 2.2 lets a server skip an empty line in front of a request; nobody skips one in front of a response.
      badLine("behind-an-empty-line", "\r\nHTTP/1.1 200 OK"),
      badLine("without-status", "HTTP/1.1 OK"),
      badLine("status-of-one-digit", "HTTP/1.1 2 OK"),
      badLine("status-of-two-digits", "HTTP/1.1 20 OK"),
      badLine("status-of-four-digits", "HTTP/1.1 2000 OK"),
      badLine("status-negative", "HTTP/1.1 -20 OK"),
      badLine("status-with-letters", "HTTP/1.1 2x0 OK"),
      badLine("status-099", "HTTP/1.1 099 OK"),
      badLine("status-000", "HTTP/1.1 000 OK"),
      badLine("reason-without-space", "HTTP/1.1 200"),
      badLine("reason-with-nul", "HTTP/1.1 200 O\0K"s),
      badLine("reason-with-del", "HTTP/1.1 200 O\x7fK"),
      badLine("reason-with-escape", "HTTP/1.1 200 \x1b[2J"),
      badLine("reason-with-cr", "HTTP/1.1 200 O\rK"),
      badLine("reason-with-lf", "HTTP/1.1 200 OK\nX-Injected: leak"),
      goodLine("reason-empty", "HTTP/1.1 200 ", 200),
      goodLine("reason-strange", "HTTP/1.1 404 It's not here, \t\"really\"", 404),
      goodLine("reason-of-obs-text", "HTTP/1.1 200 sch\xf6n \xe2\x82\xac", 200),
      goodLine("reason-of-10kB", "HTTP/1.1 200 " + std::string(10'000, 'r'), 200),
      // 9110 15: three digits are a status; what the class means the client decides.
      goodLine("status-299", "HTTP/1.1 299 Unknown", 299),
      goodLine("status-399", "HTTP/1.1 399 Unknown", 399),
      goodLine("status-599", "HTTP/1.1 599 Unknown", 599),
      goodLine("status-600", "HTTP/1.1 600 Unknown", 600),
      goodLine("status-999", "HTTP/1.1 999 Request denied", 999),
  };
}

std::vector<HostileRow> interimRows() {
  std::vector<HostileRow> rows = {
      interim("103", hints(1), {103}),
      interim("of-all-kinds",
              interimHead("102 Processing") + hints(2) + interimHead("199 Odd", "X-Odd: yes\r\n") + hints(1),
              {102, 103, 103, 199, 103}),
      interim("64", hints(64), std::vector<int>(64, 103)),
      // 9112 6.3: none of them has a body, whatever its fields say.
      interim("with-a-length", interimHead("103 Early Hints", "Content-Length: 5\r\n"), {103}),
      interim("with-a-coding", interimHead("103 Early Hints", "Transfer-Encoding: chunked\r\n"), {103}),
      refused("interim-65", hints(65) + kFinal),
      refused("interim-with-a-body", interimHead("102 Processing", "Content-Length: 4\r\n") + "leak" + kFinal),
      refused("interim-then-nonsense", hints(1) + "nonsense leak\r\n\r\n"),
      refusedAndClosed("interim-then-nothing", hints(1), "closed-early"),
      refused("interim-with-nul", interimHead("102 Processing", "A: leak\0\r\n"s) + kFinal),
      refused("interim-too-large", interimHead("102 Processing", "A: " + std::string(70'000, 'a') + "\r\n") + kFinal,
              "oversized-head"),
      // 9110 7.8 and 15.2.2: nobody has asked for another protocol.
      refused("interim-101",
              "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nleak"),
      refused("interim-101-without-upgrade", "HTTP/1.1 101 Switching Protocols\r\n\r\nleak"),
      refused("interim-101-behind-103",
              hints(1) + "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nleak"),
  };
  rows.push_back(refused("interim-endless", "", "malformed-response"));
  rows.back().endless = hints(1);
  return rows;
}

}  // namespace proxytest
