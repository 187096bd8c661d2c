// One request and its response on a connection, driven by the calling thread.
#include "common/http/exchange.h"

#include <cstring>
#include <optional>
#include <utility>

#include "common/http/request_writer.h"
#include "common/net/wait.h"

namespace proxycommon {
namespace {

class Exchange final : private ResponseEvents {
 public:
  Exchange(Connection& connection, RequestWriter writer, bool isHead, RequestBody& body, ResponseSink& sink,
           const ExchangeLimits& limits)
      : connection_(connection),
        writer_(std::move(writer)),
        isHead_(isHead),
        body_(body),
        sink_(sink),
        limits_(limits),
        parser_(std::in_place, isHead, static_cast<ResponseEvents&>(*this)) {}

  Result<ExchangeEnd> run() {
    while (!isOver()) {
      if (auto moved = step(); !moved) return told(std::move(moved.error()));
    }
    const bool complete = writer_.isDone();
    return ExchangeEnd{complete && !ended_ && leftover_.empty() && parser_->keepsConnection(), complete};
  }

 private:
  bool isOver() const { return parser_->isDone() && !interim_; }
  bool isSending() const { return !writer_.isDone() && !abandoned_; }

  // Sends until either side makes us wait.
  Outcome send() {
    clientMustBeAwaited_ = backendIsFull_ = false;
    while (!writer_.isDone()) {
      if (writer_.wantsPiece()) {
        if (auto taken = takePiece(); !taken) return taken;
        if (clientMustBeAwaited_) return {};
        if (writer_.isDone()) break;
      }
      const IoResult written = connection_.write(writer_.first(), writer_.second());
      if (written.state != IoState::kDone) return sendingStopped(written.state);
      writer_.take(written.bytes);
      anythingSent_ = true;
    }
    return {};
  }

  // Gives the writer something to send, or says that the client must be awaited.
  Outcome takePiece() {
    const bool nextBlocks = body_.descriptor() < 0;
    if (nextBlocks && writer_.closeChunk()) return {};
    auto piece = body_.next();
    if (!piece) return std::move(piece.error());
    switch (piece->state) {
      case BodyPiece::State::kBytes:
        writer_.add(piece->bytes);
        break;
      case BodyPiece::State::kEnd:
        writer_.end();
        break;
      case BodyPiece::State::kNotYet:
        clientMustBeAwaited_ = !writer_.closeChunk();
        break;
    }
    if (writer_.isBroken())
      return failure(ErrorKind::kClientMalformed, "the request's body has not the length that its head announces");
    return {};
  }

  Outcome sendingStopped(IoState state) {
    backendIsFull_ = state == IoState::kWantWrite;
    // A backend that has closed may have said why before: the response is read, the rest of the request is not sent.
    abandoned_ = state == IoState::kFailed || state == IoState::kClosed;
    return {};
  }

  // Both directions while there is something to send; then the backend alone is awaited, at the cost of one call.
  Outcome step() {
    if (isSending()) {
      if (auto sent = send(); !sent) return sent;
    }
    if (isSending()) return wait();
    // What has come is passed on without a flush as long as more is there.
    if (unflushed_) {
      bool gotSome = false;
      if (auto received = receive(kNoWait, gotSome); !received || gotSome) return received;
      if (auto flushed = flush(); !flushed) return flushed;
    }
    const auto [limit, late] = limitNow();
    bool gotSome = false;
    if (limit.count() > 0)
      if (auto received = receive(limit, gotSome); !received || gotSome) return received;
    return tooLate(late);
  }

  // One read, and what it brings; `gotSome` is false when nothing came within `limit`.
  Outcome receive(milliseconds limit, bool& gotSome) {
    const std::span<char> buffer = sink_.readBuffer();
    const std::size_t kept = leftover_.size();
    std::memcpy(buffer.data(), leftover_.data(), kept);
    const std::span<char> room = buffer.subspan(kept);
    if (room.empty())
      return failure(ErrorKind::kBrokenBody, "a line of the framing has more than " + std::to_string(kept) + " bytes");
    const IoResult got = limit == kNoWait ? connection_.read(room) : connection_.readWithin(room, limit);
    readWantsWrite_ = got.state == IoState::kWantWrite;
    gotSome = got.state != IoState::kWantRead && got.state != IoState::kWantWrite;
    if (!gotSome) return {};
    if (got.state != IoState::kDone) return receiveEnd(got.state);
    leftover_.clear();
    return feed(buffer.first(kept + got.bytes));
  }

  Outcome feed(std::span<const char> bytes) {
    while (true) {
      auto used = parser_->feed(bytes);
      if (!used) return std::move(used.error());
      bytes = bytes.subspan(*used);
      if (!interim_ || !parser_->isDone()) break;
      interim_ = false;
      parser_.emplace(isHead_, static_cast<ResponseEvents&>(*this));
      if (bytes.empty()) break;
    }
    leftover_.assign(bytes.data(), bytes.size());
    unflushed_ = unflushed_ || headPassed_;
    return headPassed_ ? sink_.push() : Outcome{};
  }

  Outcome receiveEnd(IoState state) {
    ended_ = true;
    if (state == IoState::kFailed && parser_->isHeadDone())
      return failure(ErrorKind::kBrokenBody, "the connection was reset within the body");
    if (state == IoState::kFailed)
      return failure(ErrorKind::kClosedEarly, "the connection was reset before a response");
    return parser_->feedEnd();
  }

  Outcome onHead(ResponseHead& head) override {
    if (head.status == 101)
      return failure(ErrorKind::kMalformedResponse, "status 101 although no upgrade was asked for");
    interim_ = head.isInterim();
    if (interim_ && ++interimCount_ > kMaximumInterim)
      return failure(ErrorKind::kMalformedResponse,
                     "more than " + std::to_string(kMaximumInterim) + " interim responses");
    headDeadline_.reset();
    if (interim_) return sink_.interim(head);
    // Nothing that an error's sender says would change if the rest of the request came.
    if (head.status >= 400) abandoned_ = abandoned_ || !writer_.isDone();
    headPassed_ = true;
    return sink_.head(head, writer_.isDone());
  }

  Outcome onBody(std::span<const char> bytes) override { return sink_.body(bytes); }

  Outcome flush() {
    unflushed_ = false;
    return sink_.flush();
  }

  Error tooLate(ErrorKind late) const {
    switch (late) {
      case ErrorKind::kFirstByteTimeout:
        return failure(late, "no response head within " + std::to_string(limits_.firstByte.count()) + " ms");
      case ErrorKind::kSendTimeout:
        return failure(late, "no progress in sending for " + std::to_string(limits_.send.count()) + " ms");
      default:
        return failure(late, "nothing came for " + std::to_string(limits_.idle.count()) + " ms");
    }
  }

  // While sending: until the backend can be read or written, or the client read, as the state of both directions asks.
  Outcome wait() {
    bool gotSome = false;
    if (connection_.hasBufferedInput()) return receive(kNoWait, gotSome);
    if (unflushed_)
      if (auto flushed = flush(); !flushed) return flushed;
    const auto wanted = static_cast<short>(POLLIN | (backendIsFull_ || readWantsWrite_ ? POLLOUT : 0));
    pollfd descriptors[] = {{connection_.descriptor(), wanted, 0}, {body_.descriptor(), POLLIN, 0}};
    const auto [limit, late] = limitNow();
    const bool ready = waitFor(std::span(descriptors).first(clientMustBeAwaited_ ? 2 : 1),
                               Deadline::after(clientMustBeAwaited_ ? kClientCheck : limit));
    if (!ready && !clientMustBeAwaited_) return tooLate(late);
    return ready && (descriptors[0].revents & ~POLLOUT) != 0 ? receive(kNoWait, gotSome) : Outcome{};
  }

  std::pair<milliseconds, ErrorKind> limitNow() {
    if (headPassed_) return {limits_.idle, ErrorKind::kIdleTimeout};
    if (isSending()) return {limits_.send, ErrorKind::kSendTimeout};
    // For the head as a whole: a backend must not win time by sending it a byte at a time.
    if (!headDeadline_) headDeadline_ = Deadline::after(limits_.firstByte);
    return {headDeadline_->remaining(), ErrorKind::kFirstByteTimeout};
  }

  Error told(Error error) const {
    error.seen = headPassed_ ? Seen::kRan : anythingSent_ ? Seen::kMaybeRan : Seen::kNothing;
    return error;
  }

  // How long a client has to send is its body's affair, which is asked this often even if nothing comes.
  static constexpr milliseconds kClientCheck{1000};
  static constexpr milliseconds kNoWait{0};
  // A backend that sends them for ever would hold the worker for ever.
  static constexpr int kMaximumInterim = 64;

  Connection& connection_;
  RequestWriter writer_;
  bool isHead_;
  RequestBody& body_;
  ResponseSink& sink_;
  const ExchangeLimits limits_;
  std::optional<ResponseParser> parser_;

  std::optional<Deadline> headDeadline_;
  std::string leftover_;  // bytes that the parser wants to see again, with more behind them
  bool anythingSent_ = false;
  bool abandoned_ = false;  // the rest of the request will not be sent
  bool clientMustBeAwaited_ = false;
  bool backendIsFull_ = false;
  bool readWantsWrite_ = false;
  bool ended_ = false;    // the backend has closed
  bool interim_ = false;  // the head just parsed was a 1xx
  int interimCount_ = 0;
  bool headPassed_ = false;
  bool unflushed_ = false;
};

}  // namespace

Result<ExchangeEnd> runExchange(Connection& connection, std::string headBytes, BodyFraming framing, bool isHead,
                                RequestBody& body, ResponseSink& sink, const ExchangeLimits& limits) {
  return Exchange(connection, RequestWriter(std::move(headBytes), framing), isHead, body, sink, limits).run();
}

}  // namespace proxycommon
