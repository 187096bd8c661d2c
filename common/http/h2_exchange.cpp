// The request's side of a stream of HTTP/2.
#include "common/http/h2_exchange.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/http/exchange_deadlines.h"

namespace proxycommon {
namespace {

class H2Exchange {
 public:
  H2Exchange(H2StreamHandle stream, H2ExchangePlan plan, RequestBody& body, ResponseSink& sink, Waiter& waiter)
      : stream_(std::move(stream)),
        plan_(std::move(plan)),
        body_(body),
        sink_(sink),
        waiter_(waiter),
        deadlines_(plan_.limits),
        report_(plan_.report ? *plan_.report : unread_),
        left_(plan_.framing.length),
        awaitsContinue_(plan_.expectsContinue),
        sending_(plan_.framing.kind == BodyFraming::Kind::kChunked || left_ > 0) {}

  Task<Result<ExchangeEnd>> run() {
    while (!isOver()) {
      auto moved = step();
      if (!moved) co_return told(std::move(moved.error()));
      if (*moved) continue;
      const auto [end, late] = due();
      if (end <= Clock::now()) {
        // Nothing says that the backend knows of the expectation.
        if (isHeldBack() && phase() == ExchangeDeadlines::Phase::kAwaitingContinue &&
            late == ErrorKind::kFirstByteTimeout) {
          awaitsContinue_ = false;
          continue;
        }
        co_return told(tooLate(late));
      }
      const Woken woken = co_await waiter_.until(interest(end));
      if (woken.clientGone) co_return told(failure(ErrorKind::kClientGone, "the client has closed its connection"));
      if (woken.client && deadlines_.isClientBehind()) deadlines_.clientMoved();
    }
    co_return ExchangeEnd{false, !sending_, std::nullopt, false, {}};
  }

 private:
  bool isOver() const { return news_.ended && isPassedOn(); }
  bool isPassedOn() const { return news_.heads.empty() && passed_ == news_.body.size() && !news_.trailers; }

  // Takes what has come, and does what can be done without waiting; whether that was anything.
  Result<bool> step() {
    if (isPassedOn()) takeNews();
    auto received = receive();
    if (!received) return received;
    bool moved = *received;
    if (isOver()) return true;
    if (isPassedOn() && news_.error) return std::move(*news_.error);
    if (sending_ && !awaitsContinue_ && news_.isOpen && !news_.ended) {
      auto sent = send();
      if (!sent) return sent;
      moved = moved || *sent;
    }
    if (!moved)
      if (auto flushed = flush(); !flushed) return std::move(flushed.error());
    return moved;
  }

  Outcome flush() { return std::exchange(unflushed_, false) ? sink_.flush() : Outcome{}; }

  void takeNews() {
    const bool wasOpen = news_.isOpen;
    stream_->take(news_);
    passed_ = 0;
    if (!wasOpen && news_.isOpen && plan_.placed) plan_.placed(news_.place);
    // Silence counts from when the peer could have spoken.
    if (news_.sent || (!wasOpen && news_.isOpen)) deadlines_.sent();
    if (!news_.heads.empty() || !news_.body.empty()) noteReceived();
  }

  void noteReceived() {
    const auto now = deadlines_.received();
    report_.received += news_.body.size();
    if (report_.firstByte == Clock::time_point{}) report_.firstByte = now;
  }

  // Passes on what has come, as far as the client takes it.
  Result<bool> receive() {
    bool moved = false;
    while (!isPassedOn()) {
      auto full = sink_.isFull();
      if (!full) return full;
      deadlines_.clientIsBehind(*full);
      if (*full) return false;
      if (auto passed = passOne(); !passed) return std::move(passed.error());
      moved = true;
    }
    if (moved || !sink_.keepsBack()) return deadlines_.clientIsBehind(false), moved;
    auto full = sink_.isFull();
    if (full) deadlines_.clientIsBehind(*full);
    return full ? Result<bool>(false) : full;
  }

  Outcome passOne() {
    if (!news_.heads.empty()) return passHead();
    if (passed_ < news_.body.size()) return passBody();
    const H2Message trailers = std::move(*news_.trailers);
    news_.trailers.reset();
    return sink_.trailers(trailers.head().fields);
  }

  Outcome passHead() {
    const H2Message message = std::move(news_.heads.front());
    news_.heads.pop_front();
    ResponseHead head = message.head();
    if (head.status == 100) awaitsContinue_ = false;
    if (head.isInterim()) {
      deadlines_.interimCame();
      return sink_.interim(head);
    }
    headPassed_ = unflushed_ = true;
    // What answers instead of "100 Continue" wants no body: sending_ stays, and nothing is sent.
    if (auto taken = sink_.head(head, !sending_); !taken) return taken;
    const bool isAlone = news_.ended && news_.body.empty() && !news_.trailers;
    return isAlone ? passStatusOfCall(message) : Outcome{};
  }

  // gRPC lets a head that ends the stream stand for trailers. Not every way to the client can say that again, so the
  // fields are given as what they stand for too.
  Outcome passStatusOfCall(const H2Message& message) {
    HeaderFields fields;
    const ResponseHead head = message.head();
    for (const HeaderField& field : head.fields)
      if (field.name.starts_with("grpc-status") || field.name == "grpc-message") fields.push_back(field);
    return fields.empty() ? Outcome{} : sink_.trailers(fields);
  }

  Outcome passBody() {
    const std::span<char> buffer = sink_.readBuffer();
    const std::size_t size = std::min(buffer.size(), news_.body.size() - passed_);
    std::memcpy(buffer.data(), news_.body.data() + passed_, size);
    passed_ += size;
    if (auto taken = sink_.body(buffer.first(size)); !taken) return taken;
    unflushed_ = true;
    stream_->consumed(size);
    return sink_.push();
  }

  // One piece of the body, as far as the stream has room; whether anything was added.
  Result<bool> send() {
    clientMustBeAwaited_ = false;
    const std::size_t room = stream_->room();
    if (room == 0) return false;
    if (piece_.empty()) {
      // A body that makes its caller wait must not keep back what the client may be waiting for.
      if (body_.blocks())
        if (auto flushed = flush(); !flushed) return std::move(flushed.error());
      auto next = body_.next();
      if (!next) return std::move(next.error());
      if (next->state == BodyPiece::State::kNotYet) return clientMustBeAwaited_ = true, false;
      if (next->state == BodyPiece::State::kEnd) return finishBody();
      piece_ = next->bytes;
      if (hasLength() && piece_.size() > left_) return wrongLength();
      left_ -= hasLength() ? piece_.size() : 0;
    }
    const std::size_t size = std::min(piece_.size(), room);
    stream_->add(piece_.first(size));
    piece_ = piece_.subspan(size);
    report_.sent += size;
    deadlines_.sent();
    return true;
  }

  Result<bool> finishBody() {
    if (hasLength() && left_ > 0) return wrongLength();
    sending_ = false;
    stream_->finishBody(makeH2Trailers(body_.trailers()));
    return true;
  }

  bool hasLength() const { return plan_.framing.kind == BodyFraming::Kind::kLength; }
  static Error wrongLength() {
    return failure(ErrorKind::kClientMalformed, "the request's body has not the length that its head announces");
  }

  bool isHeldBack() const { return sending_ && awaitsContinue_; }

  ExchangeDeadlines::Phase phase() const {
    using Phase = ExchangeDeadlines::Phase;
    if (sending_ && clientMustBeAwaited_) return Phase::kClientSends;
    if (headPassed_) return Phase::kReceiving;
    if (isHeldBack()) return Phase::kAwaitingContinue;
    return sending_ ? Phase::kSending : Phase::kAwaitingHead;
  }

  ExchangeDeadlines::Due due() {
    // The backend's time begins when it has the request.
    if (news_.isOpen || deadlines_.isClientBehind()) return deadlines_.due(phase());
    const auto opening = begun_ + plan_.opening;
    if (plan_.limits.end < opening) return {plan_.limits.end, ErrorKind::kTotalTimeout};
    return {opening, plan_.openingError};
  }

  Interest interest(Clock::time_point end) const {
    Interest interest;
    interest.until = end;
    interest.here = waiter_.patience();
    interest.clientEvents = static_cast<short>((sending_ && clientMustBeAwaited_ ? POLLIN : 0) |
                                               (deadlines_.isClientBehind() || sink_.keepsBack() ? POLLOUT : 0));
    return interest;
  }

  Error tooLate(ErrorKind late) const {
    if (news_.isOpen || late != plan_.openingError) return deadlines_.tooLate(late);
    return failure(late, "no stream of HTTP/2 was free within " + std::to_string(plan_.opening.count()) + " ms");
  }

  // What the loop has said of it holds: it knows what has gone out.
  Error told(Error error) const {
    if (headPassed_) {
      error.seen = Seen::kRan;
    } else if (!news_.error) {
      error.seen = news_.isOpen ? Seen::kMaybeRan : Seen::kNothing;
    }
    return error;
  }

  H2StreamHandle stream_;
  const H2ExchangePlan plan_;
  RequestBody& body_;
  ResponseSink& sink_;
  Waiter& waiter_;
  ExchangeDeadlines deadlines_;
  ExchangeReport unread_;
  ExchangeReport& report_;

  H2Stream::News news_;
  std::size_t passed_ = 0;       // of news_.body
  std::span<const char> piece_;  // of the request's body
  std::uint64_t left_;           // of a body whose length is known: what must still come
  bool awaitsContinue_;          // before a byte of the body may go
  bool sending_;
  bool clientMustBeAwaited_ = false;
  bool headPassed_ = false;
  bool unflushed_ = false;
  const Clock::time_point begun_ = Clock::now();
};

}  // namespace

Task<Result<ExchangeEnd>> runH2Exchange(H2StreamHandle stream, H2ExchangePlan plan, RequestBody& body,
                                        ResponseSink& sink, Waiter& waiter) {
  H2Exchange exchange(std::move(stream), plan, body, sink, waiter);
  co_return co_await exchange.run();
}

}  // namespace proxycommon
