// Those of one child who wait in lines.
#include "common/shared/line_waiters.h"

#include <algorithm>

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
  const Kind left = kind->first;
  {
    const std::lock_guard lock(mutex_);
    left.first.leave(own->place);
    kind->second.erase(own);
    if (kind->second.empty()) queues_.erase(kind);
  }
  wakeBehind(left);
}

std::map<LineWaiters::Kind, LineWaiters::Queue>::iterator LineWaiters::move(std::map<Kind, Queue>::iterator kind,
                                                                            Queue::iterator own, std::uint32_t wanted) {
  const Kind left = kind->first;
  const auto isLater = [own](const Waiting& other) { return other.place.who > own->place.who; };
  std::map<Kind, Queue>::iterator moved;
  {
    const std::lock_guard lock(mutex_);
    left.first.want(own->place, wanted);
    moved = queues_.try_emplace(Kind{left.first, wanted}).first;
    Queue& queue = moved->second;
    queue.splice(std::find_if(queue.begin(), queue.end(), isLater), kind->second, own);
    if (kind->second.empty()) queues_.erase(kind);
  }
  wakeBehind(left);
  return moved;
}

// Several places may have been freed while one stood first: then they are for those whom it kept from trying.
void LineWaiters::wakeBehind(const Kind& left) const {
  const auto& [line, wanted] = left;
  if (const auto child = line.firstOf(wanted)) shared_.wake(*child);
  shared_.wakeNext(line, wanted);
}

}  // namespace proxycommon
