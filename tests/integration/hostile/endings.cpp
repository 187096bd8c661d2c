// Where responses end too early, too late, or twice (RFC 9112 6.3, 8 and 9.3).
#include "tests/integration/hostile/hostile_row.h"

namespace proxytest {

namespace {

using Ending = HostileRow::Ending;
using Verdict = HostileRow::Verdict;

const std::string kOk = "HTTP/1.1 200 OK\r\n";
const std::string kBody = kOk + "Content-Length: 4\r\n\r\nbody";
const std::string kOther = kOk + "Content-Length: 4\r\nX-Secret: leak\r\n\r\nleak";

HostileRow ending(HostileRow row, Ending how) {
  row.ending = how;
  return row;
}
HostileRow answering(HostileRow row, int status) {
  row.status = status;
  return row;
}
HostileRow toHead(HostileRow row) {
  row.method = "HEAD";
  return row;
}
HostileRow late(HostileRow row, const std::string& bytes) {
  row.then = bytes;
  row.late = true;
  return row;
}

// Nothing comes of it, and it has to be said within the limit.
HostileRow stalled(const std::string& name, const std::string& bytes, const std::string& body) {
  HostileRow row = broken(name, bytes, body, "", "idle-timeout");
  row.then.reset();
  row.hasty = true;
  return row;
}

}  // namespace

std::vector<HostileRow> endingRows() {
  return {
      refusedAndClosed("closes-at-once", "", "closed-early"),
      refusedAndClosed("closes-in-the-status-line", "HTTP/1.1 2", "closed-early"),
      refusedAndClosed("closes-behind-the-status-line", kOk, "closed-early"),
      refusedAndClosed("closes-in-a-field", kOk + "X-Secret: leak", "closed-early"),
      refusedAndClosed("closes-before-the-empty-line", kOk + "Content-Length: 0\r\n", "closed-early"),
      ending(refused("resets-at-once", "", "closed-early"), Ending::kResets),
      ending(refused("resets-in-the-head", kOk + "X-Secret: leak\r\n", "closed-early"), Ending::kResets),
      ending(broken("closes-in-the-body", kOk + "Content-Length: 100\r\n\r\ngood", "good", "more"), Ending::kCloses),
      ending(broken("closes-before-the-body", kOk + "Content-Length: 100\r\n\r\n", "", ""), Ending::kCloses),
      ending(broken("resets-in-the-body", kOk + "Content-Length: 100\r\n\r\ngood", "good", "more"), Ending::kResets),
      ending(broken("resets-in-a-chunk", kOk + "Transfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n", "good", "4\r\nle"),
             Ending::kResets),
      // 8: a reset is not the closing that ends such a body.
      ending(broken("resets-in-a-body-without-length", kOk + "\r\ngood", "good", "more"), Ending::kResets),
      stalled("stalls-in-the-body", kOk + "Content-Length: 100\r\n\r\ngood", "good"),
      stalled("stalls-in-a-chunk", kOk + "Transfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n8\r\n", "good"),
      stalled("stalls-in-a-body-without-length", kOk + "\r\ngood", "good"),
      ending(whole("body-ends-with-the-connection", kOk + "X-A: b\r\n\r\nall of it", "all of it", false),
             Ending::kCloses),
      ending(whole("body-ends-though-keep-alive", kOk + "Connection: keep-alive\r\n\r\nall of it", "all of it", false),
             Ending::kCloses),
      ending(whole("body-of-nothing", kOk + "\r\n", "", false), Ending::kCloses),
      ending(whole("body-of-http-1.0", "HTTP/1.0 200 OK\r\n\r\nall of it", "all of it", false), Ending::kCloses),
      // 9.3: which connections are kept.
      whole("http-1.0", "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody", "body", false),
      whole("http-1.0-keep-alive", "HTTP/1.0 200 OK\r\nContent-Length: 4\r\nConnection: keep-alive\r\n\r\nbody", "body",
            true),
      whole("says-close-and-stays", kOk + "Content-Length: 4\r\nConnection: close\r\n\r\nbody", "body", false),
      whole("says-close-and-keep-alive",
            kOk + "Content-Length: 4\r\nConnection: keep-alive\r\nConnection: close\r\n\r\nbody", "body", false),
      ending(whole("says-nothing-and-closes", kBody, "body", false), Ending::kCloses),
      ending(whole("says-nothing-and-resets", kBody, "body", false), Ending::kResets),
  };
}

// What comes behind a response must never pass for the next one, whether it comes with it or a moment later.
std::vector<HostileRow> surplusRows() {
  const std::string k204 = "HTTP/1.1 204 No Content\r\n";
  const std::string k304 = "HTTP/1.1 304 Not Modified\r\nETag: \"e\"\r\n";
  const std::string kChunked = kOk + "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n";
  const std::string kHeadOnly = kOk + "Content-Length: 4\r\n\r\n";
  return {
      whole("surplus-two-responses", kBody + kOther, "body", false),
      whole("surplus-two-chunked-responses", kChunked + kOther, "body", false),
      whole("surplus-of-body", kBody + "leak", "body", false),
      whole("surplus-of-line-ends", kBody + "\r\n\r\n", "body", false),
      whole("surplus-interim", kBody + "HTTP/1.1 103 Early Hints\r\n\r\n", "body", false),
      whole(
          "surplus-100-responses",
          [&] {
            std::string bytes = kBody;
            for (int index = 0; index < 100; ++index) bytes += kOther;
            return bytes;
          }(),
          "body", false),
      late(whole("late-response", kBody, "body", false), kOther),
      late(whole("late-response-to-chunked", kChunked, "body", false), kOther),
      late(whole("late-line-end", kBody, "body", false), "\r\n"),
      late(whole("late-timeout", kBody, "body", false), "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"),
      // 9110 15.3.5, 15.4.5, 9.3.2: no body, whatever the fields say.
      answering(whole("body-behind-204", k204 + "\r\nleak", "", false), 204),
      answering(whole("body-behind-204-with-length", k204 + "Content-Length: 4\r\n\r\nleak", "", false), 204),
      answering(whole("body-behind-204-chunked", k204 + "Transfer-Encoding: chunked\r\n\r\n4\r\nleak\r\n0\r\n\r\n", "",
                      false),
                204),
      answering(whole("response-behind-204", k204 + "\r\n" + kOther, "", false), 204),
      late(answering(whole("late-body-behind-204", k204 + "Content-Length: 4\r\n\r\n", "", false), 204), "leak"),
      late(answering(whole("late-response-behind-204", k204 + "\r\n", "", false), 204), kOther),
      answering(whole("body-behind-304", k304 + "Content-Length: 4\r\n\r\nleak", "", false), 304),
      answering(whole("response-behind-304", k304 + "\r\n" + kOther, "", false), 304),
      late(answering(whole("late-response-behind-304", k304 + "\r\n", "", false), 304), kOther),
      toHead(whole("body-behind-head", kHeadOnly + "leak", "", false)),
      toHead(whole("chunks-behind-head", kOk + "Transfer-Encoding: chunked\r\n\r\n4\r\nleak\r\n0\r\n\r\n", "", false)),
      toHead(whole("response-behind-head", kHeadOnly + kOther, "", false)),
      late(toHead(whole("late-response-behind-head", kHeadOnly, "", false)), kOther),
      toHead(whole("head-of-a-large-body", kOk + "Content-Length: 18446744073709551615\r\n\r\n", "", true)),
      toHead(whole("head-of-chunks", kOk + "Transfer-Encoding: chunked\r\n\r\n", "", true)),
      toHead(whole("head-without-length", kOk + "X-A: b\r\n\r\n", "", true)),
      answering(whole("204-alone", k204 + "\r\n", "", true), 204),
      answering(whole("304-with-a-length", k304 + "Content-Length: 4\r\n\r\n", "", true), 304),
      answering(whole("205-with-a-body", "HTTP/1.1 205 Reset Content\r\nContent-Length: 4\r\n\r\nbody", "body", true),
                205),
  };
}

}  // namespace proxytest
