// Chunks (RFC 9112 7.1). The client has the head and the first chunk when the bad one comes: what is left is to break
// off visibly.
#include "tests/integration/hostile/hostile_row.h"

namespace proxytest {

using namespace std::string_literals;

namespace {

const std::string kHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string kGood = "4\r\ngood\r\n";
const std::string kLast = "0\r\n\r\n";

HostileRow badChunk(const std::string& name, const std::string& bytes) {
  return broken("chunk-" + name, kHead + kGood, "good", bytes);
}
HostileRow goodChunk(const std::string& name, const std::string& bytes, const std::string& body) {
  return whole("chunk-" + name, kHead + bytes, body, true);
}
HostileRow cut(const std::string& name, const std::string& bytes) {
  HostileRow row = broken("chunk-cut-" + name, kHead + kGood, "good", bytes);
  row.ending = HostileRow::Ending::kCloses;
  return row;
}
// Whether trailers are passed on is not said here; that they end the body is.
HostileRow trailers(const std::string& name, const std::string& lines) {
  return whole("trailers-" + name, kHead + kGood + "0\r\n" + lines + "\r\n", "good", true);
}
HostileRow badTrailers(const std::string& name, const std::string& lines) {
  return broken("trailers-" + name, kHead + kGood, "good", "0\r\n" + lines + "\r\n");
}

}  // namespace

std::vector<HostileRow> chunkRows() {
  // Until the quote is closed it may yet be told what is wrong: no more than the silence that follows is needed.
  HostileRow openQuote = badChunk("extension-with-open-quote", "4;a=\"b\r\nleak\r\n" + kLast);
  openQuote.hasty = true;
  openQuote.word = "idle-timeout";
  return {
      openQuote,
      badChunk("size-missing", "\r\nleak\r\n" + kLast),
      badChunk("size-no-digit", "g\r\nleak\r\n" + kLast),
      badChunk("size-negative", "-4\r\nleak\r\n" + kLast),
      badChunk("size-with-plus", "+4\r\nleak\r\n" + kLast),
      badChunk("size-with-0x", "0x4\r\nleak\r\n" + kLast),
      badChunk("size-behind-space", " 4\r\nleak\r\n" + kLast),
      badChunk("size-before-space", "4 \r\nleak\r\n" + kLast),
      badChunk("size-before-tab", "4\t\r\nleak\r\n" + kLast),
      badChunk("size-with-letter", "4h\r\nleak\r\n" + kLast),
      badChunk("size-with-underscore", "4_0\r\nleak\r\n" + kLast),
      badChunk("size-with-point", "4.\r\nleak\r\n" + kLast),
      badChunk("size-with-nul", "4\0\r\nleak\r\n"s + kLast),
      badChunk("size-with-bom", "\xef\xbb\xbf"s + "4\r\nleak\r\n" + kLast),
      badChunk("size-wraps-to-4", "10000000000000004\r\nleak\r\n" + kLast),
      badChunk("size-above-64-bits", "fffffffffffffffff\r\nleak\r\n" + kLast),
      badChunk("size-ends-with-lf", "4\nleak\r\n" + kLast),
      badChunk("size-ends-with-cr", "4\rleak\r\n" + kLast),
      badChunk("size-too-small", "3\r\nleak\r\n" + kLast),
      badChunk("size-too-large", "5\r\nleak\r\n" + kLast),
      badChunk("data-without-crlf", "4\r\nleak" + kLast),
      badChunk("data-ends-with-lf", "4\r\nleak\n" + kLast),
      badChunk("data-ends-with-cr", "4\r\nleak\r" + kLast),
      badChunk("data-ends-twice", "4\r\nleak\r\n\r\n" + kLast),
      badChunk("extension-empty", "4;\r\nleak\r\n" + kLast),
      badChunk("extension-without-name", "4;=a\r\nleak\r\n" + kLast),
      badChunk("extension-without-value", "4;a=\r\nleak\r\n" + kLast),
      badChunk("extension-of-two-words", "4;a b\r\nleak\r\n" + kLast),
      badChunk("extension-with-nul", "4;a\0\r\nleak\r\n"s + kLast),
      badChunk("extension-with-lf", "4;a\nb\r\nleak\r\n" + kLast),
      // 7.1.1: to a reader that takes a bare LF for a line end the data begins inside the quotes.
      badChunk("extension-with-quoted-lf", "4;a=\"\n\"\r\nleak\r\n" + kLast),
      badChunk("extension-of-100kB", "4;a=" + std::string(100'000, 'b') + "\r\nleak\r\n" + kLast),
      badChunk("size-of-100kB", std::string(100'000, '0') + "4\r\nleak\r\n" + kLast),
      goodChunk("size-with-zeros", "0000000000000000000004\r\ngood\r\n" + kLast, "good"),
      goodChunk("size-in-capitals", "A\r\n0123456789\r\n00\r\n\r\n", "0123456789"),
      goodChunk("extensions", "4;a;b=c;d=\"e;\\\"f\"\r\ngood\r\n0;last\r\n\r\n", "good"),
      goodChunk("none", kLast, ""),
      goodChunk("data-like-the-last", "5\r\n0\r\n\r\n\r\n" + kLast, "0\r\n\r\n"),
  };
}

std::vector<HostileRow> lastChunkRows() {
  return {
      cut("before-the-size", ""),
      cut("in-the-size", "4"),
      cut("behind-the-size", "4\r\n"),
      cut("in-the-data", "64\r\nle"),
      cut("behind-the-data", "4\r\nleak"),
      cut("before-the-last", "4\r\nleak\r\n"),
      cut("in-the-last", "0"),
      cut("behind-the-last", "0\r\n"),
      cut("in-the-last-line-end", "0\r\n\r"),
      cut("in-a-trailer", "0\r\nX-Trailer: a"),
      cut("behind-a-trailer", "0\r\nX-Trailer: a\r\n"),
      badChunk("last-with-space", "0 \r\n\r\n"),
      badChunk("last-with-0x", "0x0\r\n\r\n"),
      badChunk("last-negative", "-0\r\n\r\n"),
      badChunk("last-missing", "\r\n\r\n"),
      trailers("one", "X-Trailer: a\r\n"),
      trailers("empty-and-folded", "X-Empty:\r\nX-Folded: a\r\n b\r\n"),
      // 9110 6.5.1: neither may frame, route or authenticate from there.
      trailers("that-speak-of-the-connection", "Connection: close\r\nKeep-Alive: timeout=1\r\n"),
      trailers("that-set-cookies", "Set-Cookie: a=b\r\nLocation: /leak\r\n"),
      trailers("of-50kB", "X-Trailer: " + std::string(50'000, 'a') + "\r\n"),
      badTrailers("of-70kB", "X-Trailer: " + std::string(70'000, 'a') + "\r\n"),
      badTrailers("of-100kB-in-all",
                  "X-1: " + std::string(50'000, 'a') + "\r\nX-2: " + std::string(50'000, 'a') + "\r\n"),
      badTrailers("without-colon", "no colon\r\n"),
      badTrailers("without-name", ": a\r\n"),
      badTrailers("with-nul", "X-Trailer: a\0b\r\n"s),
      badTrailers("with-lf", "X-Trailer: a\nX-Injected: b\r\n"),
      badTrailers("with-cr", "X-Trailer: a\rb\r\n"),
      badTrailers("that-tell-a-length", "Content-Length: 5\r\n"),
      badTrailers("that-tell-a-coding", "Transfer-Encoding: chunked\r\n"),
  };
}

}  // namespace proxytest
