// A request's body that can be given once more.
#include "common/http/replayed_body.h"

#include <utility>

namespace proxycommon {
namespace {

constexpr std::size_t kPiece = 16 * 1024;

}  // namespace

Outcome ReplayedBody::keep(std::span<const char> bytes) {
  if (isLost_) return {};
  if (given_.size() + bytes.size() <= limit_) return given_.append(bytes);
  isLost_ = true;
  given_ = Spool();
  return {};
}

Result<BodyPiece> ReplayedBody::next() {
  if (!waiting_.isEmpty()) {
    piece_.resize(kPiece);
    auto got = waiting_.read(piece_);
    if (!got) return std::move(got.error());
    if (auto kept = given_.append({piece_.data(), *got}); !kept) return std::move(kept.error());
    return BodyPiece{BodyPiece::State::kBytes, {piece_.data(), *got}};
  }
  if (sourceEnded_) return BodyPiece{};
  auto piece = source_.next();
  if (!piece) return piece;
  sourceEnded_ = piece->state == BodyPiece::State::kEnd;
  if (auto kept = keep(piece->bytes); !kept) return std::move(kept.error());
  return piece;
}

// What had not been given again yet stays behind what had.
Outcome ReplayedBody::rewind() {
  std::vector<char> piece(kPiece);
  while (!waiting_.isEmpty()) {
    auto got = waiting_.read(piece);
    if (!got) return std::move(got.error());
    if (auto kept = given_.append({piece.data(), *got}); !kept) return kept;
  }
  waiting_ = std::exchange(given_, Spool());
  return {};
}

}  // namespace proxycommon
