// Wake: a descriptor that any thread can make readable, to end the wait of one request.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "common/base/file_descriptor.h"

namespace proxycommon {

class Wake {
 public:
  Wake() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  // Whether there is one: a process may be out of descriptors.
  explicit operator bool() const { return static_cast<bool>(descriptor_); }

  // Any thread.
  void signal() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(descriptor_.get(), &one, sizeof one);
  }
  // Makes it unreadable again.
  void clear() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(descriptor_.get(), &count, sizeof count);
  }
  int descriptor() const { return descriptor_.get(); }

 private:
  FileDescriptor descriptor_;
};

}  // namespace proxycommon
