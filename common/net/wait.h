// Waiting in the calling thread for descriptors, until a deadline: how a worker drives the non-blocking connections.
#pragma once

#include <poll.h>

#include <cerrno>
#include <span>

#include "common/base/clock.h"

namespace proxycommon {

// Fills the revents; false when the deadline came first. A signal does not end the wait.
inline bool waitFor(std::span<pollfd> descriptors, Deadline deadline) {
  while (true) {
    const int ready = ::poll(descriptors.data(), descriptors.size(), deadline.pollTimeout());
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace proxycommon
