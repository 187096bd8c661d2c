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
      if (isSending()) {
        if (auto sent = send(); !sent) return told(std::move(sent.error()));
      }
      if (auto waited = wait(); !waited) return told(std::move(waited.error()));
      if (backendIsReadable_ || connection_.hasBufferedInput()) {
        if (auto received = receive(); !received) return told(std::move(received.error()));
      }
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
        auto piece = body_.next();
        if (!piece) return std::move(piece.error());
        if (piece->state == BodyPiece::State::kNotYet) {
          clientMustBeAwaited_ = true;
          return {};
        }
        if (piece->state == BodyPiece::State::kEnd) {
          writer_.end();
          continue;
        }
        writer_.add(piece->bytes);
      }
      const IoResult written = connection_.write(writer_.first(), writer_.second());
      if (written.state != IoState::kDone) return sendingStopped(written.state);
      writer_.take(written.bytes);
      anythingSent_ = true;
    }
    return {};
  }

  Outcome sendingStopped(IoState state) {
    backendIsFull_ = state == IoState::kWantWrite;
    // A backend that has closed may have said why before: the response is read, the rest of the request is not sent.
    abandoned_ = state == IoState::kFailed || state == IoState::kClosed;
    return {};
  }

  Outcome receive() {
    do {
      const std::span<char> buffer = sink_.readBuffer();
      const std::size_t kept = leftover_.size();
      std::memcpy(buffer.data(), leftover_.data(), kept);
      const IoResult got = connection_.read(buffer.subspan(kept));
      readWantsWrite_ = got.state == IoState::kWantWrite;
      if (got.state == IoState::kWantRead || got.state == IoState::kWantWrite) return {};
      if (got.state != IoState::kDone) return receiveEnd(got.state);
      leftover_.clear();
      if (auto fed = feed(buffer.first(kept + got.bytes)); !fed) return fed;
    } while (!isOver() && connection_.hasBufferedInput());
    return {};
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
    if (state == IoState::kFailed) return failure(ErrorKind::kClosedEarly, "the connection was reset before a response");
    return parser_->feedEnd();
  }

  Outcome onHead(ResponseHead& head) override {
    if (head.status == 101)
      return failure(ErrorKind::kMalformedResponse, "status 101 although no upgrade was asked for");
    interim_ = head.isInterim();
    if (interim_) return sink_.interim(head);
    // Nothing that an error's sender says would change if the rest of the request came.
    if (head.status >= 400) abandoned_ = abandoned_ || !writer_.isDone();
    headPassed_ = true;
    return sink_.head(head, writer_.isDone() || !abandoned_);
  }

  Outcome onBody(std::span<const char> bytes) override { return sink_.body(bytes); }

  // Until the backend can be read or written, or the client read, as the state of both directions asks.
  Outcome wait() {
    backendIsReadable_ = false;
    if (connection_.hasBufferedInput()) return {};
    if (std::exchange(unflushed_, false)) {
      if (auto flushed = sink_.flush(); !flushed) return flushed;
    }
    const bool awaitsClient = isSending() && clientMustBeAwaited_;
    const auto wanted = static_cast<short>(POLLIN | ((backendIsFull_ && isSending()) || readWantsWrite_ ? POLLOUT : 0));
    pollfd descriptors[] = {{connection_.descriptor(), wanted, 0}, {body_.descriptor(), POLLIN, 0}};
    const auto [limit, late] = limitNow();
    const bool ready = waitFor(std::span(descriptors).first(awaitsClient ? 2 : 1),
                               Deadline::after(awaitsClient ? kClientCheck : limit));
    if (!ready && !awaitsClient) return failure(late, "nothing came for " + std::to_string(limit.count()) + " ms");
    backendIsReadable_ = ready && descriptors[0].revents != 0;
    return {};
  }

  std::pair<milliseconds, ErrorKind> limitNow() const {
    if (headPassed_) return {limits_.idle, ErrorKind::kIdleTimeout};
    if (isSending()) return {limits_.send, ErrorKind::kSendTimeout};
    return {limits_.firstByte, ErrorKind::kFirstByteTimeout};
  }

  Error told(Error error) const {
    error.seen = headPassed_ ? Seen::kRan : anythingSent_ ? Seen::kMaybeRan : Seen::kNothing;
    return error;
  }

  // How long a client has to send is its body's affair, which is asked this often even if nothing comes.
  static constexpr milliseconds kClientCheck{1000};

  Connection& connection_;
  RequestWriter writer_;
  bool isHead_;
  RequestBody& body_;
  ResponseSink& sink_;
  const ExchangeLimits limits_;
  std::optional<ResponseParser> parser_;

  std::string leftover_;  // bytes that the parser wants to see again, with more behind them
  bool anythingSent_ = false;
  bool abandoned_ = false;  // the rest of the request will not be sent
  bool clientMustBeAwaited_ = false;
  bool backendIsFull_ = false;
  bool backendIsReadable_ = false;
  bool readWantsWrite_ = false;
  bool ended_ = false;    // the backend has closed
  bool interim_ = false;  // the head just parsed was a 1xx
  bool headPassed_ = false;
  bool unflushed_ = false;
};

}  // namespace

Result<ExchangeEnd> runExchange(Connection& connection, std::string headBytes, BodyFraming framing, bool isHead,
                                RequestBody& body, ResponseSink& sink, const ExchangeLimits& limits) {
  return Exchange(connection, RequestWriter(std::move(headBytes), framing), isHead, body, sink, limits).run();
}

}  // namespace proxycommon
