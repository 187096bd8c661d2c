// Those of one child who wait in lines.
#include "common/shared/line_waiters.h"

namespace proxycommon {

std::unique_ptr<LineWaiters::Place> LineWaiters::join(const WaitLine& line, std::uint32_t wanted, std::size_t limit,
                                                      std::function<void()> wake) {
  std::unique_ptr<Place> joined;
  bool begins = false;
  {
    // Tickets are drawn under the lock, so that the first of a queue is the oldest.
    const std::lock_guard lock(mutex_);
    const auto place = line.join(child_, wanted, limit);
    if (!place) return nullptr;
    const auto kind = queues_.try_emplace(Kind{line, wanted}).first;
    kind->second.push_back({*place, std::move(wake)});
    joined = std::make_unique<Place>(*this, kind, std::prev(kind->second.end()));
    begins = !std::exchange(isTended_, true);
  }
  if (begins) begin_();
  return joined;
}

void LineWaiters::wakeNextLocked() {
  for (const auto& [kind, queue] : queues_)
    if (kind.first.isNext(queue.front().place)) queue.front().wake();
}

void LineWaiters::wakeNext() {
  const std::lock_guard lock(mutex_);
  wakeNextLocked();
}

bool LineWaiters::tend() {
  const std::lock_guard lock(mutex_);
  wakeNextLocked();
  isTended_ = !queues_.empty();
  return isTended_;
}

void LineWaiters::leave(std::map<Kind, Queue>::iterator kind, Queue::iterator own) {
  const auto [line, wanted] = kind->first;
  {
    const std::lock_guard lock(mutex_);
    line.leave(own->place);
    kind->second.erase(own);
    if (kind->second.empty()) queues_.erase(kind);
  }
  // Several places may have been freed while this one stood first: then they are for those whom it kept from trying.
  if (const auto child = line.firstOf(wanted)) shared_.wake(*child);
  shared_.wakeNext(line, wanted);
}

}  // namespace proxycommon
