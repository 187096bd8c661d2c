// H2Session: the client's side of one HTTP/2 connection (RFC 9113) without any I/O: bytes in, bytes out, and for each
// stream what comes of it. nghttp2 does the framing; what a response may be is looked at here as well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/http/h2_request.h"
#include "common/http/response_parser.h"

namespace proxycommon {

// A part of a request's body on its way into a frame.
struct H2BodyPart {
  enum class State { kMore, kNotYet, kEnd };
  State state = State::kEnd;
  std::size_t bytes = 0;
};

// Whom a stream serves. Called from within the session's own calls, whose thread that is. In order: heads (interim
// ones, then the final one), body, trailers, and at last either onEnd or onFailed; nothing after that.
class H2StreamEvents {
 public:
  virtual ~H2StreamEvents() = default;
  // `ends`: the stream ends with it; onEnd() comes next. Views hold for the call.
  virtual void onHead(const ResponseHead& head, bool ends) = 0;
  // The peer may send as much again when consumed() has been told of it.
  virtual void onBody(std::span<const char> bytes) = 0;
  virtual void onTrailers(const HeaderFields& fields) = 0;
  virtual void onEnd() = 0;
  // Errors: kClosedEarly, kStreamReset, kMalformedResponse, kOversizedHead, kBrokenBody, with what the backend may have
  // seen. kClosedEarly with Seen::kNothing: it has said so, or cannot have seen anything.
  virtual void onFailed(Error error) = 0;
  // The next bytes of the request's body. After kNotYet not asked again before bodyIsReady().
  virtual H2BodyPart takeBody(std::span<char> into) = 0;
  // What follows the body. Asked once, when takeBody() has said kEnd.
  virtual H2Fields takeTrailers() = 0;
};

// One thread at a time. None of its calls may be made from within an event.
class PROXYCOMMON_API H2Session {
 public:
  using Stream = std::int32_t;

  // Bytes of a response's body that the peer may send before consumed() is told: what a slow client makes us keep.
  static constexpr std::size_t kStreamWindow = 256 * 1024;
  // Streams on one connection at most, whatever the peer offers.
  static constexpr std::size_t kMostStreams = 1000;

  H2Session();
  ~H2Session();
  H2Session(const H2Session&) = delete;

  // Whether the peer has shown that it speaks HTTP/2: its SETTINGS are there, and with them how many streams it takes.
  bool isReady() const;
  // Whether streams are opened at all: not before isReady(), and not once either side is closing the connection.
  bool takesStreams() const;
  // Those that may be opened now.
  std::size_t freeStreams() const;
  std::size_t openStreams() const;  // those that hold a place
  std::size_t streamLimit() const;

  // Precondition: freeStreams() > 0. Error kInternal.
  Result<Stream> open(const H2Request& request, std::shared_ptr<H2StreamEvents> events);
  void bodyIsReady(Stream stream);
  void consumed(Stream stream, std::size_t bytes);
  // Nobody wants it any more: RST_STREAM, and no further event. Gives whether it was open still.
  bool cancel(Stream stream);
  // Asks for a sign of life: a peer that is there answers at once.
  void ping();
  // GOAWAY: no stream is opened any more; those that are go on.
  void close();

  // What has come. Error: the connection is of no further use; lost() comes next.
  Outcome feed(std::span<const char> bytes);
  // Appends what must go out, at least `enough` bytes where there is as much. Error: as for feed().
  Outcome output(std::string& out, std::size_t enough);
  // Whether there is nothing more to be sent or read, for the connection is closed on the level of HTTP/2.
  bool isOver() const;
  // Why it ends: what the peer has done wrong, or else `why`, which is what the transport says.
  Error endOf(std::string why = "the backend has closed the connection") const;
  // The transport has ended: all streams fail, for that reason.
  void lost(const std::string& why);

 private:
  class Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace proxycommon
