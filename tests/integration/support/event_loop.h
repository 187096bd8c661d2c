// One thread with one epoll, on which thousands of connections of a test run: no thread for each, so that the load
// leaves the cores to the server under test. Everything but post(), call() and stop() belongs to that thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <queue>
#include <thread>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/integration/support/descriptor.h"

namespace proxytest {

class EventLoop {
 public:
  using Task = std::function<void()>;

  class Watcher {
   public:
    virtual ~Watcher() = default;
    virtual void ready(std::uint32_t events) = 0;
  };

  EventLoop();
  ~EventLoop() { stop(); }
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Ends the thread; no watcher is called any more.
  void stop();

  // From any thread: runs it in the loop, after whatever is going on there.
  void post(Task task);

  // From another thread: runs it in the loop and returns its result.
  template <typename Function>
  auto call(Function function) {
    auto task = std::make_shared<std::packaged_task<std::invoke_result_t<Function>()>>(std::move(function));
    auto result = task->get_future();
    if (thread_.joinable()) {
      post([task] { (*task)(); });
    } else {
      (*task)();
    }
    return result.get();
  }

  // The watcher must live until forget(). The number stands for the pair in the other calls.
  std::uint64_t watch(int descriptor, std::uint32_t events, Watcher& watcher);
  void change(std::uint64_t number, int descriptor, std::uint32_t events);
  void forget(std::uint64_t number, int descriptor);
  void again(std::uint64_t number);  // calls ready(0) soon, unless it is forgotten by then
  void after(std::chrono::milliseconds delay, Task task);

 private:
  using Clock = std::chrono::steady_clock;
  struct Timer {
    Clock::time_point due;
    std::uint64_t order;
    Task task;
    bool operator>(const Timer& other) const { return std::pair(due, order) > std::pair(other.due, other.order); }
  };

  void run();
  void waitForEvents();
  void runTimers();
  void runTasks();
  void wake();
  int waitLimit() const;

  Descriptor epoll_;
  Descriptor wake_;
  std::uint64_t lastNumber_ = 0;
  std::unordered_map<std::uint64_t, Watcher*> watchers_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::mutex mutex_;
  std::vector<Task> tasks_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace proxytest
