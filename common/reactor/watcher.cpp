// Watches the descriptors and deadlines of parked requests.
#include "common/reactor/watcher.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace proxycommon {
namespace {

// Tags are an Id and, in the lowest bit, which of its descriptors; the timer has one that no Id gives.
constexpr std::uint64_t kTimerTag = 0;
constexpr std::uint64_t kClientBit = 1;
std::uint64_t backendTag(Watcher::Id id) {
  return id << 1;
}
std::uint64_t clientTag(Watcher::Id id) {
  return id << 1 | kClientBit;
}

static_assert(POLLIN == EPOLLIN && POLLOUT == EPOLLOUT && POLLRDHUP == EPOLLRDHUP);

}  // namespace

Result<std::unique_ptr<Watcher>> Watcher::make() {
  FileDescriptor poll{::epoll_create1(EPOLL_CLOEXEC)};
  FileDescriptor timer{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
  if (!poll || !timer) return failure(ErrorKind::kInternal, "no descriptor left for the reactor");
  epoll_event event{EPOLLIN, {.u64 = kTimerTag}};
  ::epoll_ctl(poll.get(), EPOLL_CTL_ADD, timer.get(), &event);
  return std::unique_ptr<Watcher>(new Watcher(std::move(poll), std::move(timer)));
}

Watcher::Id Watcher::add(const Watch& watch, std::shared_ptr<const Wake> wake) {
  const std::lock_guard lock(mutex_);
  const Id id = ++lastId_;
  entries_.emplace(id, Entry{watch, std::move(wake), {}});
  deadlines_.emplace(watch.until, id);
  if (watch.until < armed_) armTimer(watch.until);
  if (watch.backend >= 0) listen(watch.backend, watch.backendEvents, backendTag(id));
  if (watch.client >= 0) listen(watch.client, watch.clientEvents, clientTag(id));
  return id;
}

void Watcher::listen(int descriptor, short events, std::uint64_t tag) {
  epoll_event event{static_cast<std::uint32_t>(events) | EPOLLONESHOT, {.u64 = tag}};
  // One that cannot be watched counts as ready: whoever uses it finds out why.
  if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0) note(tag, EPOLLERR);
}

Woken Watcher::remove(Id id) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return {};
  const Watch& watch = found->second.watch;
  if (watch.backend >= 0) ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, watch.backend, nullptr);
  if (watch.client >= 0) ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, watch.client, nullptr);
  const Woken woken = found->second.woken;
  deadlines_.erase({watch.until, id});
  entries_.erase(found);
  return woken;
}

void Watcher::wakeAll() {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, entry] : entries_) entry.wake->signal();
}

void Watcher::dispatch() {
  std::array<epoll_event, 64> events;
  while (true) {
    const int count = ::epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()), 0);
    if (count <= 0) return;
    const std::lock_guard lock(mutex_);
    for (int index = 0; index < count; ++index) {
      const epoll_event& event = events[static_cast<std::size_t>(index)];
      if (event.data.u64 == kTimerTag) {
        expire();
      } else {
        note(event.data.u64, event.events);
      }
    }
  }
}

// Under the lock. A watch that was removed meanwhile is not found: Ids are never given twice.
void Watcher::note(std::uint64_t tag, std::uint32_t events) {
  const auto found = entries_.find(tag >> 1);
  if (found == entries_.end()) return;
  Woken& woken = found->second.woken;
  const bool gone = (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0;
  if ((tag & kClientBit) == 0) {
    woken.backend = true;
  } else if (gone) {
    woken.clientGone = true;
  } else {
    woken.client = true;
  }
  found->second.wake->signal();
}

void Watcher::armTimer(Clock::time_point at) {
  armed_ = at;
  itimerspec when{};
  if (at != Clock::time_point::max()) {
    // Zero would disarm it, and what lies before the machine's start is refused.
    const auto nanoseconds = std::max(std::chrono::nanoseconds{at.time_since_epoch()}.count(), std::int64_t{1});
    when.it_value = {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
  }
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

// Under the lock.
void Watcher::expire() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(timer_.get(), &count, sizeof count);
  const auto now = Clock::now();
  auto next = deadlines_.begin();
  for (; next != deadlines_.end() && next->first <= now; ++next) entries_.at(next->second).wake->signal();
  deadlines_.erase(deadlines_.begin(), next);
  armTimer(next == deadlines_.end() ? Clock::time_point::max() : next->first);
}

}  // namespace proxycommon
