// A connection without TLS.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#include <cerrno>
#include <utility>

#include "common/net/connection.h"

namespace proxycommon {
namespace {

class ClearConnection final : public Connection {
 public:
  // Blocking for readWithin(); every other call says MSG_DONTWAIT.
  explicit ClearConnection(FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {
    ::fcntl(get(), F_SETFL, ::fcntl(get(), F_GETFL) & ~O_NONBLOCK);
  }

  IoResult read(std::span<char> into) override {
    const ssize_t count = retried([&] { return ::recv(get(), into.data(), into.size(), MSG_DONTWAIT); });
    if (count == 0) return {IoState::kClosed};
    return resultOf(count, IoState::kWantRead);
  }

  // One system call instead of poll and read, for what a worker does most.
  IoResult readWithin(std::span<char> into, milliseconds limit) override {
    if (limit.count() <= 0) return read(into);  // as SO_RCVTIMEO zero would mean to wait for ever
    if (limit != limit_) {
      limit_ = limit;
      const timeval value{limit.count() / 1000, limit.count() % 1000 * 1000};
      ::setsockopt(get(), SOL_SOCKET, SO_RCVTIMEO, &value, sizeof value);
    }
    const ssize_t count = retried([&] { return ::recv(get(), into.data(), into.size(), 0); });
    if (count == 0) return {IoState::kClosed};
    return resultOf(count, IoState::kWantRead);
  }

  IoResult write(std::span<const char> first, std::span<const char> second) override {
    iovec parts[] = {partOf(first), partOf(second)};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = second.empty() ? 1 : 2;
    return resultOf(retried([&] { return ::sendmsg(get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL); }),
                    IoState::kWantWrite);
  }

  Idleness idleness() override {
    char byte;
    const ssize_t count = retried([&] { return ::recv(get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT); });
    if (count > 0) return Idleness::kStrayBytes;
    return count < 0 && wouldBlock() ? Idleness::kOpen : Idleness::kClosed;
  }

  void endWriting() override { ::shutdown(get(), SHUT_WR); }
  bool hasHalfClose() const override { return true; }

  int descriptor() const override { return get(); }

 private:
  int get() const { return descriptor_.get(); }
  static iovec partOf(std::span<const char> bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }
  static bool wouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK; }

  template <class Call>
  static ssize_t retried(Call call) {
    ssize_t count;
    do count = call();
    while (count < 0 && errno == EINTR);
    return count;
  }

  static IoResult resultOf(ssize_t count, IoState again) {
    if (count >= 0) return {IoState::kDone, static_cast<std::size_t>(count)};
    return {wouldBlock() ? again : IoState::kFailed};
  }

  FileDescriptor descriptor_;
  milliseconds limit_{0};  // what SO_RCVTIMEO is
};

}  // namespace

std::unique_ptr<Connection> makeClearConnection(FileDescriptor descriptor) {
  return std::make_unique<ClearConnection>(std::move(descriptor));
}

}  // namespace proxycommon
