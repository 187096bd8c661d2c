// A few threads for work that nobody waits for.
#include "common/reactor/background_threads.h"

#include <ctime>
#include <exception>
#include <system_error>
#include <utility>

#include "common/base/clock.h"
#include "common/base/signals_blocked.h"

namespace proxycommon {
namespace {

constexpr milliseconds kFreezing{2000};

}  // namespace

BackgroundThreads::BackgroundThreads(EscapedException escaped) : escaped_(escaped) {}

BackgroundThreads::~BackgroundThreads() {
  stop();
  {
    const std::lock_guard lock(mutex_);
    isOver_ = true;
  }
  ready_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool BackgroundThreads::hasRoom() {
  const std::lock_guard lock(mutex_);
  return !isFull();
}

bool BackgroundThreads::run(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (isFull()) return false;
    const bool wantsThread = queue_.size() >= idle_ && threads_.size() < kThreads;
    if (wantsThread && !addThread() && threads_.empty()) return false;
    queue_.push_back(std::move(work));
  }
  ready_.notify_one();
  return true;
}

// Precondition: the mutex is held. False: the system has none left.
bool BackgroundThreads::addThread() {
  const SignalsBlocked blocked;
  try {
    threads_.emplace_back([this] { serve(); });
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

void BackgroundThreads::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    ready_.wait(lock, [this] { return isOver_ || (!isStopping_ && !queue_.empty()); });
    --idle_;
    if (isOver_) return;
    // Counted first: whoever stops either sees it, or is seen here.
    ++working_;
    if (!isStopping_) {
      std::function<void()> work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      perform(std::move(work));
      lock.lock();
    }
    --working_;
  }
}

void BackgroundThreads::perform(std::function<void()> work) {
  try {
    work();
  } catch (const std::exception& error) {
    escaped_(error.what());
  } catch (...) {
    escaped_("something that is no std::exception");
  }
}

void BackgroundThreads::stop() {
  isStopping_ = true;
  stopped_.signal();
}

void BackgroundThreads::freeze() {
  stop();
  const Deadline deadline = Deadline::after(kFreezing);
  const timespec moment{0, 1'000'000};
  while (working_ > 0 && !deadline.expired()) ::nanosleep(&moment, nullptr);
}

}  // namespace proxycommon
