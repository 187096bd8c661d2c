// The threads that make the calls to one store.
#include "common/cache/store_threads.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <system_error>
#include <thread>

#include "common/base/signals_blocked.h"

namespace proxycommon {

bool StoreThreads::run(std::function<void()> job, std::size_t most) {
  const std::lock_guard lock(mutex_);
  if (isFrozen_ || jobs_.size() >= most) return false;
  if (jobs_.size() >= idle_ && !ensureThreads()) return false;
  jobs_.push_back(std::move(job));
  hasCome_.notify_one();
  return true;
}

// Precondition: the lock is held. One more, where more may be.
bool StoreThreads::ensureThreads() {
  const bool areStuck = Clock::now() - lastBegun_ > kStuck;
  if (threads_ >= (areStuck ? kMostThreads : kThreads)) return true;
  const SignalsBlocked blocked;
  try {
    std::thread(&StoreThreads::work, this).detach();
  } catch (const std::system_error&) {
    return threads_ > 0;
  }
  ++threads_;
  return true;
}

void StoreThreads::work() {
  while (true) {
    std::function<void()> job;
    {
      std::unique_lock lock(mutex_);
      ++idle_;
      while (jobs_.empty()) hasCome_.wait(lock);
      --idle_;
      job = std::move(jobs_.front());
      jobs_.pop_front();
      lastBegun_ = Clock::now();
    }
    ++running_;
    if (isFrozen_) {
      --running_;
      // Never returning: what a thread needs to end in peace may be gone already.
      while (true) ::pause();
    }
    job();
    job = nullptr;
    --running_;
  }
}

void StoreThreads::freeze(milliseconds limit) {
  isFrozen_ = true;
  constexpr timespec kMoment{0, 2'000'000};
  for (milliseconds waited{0}; running_ > 0 && waited < limit; waited += milliseconds{2})
    ::nanosleep(&kMoment, nullptr);
}

void StoreThreads::outliveExit() {
  // Without it a job that hangs as the process ends may crash it; with atexit() the status would be lost.
  static_cast<void>(::on_exit(&StoreThreads::leaveIfRunning, this));
}

void StoreThreads::leaveIfRunning(int status, void* threads) {
  auto& own = *static_cast<StoreThreads*>(threads);
  own.isFrozen_ = true;
  if (own.running_ > 0) ::_exit(status);
}

}  // namespace proxycommon
