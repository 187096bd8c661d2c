// The request's side of a stream of HTTP/2.
#include "common/http/h2_exchange.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace proxycommon {
namespace {

class H2Exchange {
 public:
  H2Exchange(H2StreamHandle stream, const H2ExchangePlan& plan, RequestBody& body, ResponseSink& sink, Waiter& waiter)
      : stream_(std::move(stream)),
        plan_(plan),
        body_(body),
        sink_(sink),
        waiter_(waiter),
        left_(plan.framing.length),
        sending_(plan.framing.kind == BodyFraming::Kind::kChunked || left_ > 0) {}

  Task<Result<ExchangeEnd>> run() {
    while (!isOver()) {
      auto moved = step();
      if (!moved) co_return told(std::move(moved.error()));
      if (*moved) continue;
      const auto [end, late] = deadline();
      if (end <= Clock::now()) co_return told(tooLate(late));
      const Woken woken = co_await waiter_.until(interest(end));
      if (woken.clientGone) co_return told(failure(ErrorKind::kClientGone, "the client has closed its connection"));
      if (woken.client && clientBehindSince_) clientBehindSince_ = Clock::now();
    }
    co_return ExchangeEnd{false, !sending_, false, {}};
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
    if (sending_ && news_.isOpen && !news_.ended) {
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
    // Silence counts from when the peer could have spoken.
    if (!wasOpen && news_.isOpen) lastSent_ = Clock::now();
    if (news_.sent) lastSent_ = Clock::now();
    if (!news_.heads.empty() || !news_.body.empty()) lastReceived_ = Clock::now();
  }

  // Passes on what has come, as far as the client takes it.
  Result<bool> receive() {
    bool moved = false;
    while (!isPassedOn()) {
      auto full = sink_.isFull();
      if (!full) return full;
      noteClient(*full);
      if (*full) return false;
      if (auto passed = passOne(); !passed) return std::move(passed.error());
      moved = true;
    }
    if (moved || !sink_.keepsBack()) return noteClient(false), moved;
    auto full = sink_.isFull();
    if (full) noteClient(*full);
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
    headDeadline_.reset();
    if (head.isInterim()) return sink_.interim(head);
    headPassed_ = unflushed_ = true;
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

  void noteClient(bool isBehind) {
    if (isBehind == clientBehindSince_.has_value()) return;
    if (isBehind) {
      clientBehindSince_ = Clock::now();
    } else {
      clientBehindSince_.reset();
      lastReceived_ = Clock::now();  // it was not the backend that was silent
    }
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
    lastSent_ = Clock::now();
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

  // Until when what is under way must have moved, and what it is called if it has not.
  std::pair<Clock::time_point, ErrorKind> deadline() {
    const ExchangeLimits& limits = plan_.limits;
    if (clientBehindSince_) return {*clientBehindSince_ + limits.client, ErrorKind::kClientTimeout};
    if (!news_.isOpen) return {begun_ + plan_.opening, ErrorKind::kConnectTimeout};
    // How long a client has to send is its body's affair, which is asked this often even if nothing comes.
    if (sending_ && clientMustBeAwaited_) return {Clock::now() + kClientCheck, ErrorKind::kClientTimeout};
    if (headPassed_) return {std::max(lastReceived_, lastSent_) + limits.idle, ErrorKind::kIdleTimeout};
    if (sending_) return {lastSent_ + limits.send, ErrorKind::kSendTimeout};
    // For the head as a whole: interim ones win the backend no time.
    if (!headDeadline_) headDeadline_ = Clock::now() + limits.firstByte;
    return {*headDeadline_, ErrorKind::kFirstByteTimeout};
  }

  Interest interest(Clock::time_point end) const {
    Interest interest;
    interest.until = end;
    interest.here = waiter_.patience();
    interest.clientEvents = static_cast<short>((sending_ && clientMustBeAwaited_ ? POLLIN : 0) |
                                               (clientBehindSince_ || sink_.keepsBack() ? POLLOUT : 0));
    return interest;
  }

  Error tooLate(ErrorKind late) const {
    const auto told = [&](std::string_view what, milliseconds limit) {
      return failure(late, std::string{what} + std::to_string(limit.count()) + " ms");
    };
    switch (late) {
      case ErrorKind::kConnectTimeout:
        return told("no stream of HTTP/2 was free within ", plan_.opening);
      case ErrorKind::kFirstByteTimeout:
        return told("no response head within ", plan_.limits.firstByte);
      case ErrorKind::kSendTimeout:
        return told("no progress in sending for ", plan_.limits.send);
      case ErrorKind::kClientTimeout:
        return told("the client has taken nothing for ", plan_.limits.client);
      default:
        return told("nothing came for ", plan_.limits.idle);
    }
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

  static constexpr milliseconds kClientCheck{1000};

  H2StreamHandle stream_;
  const H2ExchangePlan plan_;
  RequestBody& body_;
  ResponseSink& sink_;
  Waiter& waiter_;

  H2Stream::News news_;
  std::size_t passed_ = 0;       // of news_.body
  std::span<const char> piece_;  // of the request's body
  std::uint64_t left_;           // of a body whose length is known: what must still come
  bool sending_;
  bool clientMustBeAwaited_ = false;
  bool headPassed_ = false;
  bool unflushed_ = false;
  std::optional<Clock::time_point> clientBehindSince_;
  std::optional<Clock::time_point> headDeadline_;
  const Clock::time_point begun_ = Clock::now();
  Clock::time_point lastSent_ = begun_;
  Clock::time_point lastReceived_ = begun_;
};

}  // namespace

Task<Result<ExchangeEnd>> runH2Exchange(H2StreamHandle stream, H2ExchangePlan plan, RequestBody& body,
                                        ResponseSink& sink, Waiter& waiter) {
  H2Exchange exchange(std::move(stream), plan, body, sink, waiter);
  co_return co_await exchange.run();
}

}  // namespace proxycommon
