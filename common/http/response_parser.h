// ResponseParser: bytes in, events out; no I/O. Strict: what RFC 9112 lets a sender get wrong in more than one way is
// refused, for two readers could disagree on where the response ends.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/http/head_limits.h"
#include "common/http/headers.h"

namespace proxycommon {

struct ResponseHead {
  int status = 0;
  std::string_view reason;
  int version = 11;     // 10, 11 or 20
  HeaderFields fields;  // views that hold until the next feed()

  // 1xx: another head follows (RFC 9110 15.2).
  bool isInterim() const { return status < 200; }
};

// Hears what the parser finds, in order: head, body pieces, trailers. Views hold for the call.
class ResponseEvents {
 public:
  virtual ~ResponseEvents() = default;
  virtual Outcome onHead(ResponseHead& head) = 0;
  // A part of the body, without its framing; lies inside the bytes that were fed.
  virtual Outcome onBody(std::span<const char> bytes) = 0;
  // The fields behind the last chunk that may stand there; not called where there are none.
  virtual Outcome onTrailers(const HeaderFields& fields) = 0;
};

// For one response; interim ones in front of it need a parser each. One thread at a time.
class PROXYCOMMON_API ResponseParser {
 public:
  // A response to HEAD has no body, whatever its fields say (RFC 9112 6.3).
  ResponseParser(bool toHead, ResponseEvents& events, HeadLimits limits = {});
  ~ResponseParser();
  ResponseParser(const ResponseParser&) = delete;

  // Gives how many bytes were used; the rest must stand in front of the next ones. Uses none after the end.
  // Errors: kMalformedResponse, kOversizedHead, kBrokenBody (bad framing after the head), and those of the events.
  Result<std::size_t> feed(std::span<const char> bytes);
  // The peer has closed. Errors: kClosedEarly before the head is whole, kBrokenBody within the body.
  Outcome feedEnd();

  bool isHeadDone() const;
  bool isDone() const;
  // Whether the connection is good for another exchange, by what this response says. Precondition: isDone().
  bool keepsConnection() const;

 private:
  class Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace proxycommon
