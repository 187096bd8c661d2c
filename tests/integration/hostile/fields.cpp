// Header fields (RFC 9112 5, RFC 9110 5), and how large a head may be (docs/directives.md, `oversized-head`).
#include "tests/integration/hostile/hostile_row.h"

namespace proxytest {

using namespace std::string_literals;

namespace {

const std::string kStatusLine = "HTTP/1.1 200 OK\r\n";

std::string headWith(const std::string& lines) {
  return kStatusLine + "Content-Length: 4\r\n" + lines + "\r\n";
}

HostileRow badField(const std::string& name, const std::string& lines) {
  return refused("field-" + name, headWith("X-Secret: leak\r\n" + lines + "\r\n") + "leak");
}

HostileRow goodField(const std::string& name, const std::string& lines, std::string field, std::string value) {
  HostileRow row = whole("field-" + name, headWith(lines + "\r\n") + "body", "body", true);
  row.field = {std::move(field), std::move(value)};
  return row;
}

std::string fields(int count) {
  std::string lines;
  for (int index = 0; index < count; ++index) lines += "X-Field-" + std::to_string(index) + ": v\r\n";
  return lines;
}

HostileRow tooLarge(const std::string& name, const std::string& lines) {
  return refused("head-" + name, headWith("X-Secret: leak\r\n" + lines) + "leak", "oversized-head");
}

HostileRow endless(const std::string& name, const std::string& begin, const std::string& more) {
  HostileRow row = refused("head-endless-" + name, begin, "oversized-head");
  row.endless = more;
  return row;
}

}  // namespace

std::vector<HostileRow> fieldRows() {
  std::vector<HostileRow> rows = {
      badField("without-colon", "no colon here"),
      badField("without-name", ": value"),
      // 9112 5.1: a proxy takes such a space away, or refuses; which of the two readers would find the field?
      badField("space-before-colon", "Name : value"),
      badField("tab-before-colon", "Name\t: value"),
      badField("name-with-space", "Na me: value"),
      badField("name-with-nul", "Na\0me: value"s),
      badField("name-with-control", "Na\x01me: value"),
      badField("name-with-obs-text", "N\xe4me: value"),
      badField("name-in-quotes", "\"Name\": value"),
      badField("name-with-parenthesis", "Na(me: value"),
      badField("value-with-nul", "Name: a\0b"s),
      badField("value-with-bell", "Name: a\x07" + "b"s),
      badField("value-with-escape", "Name: a\x1b[2J"),
      badField("value-with-del", "Name: a\x7f"),
      // 9112 2.2: a bare CR is refused or becomes a space; a bare LF may be a line end to another reader.
      badField("value-with-cr", "Name: a\rb"),
      badField("value-with-lf", "Name: a\nX-Injected: b"),
      badField("value-ends-with-cr", "Name: a\r"),
      badField("folded-by-lf", "Name: a\n b"),
      badField("folded-with-nul", "Name: a\r\n b\0"s),
      badField("coding-behind-lf", "Name: a\nTransfer-Encoding: chunked"),
      badField("coding-behind-cr", "Name: a\rTransfer-Encoding: chunked"),
      badField("connection-malformed", "Connection: \"close\""),
      refused("field-first-is-folded", kStatusLine + " folded: leak\r\nContent-Length: 4\r\n\r\nleak"),
      refusedAndClosed("lines-end-with-lf", "HTTP/1.1 200 OK\nContent-Length: 4\nX-Secret: leak\n\nleak"),
      refusedAndClosed("lines-end-with-cr", "HTTP/1.1 200 OK\rContent-Length: 4\rX-Secret: leak\r\rleak"),
      refusedAndClosed("head-ends-with-lf", kStatusLine + "Content-Length: 4\r\n\nleak"),
      refusedAndClosed("head-ends-with-cr", kStatusLine + "Content-Length: 4\r\n\rleak"),
      // 9112 5.2: each fold becomes spaces.
      goodField("folded", "X-Folded: one\r\n two\r\n\t three", "X-Folded", "one two three"),
      goodField("empty", "X-Empty:", "X-Empty", ""),
      goodField("of-obs-text", "X-Text: sch\xf6n \xe2\x82\xac", "X-Text", "sch\xf6n \xe2\x82\xac"),
      goodField("with-tab", "X-Tab: a\tb", "X-Tab", "a\tb"),
      goodField("with-colons", "X-Colons:: a:b", "X-Colons", ": a:b"),
      // 9110 5.6.1.2: empty members of a list are ignored.
      goodField("connection-with-empty-members", "Connection: , X-Hop,,\r\nX-Hop: leak", "X-Hop", "(none)"),
      goodField("connection-empty", "Connection:", "Connection", "(none)"),
      goodField("connection-names-length", "Connection: Content-Length\r\nX-Stays: yes", "X-Stays", "yes"),
  };
  return rows;
}

std::vector<HostileRow> headSizeRows() {
  constexpr int kMostFields = 300;
  const std::string kilobytes60(60'000, 'a');
  std::vector<HostileRow> rows = {
      tooLarge("field-of-100kB", "X-Large: " + std::string(100'000, 'a') + "\r\n"),
      tooLarge("field-of-100kB-of-spaces", "X-Large: " + std::string(100'000, ' ') + "a\r\n"),
      tooLarge("name-of-100kB", std::string(100'000, 'X') + ": a\r\n"),
      tooLarge("fold-of-100kB", "X-Large: a\r\n " + std::string(100'000, 'a') + "\r\n"),
      tooLarge("of-70kB", "X-1: " + kilobytes60 + "\r\nX-2: " + std::string(10'000, 'a') + "\r\n"),
      tooLarge("of-301-fields", fields(kMostFields - 1)),
      tooLarge("of-5000-fields", fields(5000)),
      refused("head-reason-of-100kB", "HTTP/1.1 200 " + std::string(100'000, 'r') + "\r\n\r\n", "oversized-head"),
      whole("head-of-60kB", headWith("X-Large: " + kilobytes60 + "\r\n") + "body", "body", true),
      whole("head-of-300-fields", headWith(fields(kMostFields - 1)) + "body", "body", true),
      endless("line", "", "HTTP/1.1 200 OK "),
      endless("field", kStatusLine + "X-Secret: leak", std::string(1000, 'a')),
      endless("name", kStatusLine, std::string(1000, 'X')),
      endless("fields", kStatusLine + "X-Secret: leak\r\n", "X-More: value\r\n"),
      endless("fold", kStatusLine + "X-Secret: leak\r\n", " more\r\n"),
  };
  // It wins no time by sending a little now and then.
  HostileRow slow = endless("slow", kStatusLine + "X-Secret: leak\r\n", "X: y\r\n");
  slow.word = "first-byte-timeout";
  slow.status = 504;
  slow.pace = std::chrono::milliseconds(20);
  slow.hasty = true;
  rows.push_back(slow);
  HostileRow silent = refused("head-stops", kStatusLine + "X-Secret: leak\r\n", "first-byte-timeout");
  silent.status = 504;
  silent.hasty = true;
  rows.push_back(silent);
  return rows;
}

}  // namespace proxytest
