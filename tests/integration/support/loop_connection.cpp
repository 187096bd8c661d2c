// See loop_connection.h.
#include "tests/integration/support/loop_connection.h"

#include <sys/socket.h>

#include <sys/epoll.h>

#include <array>

namespace proxytest {
namespace {

using Outcome = AsyncSocket::Outcome;

constexpr std::size_t kReadSize = 65536;
constexpr int kReadsInARow = 32;  // then the others get their turn

}  // namespace

LoopConnection::LoopConnection(EventLoop& loop, Descriptor socket, const TlsContext& context, AsyncSocket::Side side)
    : loop_(loop), socket_(std::move(socket), context, side), interest_(EPOLLOUT) {
  if (open()) number_ = loop_.watch(socket_.descriptor(), interest_, *this);
}

void LoopConnection::ready(std::uint32_t events) {
  if (!shaken_) shakeHands();
  if (open() && shaken_) readAll();
  if (open() && shaken_) flush();
  // Where nothing is read and nothing written, only the poll tells that the other side is gone.
  if (open() && (events & (EPOLLHUP | EPOLLERR)) != 0 && (ended_ || !reading_)) breakDown();
  updateInterest();
}

void LoopConnection::shakeHands() {
  const Outcome outcome = socket_.handshake();
  if (outcome == Outcome::kAgain) return;
  if (outcome != Outcome::kDone) return breakDown();
  shaken_ = true;
  opened();
}

void LoopConnection::readAll() {
  static thread_local std::array<char, kReadSize> buffer;
  for (int reads = 0; open() && reading_ && !ended_; ++reads) {
    if (reads == kReadsInARow) return loop_.again(number_);
    std::size_t count = 0;
    const Outcome outcome = socket_.read(buffer.data(), buffer.size(), count);
    if (outcome == Outcome::kAgain) return;
    if (outcome == Outcome::kDone) {
      received({buffer.data(), count});
      continue;
    }
    ended_ = true;
    ended(outcome == Outcome::kBroken);
  }
}

void LoopConnection::send(std::string_view bytes) {
  if (!open()) return;
  queue_ += bytes;
  flush();
  updateInterest();
}

void LoopConnection::flush() {
  if (!shaken_) return;
  std::size_t sent = 0;
  while (sent < queue_.size()) {
    std::size_t count = 0;
    const Outcome outcome = socket_.write(std::string_view(queue_).substr(sent), count);
    if (outcome == Outcome::kAgain) break;
    if (outcome != Outcome::kDone) return breakDown();
    sent += count;
  }
  queue_.erase(0, sent);
  if (!queue_.empty()) return;
  queue_.shrink_to_fit();
  if (finishing_) socket_.finishSending();
  finishing_ = false;
  if (closing_) return close();
  if (sent > 0) flushed();
}

void LoopConnection::finishSending() {
  finishing_ = true;
  flush();
}

void LoopConnection::resetWhenClosed() {
  const linger atOnce{1, 0};
  ::setsockopt(socket_.descriptor(), SOL_SOCKET, SO_LINGER, &atOnce, sizeof atOnce);
}

void LoopConnection::closeWhenFlushed() {
  closing_ = true;
  flush();
}

void LoopConnection::setReading(bool reading) {
  if (reading == reading_) return;
  reading_ = reading;
  updateInterest();
  // Bytes may wait in the TLS layer, of which the poll knows nothing.
  if (reading) loop_.again(number_);
}

void LoopConnection::breakDown() {
  const bool told = ended_ && closing_;
  ended_ = true;
  queue_.clear();
  if (!told) ended(true);
  close();
}

void LoopConnection::close() {
  if (!open()) return;
  loop_.forget(number_, socket_.descriptor());
  socket_.close();
  if (whenClosed_) whenClosed_();
}

void LoopConnection::updateInterest() {
  if (!open()) return;
  std::uint32_t interest = 0;
  if (!shaken_) {
    interest = socket_.wantsToWrite() ? EPOLLOUT : EPOLLIN;
  } else {
    if (reading_ && !ended_) interest |= EPOLLIN;
    if (!queue_.empty()) interest |= EPOLLOUT;
  }
  if (interest == interest_) return;
  interest_ = interest;
  loop_.change(number_, socket_.descriptor(), interest);
}

}  // namespace proxytest
