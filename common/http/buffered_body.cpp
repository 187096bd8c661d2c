// A request's body of which a part is taken in before anything is asked of a backend.
#include "common/http/buffered_body.h"

#include <algorithm>

namespace proxycommon {
namespace {

// How long the client has is decided by the source, which is asked this often.
constexpr milliseconds kCheck{1000};
constexpr std::size_t kPiece = 16 * 1024;

}  // namespace

Task<Outcome> BufferedBody::fill(std::uint64_t limit, Waiter& waiter, Clock::time_point end) {
  while (spool_.size() < limit) {
    auto piece = source_.next();
    if (!piece) co_return std::move(piece.error());
    if (piece->state == BodyPiece::State::kEnd) {
      complete_ = true;
      break;
    }
    if (piece->state == BodyPiece::State::kBytes) {
      if (auto kept = spool_.append(piece->bytes); !kept) co_return kept;
      continue;
    }
    const auto now = Clock::now();
    if (end <= now) co_return failure(ErrorKind::kTotalTimeout, "the request's body did not come in the time for all");
    Interest interest;
    interest.clientEvents = POLLIN;
    interest.until = std::min(now + kCheck, end);
    interest.here = waiter.patience();
    const Woken woken = co_await waiter.until(interest);
    if (woken.clientGone)
      co_return failure(ErrorKind::kClientGone, "the client has closed its connection within its request");
  }
  co_return Outcome{};
}

BodyFraming BufferedBody::framing(const BodyFraming& announced) const {
  if (!complete_ || announced.kind != BodyFraming::Kind::kChunked) return announced;
  if (!source_.trailers().empty()) return announced;  // there is no place for them behind a body with a length
  return {BodyFraming::Kind::kLength, spool_.size()};
}

Result<BodyPiece> BufferedBody::next() {
  if (!spool_.isEmpty()) {
    piece_.resize(kPiece);
    auto got = spool_.read(piece_);
    if (!got) return std::move(got.error());
    return BodyPiece{BodyPiece::State::kBytes, {piece_.data(), *got}};
  }
  if (complete_) return BodyPiece{};
  return source_.next();
}

}  // namespace proxycommon
