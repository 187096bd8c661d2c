// Moves bytes from one socket to another inside the kernel.
#include "common/reactor/splicer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace proxycommon {
namespace {

// What an unprivileged pipe may hold, /proc/sys/fs/pipe-max-size by default.
constexpr int kPipeSize = 1024 * 1024;
constexpr std::size_t kAtOnce = 256 * 1024;

ssize_t splice(int from, int to, std::size_t count) {
  ssize_t moved;
  do moved = ::splice(from, nullptr, to, nullptr, count, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  while (moved < 0 && errno == EINTR);
  return moved;
}

}  // namespace

Splicer::Splicer() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return;
  readEnd_ = FileDescriptor{ends[0]};
  writeEnd_ = FileDescriptor{ends[1]};
  ::fcntl(ends[1], F_SETPIPE_SZ, kPipeSize);
}

Splicer::Moved Splicer::move(int from, int to) {
  if (!readEnd_) return {};
  const ssize_t taken = splice(from, writeEnd_.get(), kAtOnce);
  if (taken <= 0) return {};
  auto left = static_cast<std::size_t>(taken);
  while (left > 0) {
    const ssize_t given = splice(readEnd_.get(), to, left);
    if (given <= 0) break;
    left -= static_cast<std::size_t>(given);
  }
  return {static_cast<std::size_t>(taken), drain(left)};
}

std::string Splicer::drain(std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t have = 0;
  while (have < count) {
    const ssize_t got = ::read(readEnd_.get(), bytes.data() + have, count - have);
    if (got <= 0 && errno != EINTR) break;
    have += got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  return bytes;
}

}  // namespace proxycommon
