// One request and its response on a connection.
#include "common/http/exchange.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "common/base/text.h"
#include "common/http/exchange_deadlines.h"
#include "common/http/header_rules.h"
#include "common/http/request_writer.h"

namespace proxycommon {
namespace {

class Exchange final : private ResponseEvents {
 public:
  Exchange(Connection& connection, ExchangePlan plan, RequestBody& body, ResponseSink& sink, Waiter& waiter)
      : connection_(connection),
        writer_(std::move(plan.headBytes), plan.framing),
        isHead_(plan.isHead),
        offered_(plan.offered),
        body_(body),
        sink_(sink),
        waiter_(waiter),
        deadlines_(plan.limits),
        report_(plan.report ? *plan.report : unread_),
        awaitsContinue_(plan.expectsContinue),
        headLimits_(plan.limits.head),
        parser_(std::in_place, plan.isHead, static_cast<ResponseEvents&>(*this), headLimits_) {}

  // Both directions go on as far as they do by themselves; then whatever stopped them is awaited.
  Task<Result<ExchangeEnd>> run() {
    while (!isOver()) {
      auto progress = step();
      if (!progress) co_return told(std::move(progress.error()));
      if (*progress == Progress::kMoved) continue;
      const auto [end, late] = deadlines_.due(phase());
      if (end <= Clock::now()) {
        // Nothing says that the backend knows of the expectation.
        if (phase() == Phase::kAwaitingContinue && late != ErrorKind::kTotalTimeout) {
          awaitsContinue_ = false;
          continue;
        }
        co_return told(deadlines_.tooLate(late));
      }
      const Woken woken = co_await waiter_.until(interest(end));
      if (woken.clientGone) co_return told(failure(ErrorKind::kClientGone, "the client has closed its connection"));
      backendReady_ = backendReady_ || woken.backend;
      patient_ = woken.backend;
      if (woken.client && deadlines_.isClientBehind()) deadlines_.clientMoved();
    }
    co_return end();
  }

 private:
  enum class Progress { kMoved, kMustWait };
  using Phase = ExchangeDeadlines::Phase;

  bool isOver() const { return parser_->isDone() && !interim_; }
  bool isHeldBack() const { return awaitsContinue_ && writer_.wantsPiece(); }
  bool isSending() const { return !writer_.isDone() && !abandoned_ && !isHeldBack(); }

  Phase phase() const {
    if (isSending() && clientMustBeAwaited_) return Phase::kClientSends;
    if (headPassed_) return Phase::kReceiving;
    if (isSending()) return Phase::kSending;
    return isHeldBack() && !abandoned_ ? Phase::kAwaitingContinue : Phase::kAwaitingHead;
  }

  ExchangeEnd end() {
    const bool complete = writer_.isDone();
    if (switched_) return {false, complete, std::nullopt, true, std::move(leftover_)};
    const bool isReusable = complete && !ended_ && leftover_.empty() && parser_->keepsConnection();
    return {isReusable, complete, promisedIdleTime_, false, {}};
  }

  // Sends until either side makes us wait.
  Outcome send() {
    clientMustBeAwaited_ = backendIsFull_ = false;
    while (!writer_.isDone()) {
      if (writer_.wantsPiece()) {
        if (awaitsContinue_) return {};
        if (auto taken = takePiece(); !taken) return taken;
        if (clientMustBeAwaited_) return {};
        if (writer_.isDone()) break;
      }
      const IoResult written = connection_.write(writer_.first(), writer_.second());
      if (written.state != IoState::kDone) return sendingStopped(written.state);
      writer_.take(written.bytes);
      report_.sent += written.bytes;
      anythingSent_ = true;
      deadlines_.sent();
    }
    return {};
  }

  // Gives the writer something to send, or says that the client must be awaited.
  Outcome takePiece() {
    if (body_.blocks() && writer_.closeChunk()) return {};
    auto piece = body_.next();
    if (!piece) return std::move(piece.error());
    switch (piece->state) {
      case BodyPiece::State::kBytes:
        writer_.add(piece->bytes);
        deadlines_.sent();  // what follows is the backend's time, not the client's
        break;
      case BodyPiece::State::kEnd:
        writer_.end(body_.trailers());
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

  Result<Progress> step() {
    if (isSending()) {
      if (auto sent = send(); !sent) return std::move(sent.error());
    }
    auto full = sink_.isFull();
    if (!full) return std::move(full.error());
    deadlines_.clientIsBehind(*full);
    waitedHere_ = false;
    if (*full) return Progress::kMustWait;
    return isSending() ? readWhileSending() : readAlone();
  }

  Result<Progress> readWhileSending() {
    bool gotSome = false;
    if (std::exchange(backendReady_, false) || connection_.hasBufferedInput())
      if (auto received = receive(kNoWait, gotSome); !received) return std::move(received.error());
    if (gotSome) return Progress::kMoved;
    return paused();
  }

  // The backend alone is awaited, at the cost of one call as long as the thread has the patience.
  Result<Progress> readAlone() {
    bool gotSome = false;
    backendReady_ = false;
    // What has come is passed on without a flush as long as more is there.
    if (unflushed_) {
      if (auto received = receive(kNoWait, gotSome); !received) return std::move(received.error());
      if (gotSome) return Progress::kMoved;
      if (auto flushed = flush(); !flushed) return std::move(flushed.error());
    }
    const auto left = std::chrono::ceil<milliseconds>(deadlines_.due(phase()).at - Clock::now());
    // A read sees nothing of the client: the rest of the patience is the waiter's.
    const milliseconds patience = std::min(waiter_.patience(), kLongestRead);
    const milliseconds limit = patient_ ? std::clamp(patience, kNoWait, std::max(left, kNoWait)) : kNoWait;
    patient_ = waitedHere_ = true;
    if (auto received = receive(limit, gotSome); !received) return std::move(received.error());
    return gotSome ? Progress::kMoved : Progress::kMustWait;
  }

  Result<Progress> paused() {
    if (unflushed_)
      if (auto flushed = flush(); !flushed) return std::move(flushed.error());
    return Progress::kMustWait;
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
    noteReceived(got.bytes);
    leftover_.clear();
    return feed(buffer.first(kept + got.bytes));
  }

  void noteReceived(std::size_t count) {
    const auto now = deadlines_.received();
    report_.received += count;
    if (!std::exchange(anythingReceived_, true)) report_.firstByte = now;
  }

  Outcome feed(std::span<const char> bytes) {
    while (true) {
      auto used = parser_->feed(bytes);
      if (!used) return std::move(used.error());
      bytes = bytes.subspan(*used);
      if (!interim_ || !parser_->isDone()) break;
      interim_ = false;
      parser_.emplace(isHead_, static_cast<ResponseEvents&>(*this), headLimits_);
      if (bytes.empty()) break;
    }
    leftover_.assign(bytes.data(), bytes.size());
    unflushed_ = unflushed_ || headPassed_;
    return headPassed_ ? sink_.push() : Outcome{};
  }

  Outcome receiveEnd(IoState state) {
    ended_ = true;
    if (auto said = connection_.failureOfRead(); said && !parser_->isHeadDone()) return std::move(*said);
    if (state == IoState::kFailed && parser_->isHeadDone())
      return failure(ErrorKind::kBrokenBody, "the connection was reset within the body");
    if (state == IoState::kFailed)
      return failure(ErrorKind::kClosedEarly, "the connection was reset before a response");
    return parser_->feedEnd();
  }

  Outcome onHead(ResponseHead& head) override {
    if (head.status == 101) return onSwitch(head);
    interim_ = head.isInterim();
    if (interim_ && ++interimCount_ > HeadLimits::kMostInterim)
      return failure(ErrorKind::kMalformedResponse,
                     "more than " + std::to_string(HeadLimits::kMostInterim) + " interim responses");
    if (head.status == 100) awaitsContinue_ = false;
    if (interim_) {
      deadlines_.interimCame();
      return sink_.interim(head);
    }
    // Nothing that an error's sender says would change if the rest of the request came.
    // And what answers instead of "100 Continue" wants no body.
    if (head.status >= 400 || isHeldBack()) abandoned_ = abandoned_ || !writer_.isDone();
    promisedIdleTime_ = promisedIdleTime(head.fields);
    headPassed_ = true;
    return sink_.head(head, writer_.isDone());
  }

  // RFC 9110 7.8: only to what was offered. Anything else would open a tunnel that nobody has asked for.
  Outcome onSwitch(ResponseHead& head) {
    const HeaderField* chosen = findField(head.fields, "Upgrade");
    if (offered_.empty()) return failure(ErrorKind::kMalformedResponse, "status 101 although no upgrade was asked for");
    if (!chosen || !listContains(offered_, trimmed(chosen->value)))
      return failure(ErrorKind::kMalformedResponse,
                     "status 101 to \"" + printable(chosen ? chosen->value : "") + "\", which was not offered");
    switched_ = true;
    return sink_.switched(head);
  }

  Outcome onBody(std::span<const char> bytes) override { return sink_.body(bytes); }
  Outcome onTrailers(const HeaderFields& fields) override { return sink_.trailers(fields); }

  Outcome flush() {
    unflushed_ = false;
    return sink_.flush();
  }

  Interest interest(Clock::time_point end) const {
    const bool isClientBehind = deadlines_.isClientBehind();
    Interest interest;
    interest.until = end;
    interest.here = waitedHere_ ? std::max(waiter_.patience() - kLongestRead, kNoWait) : waiter_.patience();
    // A client that is behind must not have more read for it.
    interest.backendEvents =
        static_cast<short>((isClientBehind ? 0 : POLLIN) | (backendIsFull_ || readWantsWrite_ ? POLLOUT : 0));
    interest.backend = interest.backendEvents != 0 ? connection_.descriptor() : -1;
    interest.clientEvents = static_cast<short>((isSending() && clientMustBeAwaited_ ? POLLIN : 0) |
                                               (isClientBehind || sink_.keepsBack() ? POLLOUT : 0));
    return interest;
  }

  Error told(Error error) const {
    error.seen = anythingReceived_ ? Seen::kRan : anythingSent_ ? Seen::kMaybeRan : Seen::kNothing;
    return error;
  }

  static constexpr milliseconds kLongestRead{20};
  static constexpr milliseconds kNoWait{0};

  Connection& connection_;
  RequestWriter writer_;
  bool isHead_;
  std::string_view offered_;
  RequestBody& body_;
  ResponseSink& sink_;
  Waiter& waiter_;
  ExchangeDeadlines deadlines_;
  ExchangeReport unread_;
  ExchangeReport& report_;
  bool awaitsContinue_;  // before a byte of the body may go
  const HeadLimits headLimits_;
  std::optional<ResponseParser> parser_;

  std::optional<milliseconds> promisedIdleTime_;
  std::string leftover_;  // bytes that the parser wants to see again, with more behind them
  bool anythingSent_ = false;
  bool anythingReceived_ = false;
  bool abandoned_ = false;  // the rest of the request will not be sent
  bool clientMustBeAwaited_ = false;
  bool backendIsFull_ = false;
  bool backendReady_ = false;  // as a wait has told
  bool readWantsWrite_ = false;
  bool ended_ = false;    // the backend has closed
  bool interim_ = false;  // the head just parsed was a 1xx
  int interimCount_ = 0;
  bool headPassed_ = false;
  bool switched_ = false;
  bool unflushed_ = false;
  bool patient_ = true;      // the next read may wait in the thread
  bool waitedHere_ = false;  // the last one has
};

}  // namespace

Task<Result<ExchangeEnd>> runExchange(Connection& connection, ExchangePlan plan, RequestBody& body, ResponseSink& sink,
                                      Waiter& waiter) {
  Exchange exchange(connection, std::move(plan), body, sink, waiter);
  co_return co_await exchange.run();
}

}  // namespace proxycommon
