// See event_loop.h.
#include "tests/integration/support/event_loop.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <system_error>

namespace proxytest {
namespace {

constexpr std::uint64_t kWakeNumber = 0;
constexpr int kLongestWait = 1000;

void control(const Descriptor& epoll, int operation, int descriptor, std::uint64_t number, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = number;
  if (::epoll_ctl(epoll.get(), operation, descriptor, &event) == 0) return;
  throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

// OpenSSL writes without MSG_NOSIGNAL.
void blockBrokenPipes() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

EventLoop::EventLoop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  control(epoll_, EPOLL_CTL_ADD, wake_.get(), kWakeNumber, EPOLLIN);
  thread_ = std::thread([this] { run(); });
}

void EventLoop::stop() {
  if (!thread_.joinable()) return;
  ending_ = true;
  wake();
  thread_.join();
}

void EventLoop::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void EventLoop::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  wake();
}

std::uint64_t EventLoop::watch(int descriptor, std::uint32_t events, Watcher& watcher) {
  const std::uint64_t number = ++lastNumber_;
  control(epoll_, EPOLL_CTL_ADD, descriptor, number, events);
  watchers_[number] = &watcher;
  return number;
}

void EventLoop::change(std::uint64_t number, int descriptor, std::uint32_t events) {
  control(epoll_, EPOLL_CTL_MOD, descriptor, number, events);
}

void EventLoop::forget(std::uint64_t number, int descriptor) {
  watchers_.erase(number);
  control(epoll_, EPOLL_CTL_DEL, descriptor, number, 0);
}

void EventLoop::again(std::uint64_t number) {
  post([this, number] {
    const auto found = watchers_.find(number);
    if (found != watchers_.end()) found->second->ready(0);
  });
}

void EventLoop::after(std::chrono::milliseconds delay, Task task) {
  timers_.push({Clock::now() + delay, ++lastNumber_, std::move(task)});
}

int EventLoop::waitLimit() const {
  if (timers_.empty()) return kLongestWait;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.top().due - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, kLongestWait));
}

void EventLoop::waitForEvents() {
  std::array<epoll_event, 256> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), waitLimit());
  for (int index = 0; index < count; ++index) {
    const epoll_event& event = events[static_cast<std::size_t>(index)];
    // An earlier event of this round may have ended the watcher of a later one.
    const auto found = watchers_.find(event.data.u64);
    if (found != watchers_.end()) found->second->ready(event.events);
  }
  std::uint64_t wakes = 0;
  [[maybe_unused]] const ssize_t taken = ::read(wake_.get(), &wakes, sizeof wakes);
}

void EventLoop::runTimers() {
  while (!timers_.empty() && timers_.top().due <= Clock::now()) {
    const Task task = timers_.top().task;
    timers_.pop();
    task();
  }
}

void EventLoop::runTasks() {
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (const Task& task : tasks) task();
}

void EventLoop::run() {
  blockBrokenPipes();
  while (!ending_) {
    waitForEvents();
    runTimers();
    runTasks();
  }
  runTasks();  // whoever waits in call() gets an answer
}

}  // namespace proxytest
