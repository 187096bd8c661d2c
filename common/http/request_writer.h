// RequestWriter: turns head and body of a request into bytes in order, framed as the head announces (RFC 9112 7.1).
// No I/O: pieces in, spans out. Inside common/http only.
#pragma once

#include <charconv>
#include <span>
#include <string>
#include <utility>

#include "common/http/header_rules.h"
#include "common/http/request_head.h"

namespace proxycommon {

class RequestWriter {
 public:
  RequestWriter(std::string headBytes, BodyFraming framing)
      : text_(std::move(headBytes)),
        framing_(framing),
        left_(framing.length),
        ended_(framing.kind == BodyFraming::Kind::kNone) {}

  // Whether the next piece of the body is wanted. Both parts have been taken then.
  bool wantsPiece() const { return !ended_ && first().empty() && piece_.empty(); }
  bool isDone() const { return ended_ && first().empty() && piece_.empty(); }
  // The body is longer or shorter than the head has announced: whoever reads on would take the next request for a part
  // of this one, or the other way round. Nothing more may be sent.
  bool isBroken() const { return broken_; }

  // `bytes` must hold until they are taken. Precondition: wantsPiece().
  void add(std::span<const char> bytes) {
    if (bytes.empty()) return;  // as a chunk it would be the last one
    if (framing_.kind == BodyFraming::Kind::kLength && bytes.size() > left_) {
      broken_ = true;
      return;
    }
    left_ -= framing_.kind == BodyFraming::Kind::kLength ? bytes.size() : 0;
    text_.clear();
    taken_ = 0;
    piece_ = bytes;
    if (framing_.kind != BodyFraming::Kind::kChunked) return;
    char size[20];
    const auto end = std::to_chars(size, size + sizeof size, bytes.size(), 16).ptr;
    // The line end that closes the chunk before goes out with this one, so that a chunk takes two parts, not three.
    text_.append(std::exchange(chunkIsOpen_, true) ? "\r\n" : "").append(size, end).append("\r\n");
  }

  // Before a pause: the line end of the last chunk must not wait for the next one, for a peer may wait for it. Whether
  // there is anything to send. Precondition: wantsPiece().
  bool closeChunk() {
    if (!std::exchange(chunkIsOpen_, false)) return false;
    text_ = "\r\n";
    taken_ = 0;
    return true;
  }

  // `trailers` go behind a body that is chunked; elsewhere there is no place for them. Precondition: wantsPiece().
  void end(std::span<const HeaderField> trailers = {}) {
    broken_ = framing_.kind == BodyFraming::Kind::kLength && left_ > 0;
    text_.clear();
    taken_ = 0;
    ended_ = true;
    if (framing_.kind != BodyFraming::Kind::kChunked) return;
    text_.append(chunkIsOpen_ ? "\r\n0\r\n" : "0\r\n");
    for (const HeaderField& field : trailers)
      if (isTrailer(field.name) && isFieldValue(field.value))
        text_.append(field.name).append(": ").append(field.value).append("\r\n");
    text_.append("\r\n");
  }

  std::span<const char> first() const { return std::span<const char>(text_).subspan(taken_); }
  std::span<const char> second() const { return piece_; }
  // `count` bytes of first() and then second() have gone.
  void take(std::size_t count) {
    const std::size_t ofText = std::min(count, first().size());
    taken_ += ofText;
    piece_ = piece_.subspan(count - ofText);
  }

 private:
  std::string text_;
  std::size_t taken_ = 0;
  std::span<const char> piece_;
  BodyFraming framing_;
  std::uint64_t left_;  // of kLength: what must still come
  bool ended_;
  bool broken_ = false;
  bool chunkIsOpen_ = false;
};

}  // namespace proxycommon
