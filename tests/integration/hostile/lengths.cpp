// How the length of a body is told (RFC 9112 6): Content-Length and Transfer-Encoding, alone and against each other.
#include "tests/integration/hostile/hostile_row.h"

namespace proxytest {

using namespace std::string_literals;

namespace {

std::string with(const std::string& lines, const std::string& version = "1.1") {
  return "HTTP/" + version + " 200 OK\r\n" + lines + "\r\n\r\n";
}

HostileRow badLength(const std::string& name, const std::string& value) {
  return refused("length-" + name, with("X-Secret: leak\r\nContent-Length:" + value) + "leak!");
}
HostileRow badLengths(const std::string& name, const std::string& lines) {
  return refused("length-" + name, with("X-Secret: leak\r\n" + lines) + "leak!");
}
HostileRow goodLength(const std::string& name, const std::string& lines) {
  HostileRow row = whole("length-" + name, with(lines) + "hello", "hello", true);
  row.field = {"Content-Length", "5"};  // never as a list (9110 8.6)
  return row;
}

HostileRow badCoding(const std::string& name, const std::string& lines) {
  return refused("coding-" + name, with("X-Secret: leak\r\n" + lines) + "4\r\nleak\r\n0\r\n\r\n");
}

const std::string kChunks = "5\r\nhello\r\n0\r\n\r\n";

}  // namespace

std::vector<HostileRow> lengthRows() {
  std::vector<HostileRow> rows = {
      badLength("empty", ""),
      badLength("with-plus", " +5"),
      badLength("with-minus", " -5"),
      badLength("minus-zero", " -0"),
      badLength("hexadecimal", " 0x5"),
      badLength("with-hex-digit", " 5a"),
      badLength("with-space-inside", " 5 5"),
      badLength("with-point", " 5.0"),
      badLength("with-exponent", " 5e0"),
      badLength("in-quotes", " \"5\""),
      badLength("in-words", " five"),
      badLength("with-semicolon", " 5;x"),
      badLength("with-vertical-tab", " 5\x0b"),
      badLength("with-nul", " 5\0"s),
      badLength("with-obs-text", " 5\xa0"),
      badLength("folded", " 1\r\n 0"),
      badLength("above-64-bits", " 18446744073709551616"),
      badLength("wraps-to-5", " 18446744073709551621"),
      badLength("list-of-different", " 5, 6"),
      badLength("list-with-word", " 5, x"),
      badLengths("two-different", "Content-Length: 5\r\nContent-Length: 6"),
      badLengths("two-different-in-case", "Content-Length: 5\r\ncontent-length: 0"),
      badLengths("two-one-empty", "Content-Length: 5\r\nContent-Length:"),
      // 6.3, rule 5: repeated alike is one length.
      goodLength("list-of-equal", "Content-Length: 5, 5"),
      goodLength("two-equal", "Content-Length: 5\r\nContent-Length: 5"),
      goodLength("in-spaces", "content-LENGTH: \t 5 \t"),
      whole("length-with-zeros", with("Content-Length: 00000000000000000005") + "hello", "hello", true),
      whole("length-zero", with("Content-Length: 0"), "", true),
      whole("length-of-another-name", with("X-Content-Length: 1\r\nContent_Length: 2\r\nContent-Length: 5") + "hello",
            "hello", true),
      // Longer than any offset of a file; the backend stops at once.
      broken("length-of-63-bits", with("Content-Length: 9223372036854775807") + "hello", "hello", "more"),
      broken("length-above-63-bits", with("Content-Length: 18446744073709551615") + "hello", "hello", "more"),
  };
  for (HostileRow& row : rows)
    if (row.then) row.ending = HostileRow::Ending::kCloses;
  return rows;
}

std::vector<HostileRow> codingRows() {
  return {
      // 6.3, rule 3: it "ought to be handled as an error".
      badCoding("and-length", "Transfer-Encoding: chunked\r\nContent-Length: 4"),
      badCoding("behind-length", "Content-Length: 4\r\nTransfer-Encoding: chunked"),
      badCoding("and-length-zero", "Content-Length: 0\r\nTransfer-Encoding: chunked"),
      badCoding("identity-and-length", "Content-Length: 4\r\nTransfer-Encoding: identity"),
      badCoding("gzip-and-length", "Transfer-Encoding: gzip\r\nContent-Length: 4"),
      // 6.1: what is not understood cannot be taken away, and not be passed on.
      badCoding("gzip", "Transfer-Encoding: gzip"),
      badCoding("gzip-chunked", "Transfer-Encoding: gzip, chunked"),
      badCoding("chunked-gzip", "Transfer-Encoding: chunked, gzip"),
      badCoding("identity", "Transfer-Encoding: identity"),
      badCoding("unknown", "Transfer-Encoding: xchunked"),
      badCoding("empty", "Transfer-Encoding:"),
      badCoding("in-quotes", "Transfer-Encoding: \"chunked\""),
      badCoding("with-parameter", "Transfer-Encoding: chunked;q=1"),
      // 7.1: not more than once.
      badCoding("chunked-chunked", "Transfer-Encoding: chunked, chunked"),
      badCoding("chunked-twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
      badCoding("gzip-then-chunked", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked"),
      badCoding("chunked-then-identity", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
      badCoding("with-vertical-tab", "Transfer-Encoding: \x0b" + "chunked"s),
      badCoding("with-nul", "Transfer-Encoding: chunked\0"s),
      badCoding("with-space-before-colon", "Transfer-Encoding : chunked"),
      badCoding("folded-inside", "Transfer-Encoding: chun\r\n ked"),
      whole("coding-in-capitals", with("TRANSFER-ENCODING: \t CHUNKED \t") + kChunks, "hello", true),
      whole("coding-folded", with("Transfer-Encoding:\r\n chunked") + kChunks, "hello", true),
      // Framed by nothing, so by the closing.
      {.name = "coding-of-another-name",
       .bytes = with("Transfer_Encoding: chunked") + kChunks,
       .verdict = HostileRow::Verdict::kWhole,
       .status = 200,
       .body = kChunks,
       .ending = HostileRow::Ending::kCloses},
      // 6.1: faulty framing; it may be read, but nothing after it.
      whole("coding-in-http-1.0", with("Transfer-Encoding: chunked\r\nConnection: keep-alive", "1.0") + kChunks,
            "hello", false),
  };
}

}  // namespace proxytest
