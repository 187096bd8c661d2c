// Leadership: whether this child is the one that does what is to be done once, and the end of it. What the tasks of one
// child share that may outlive whoever began them by a moment.
#pragma once

#include <functional>
#include <mutex>
#include <utility>

#include "common/base/clock.h"

namespace revproxy {

// Any thread.
class Leadership {
 public:
  // How often one that does not lead asks again.
  static constexpr proxycommon::milliseconds kAgain{250};

  // `isLeader` is called under the lock, and not after stop().
  explicit Leadership(std::function<bool()> isLeader) : isLeader_(std::move(isLeader)) {}

  bool holds() {
    const std::lock_guard lock(mutex_);
    const auto now = proxycommon::Clock::now();
    // Of many who share it, one asks.
    if (isStopped_ || now < notUntil_) return false;
    const bool does = isLeader_();
    if (!does) notUntil_ = now + kAgain;
    return does;
  }

  // For whoever has an answer: holds the lock as long as it lives; without it, all is over, or another child leads by
  // now, and the answer is of no use.
  std::unique_lock<std::mutex> lockWhileLeading() {
    std::unique_lock lock(mutex_);
    if (isStopped_ || !isLeader_()) lock.unlock();
    return lock;
  }
  // When it returns, nobody is within the lock, or will be.
  void stop() {
    const std::lock_guard lock(mutex_);
    isStopped_ = true;
  }

 private:
  std::mutex mutex_;
  const std::function<bool()> isLeader_;
  bool isStopped_ = false;
  proxycommon::Clock::time_point notUntil_{};
};

}  // namespace revproxy
