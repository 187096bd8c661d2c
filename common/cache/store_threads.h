// StoreThreads: a few threads of a child that make the calls to one store which may have to wait for another machine.
// Each store has its own, so that one that hangs holds up no other.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

#include "common/base/clock.h"
#include "common/base/export.h"

namespace proxycommon {

// Any thread. Never destroyed once it has run a job: its threads are there until the process ends.
class PROXYCOMMON_API StoreThreads {
 public:
  static constexpr std::size_t kThreads = 4;
  // When all are in calls that do not come to an end, another one is begun in their place, up to so many.
  static constexpr milliseconds kStuck{5000};
  static constexpr std::size_t kMostThreads = 64;

  // Runs it soon, in the order they come; a job must not throw. False, and it never runs: `most` jobs wait already, or
  // no thread can be started.
  bool run(std::function<void()> job, std::size_t most);
  // No job begins any more; waits for those that run, for that long at most. What the process has is about to go. May
  // be called in a signal handler.
  void freeze(milliseconds limit);
  // From now on exit() ends the process at once where a job still runs: all that was registered with atexit() before,
  // and would take from under it what it uses, is left out then. Once, before the process has other threads.
  void outliveExit();

 private:
  static void leaveIfRunning(int status, void* threads);
  void work();
  bool ensureThreads();

  std::mutex mutex_;
  std::condition_variable hasCome_;
  std::deque<std::function<void()>> jobs_;
  std::size_t threads_ = 0;
  std::size_t idle_ = 0;
  Clock::time_point lastBegun_{};
  std::atomic<int> running_{0};
  std::atomic<bool> isFrozen_{false};
};

}  // namespace proxycommon
