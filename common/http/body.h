// The two seams between an exchange and whoever it serves: where the request's body comes from, and where the response
// goes. The HTTP side knows nothing of httpd; httpd's side of both is common/httpd/request_io.
#pragma once

#include <span>

#include "common/base/result.h"
#include "common/http/response_parser.h"

namespace proxycommon {

// A piece of a request's body. The bytes hold until the next call of next().
struct BodyPiece {
  enum class State { kBytes, kEnd, kNotYet };
  State state = State::kEnd;
  std::span<const char> bytes;
};

class RequestBody {
 public:
  virtual ~RequestBody() = default;
  // kNotYet only from a body that does not block. Asked every second while nothing comes.
  // Errors: of the client's side; how long it may stay silent is decided here.
  virtual Result<BodyPiece> next() = 0;
  // Whether next() waits itself for what does not come; else the client's connection is readable when it has something.
  virtual bool blocks() const = 0;
  // What the client sent behind its body, once next() has given kEnd.
  virtual HeaderFields trailers() const { return {}; }
};

class ResponseSink {
 public:
  virtual ~ResponseSink() = default;

  // Memory to read into, at least ResponseParser::kMaximumHead bytes; the body comes back as parts of it. Holds until
  // the next call.
  virtual std::span<char> readBuffer() = 0;
  // 1xx but 101.
  virtual Outcome interim(const ResponseHead& head) = 0;
  // The final head. `requestIsComplete` says whether the client's body has been read to its end.
  virtual Outcome head(ResponseHead& head, bool requestIsComplete) = 0;
  virtual Outcome body(std::span<const char> bytes) = 0;
  // Fields behind the body (RFC 9110 6.5); before the exchange ends; views hold for the call.
  virtual Outcome trailers(const HeaderFields& fields) = 0;
  // What has come so far goes on its way, as it suits the sink.
  virtual Outcome push() = 0;
  // The sender pauses: everything must reach the client now, as far as it reads.
  virtual Outcome flush() = 0;
  // The backend changes the protocol (RFC 9110 15.2.2): the last head of the exchange.
  virtual Outcome switched(ResponseHead& head) = 0;

  // Whether the client is so far behind that no more may be added until its connection is writable. Moves what it can.
  virtual Result<bool> isFull() = 0;
  // Whether something is kept for the client until its connection is writable.
  virtual bool keepsBack() const = 0;
};

}  // namespace proxycommon
