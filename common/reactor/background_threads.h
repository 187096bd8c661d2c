// BackgroundThreads: a few threads of a child for work that nobody waits for and that may block for long. They are
// begun when there is something to do, and stay.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "common/base/export.h"
#include "common/reactor/reactor.h"
#include "common/reactor/wake.h"

namespace proxycommon {

// Any thread, where nothing else is said.
class PROXYCOMMON_API BackgroundThreads {
 public:
  static constexpr std::size_t kThreads = 8;
  static constexpr std::size_t kQueue = 64;  // pieces of work that have not begun

  // `escaped` hears of an exception that work has let through; its thread goes on.
  explicit BackgroundThreads(EscapedException escaped);
  // Stops, and waits for what runs. What has not begun is destroyed.
  ~BackgroundThreads();
  BackgroundThreads(const BackgroundThreads&) = delete;

  // False: there is no room, no thread, or it stops: nothing is done. The work is called once, in one of the threads,
  // and destroyed there; where it stops first it is never called.
  bool run(std::function<void()> work);
  // For whoever has to make the work first: whether run() would have taken it.
  bool hasRoom();

  // From here on nothing begins; what runs looks at isStopping(), or waits for the descriptor too, which is readable
  // from now on (-1: the process is out of descriptors). In a signal handler too.
  void stop();
  bool isStopping() const { return isStopping_; }
  int stopDescriptor() const { return stopped_.descriptor(); }
  // Stops, and waits until nothing runs any more, but no longer than 2 s: for before the process ends, in a signal
  // handler too. The threads stay where they are.
  void freeze();

 private:
  bool isFull() const { return isStopping_ || queue_.size() >= kQueue; }
  bool addThread();
  void serve();
  void perform(std::function<void()> work);

  const EscapedException escaped_;
  const Wake stopped_;
  std::atomic<bool> isStopping_{false};
  std::atomic<std::size_t> working_{0};
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> queue_;
  std::size_t idle_ = 0;
  bool isOver_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace proxycommon
