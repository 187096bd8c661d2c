// Those who wait for a place, over all children. All steps are seq_cst: see Claims::giveBack().
#include "common/shared/wait_line.h"

#include <algorithm>
#include <limits>

namespace proxycommon {
namespace {

constexpr unsigned kChildBits = 16;
constexpr std::uint64_t kChildMask = (1U << kChildBits) - 1;

// Zero: it has not been drawn yet.
std::uint64_t ticketOf(std::uint64_t who) {
  return who >> kChildBits;
}

// What an entry held at one moment.
struct Seen {
  std::uint64_t who;
  std::uint32_t wanted;

  bool isFree() const { return who == 0; }
  bool isUndrawn() const { return who != 0 && ticketOf(who) == 0; }
};

Seen read(const WaitLine::Entry& entry) {
  // Another process that is being run needs no longer to draw its ticket.
  constexpr int kLooks = 200;
  Seen seen{entry.who.load(), 0};
  for (int look = 0; !seen.isFree(); ++look) {
    seen.wanted = entry.wanted.load();
    const std::uint64_t again = entry.who.load();
    // Else it has been left, and joined by another, in between.
    if (again == seen.who && (!seen.isUndrawn() || look >= kLooks)) break;
    seen.who = again;
  }
  return seen;
}

}  // namespace

std::size_t WaitLine::reach() const {
  return std::min<std::size_t>(head_->reach.load(), size_);
}

std::optional<WaitLine::Place> WaitLine::join(std::size_t child, std::uint32_t wanted, std::size_t limit) const {
  const std::uint64_t mine = child + 1;
  const std::size_t end = std::min(limit, size_);
  for (std::size_t index = 0; index < end; ++index) {
    Entry& entry = entries_[index];
    std::uint64_t who = entry.who.load();
    if (who != 0) continue;
    std::uint32_t reached = head_->reach.load();
    while (reached <= index && !head_->reach.compare_exchange_weak(reached, static_cast<std::uint32_t>(index + 1))) {
    }
    if (!entry.who.compare_exchange_strong(who, mine)) continue;
    entry.wanted = wanted;
    who = (head_->tickets.fetch_add(1) + 1) << kChildBits | mine;
    entry.who = who;
    return Place{index, who};
  }
  return std::nullopt;
}

void WaitLine::leave(const Place& place) const {
  entries_[place.index].who = 0;
}

void WaitLine::want(const Place& place, std::uint32_t wanted) const {
  entries_[place.index].wanted = wanted;
}

bool WaitLine::isNext(const Place& place) const {
  const std::uint32_t wanted = entries_[place.index].wanted.load();
  const std::size_t end = reach();
  for (std::size_t index = 0; index < end; ++index) {
    if (index == place.index) continue;
    const Seen other = read(entries_[index]);
    if (other.isFree()) continue;
    if (other.isUndrawn() || (other.wanted == wanted && ticketOf(other.who) < ticketOf(place.who))) return false;
  }
  return true;
}

bool WaitLine::isAwaited(std::uint32_t wanted) const {
  const std::size_t end = reach();
  return std::any_of(entries_, entries_ + end, [&](const Entry& entry) {
    const Seen seen = read(entry);
    return !seen.isFree() && (seen.isUndrawn() || wanted == kAnyPlace || seen.wanted == wanted);
  });
}

std::size_t WaitLine::size() const {
  return static_cast<std::size_t>(
      std::count_if(entries_, entries_ + reach(), [](const Entry& entry) { return entry.who.load() != 0; }));
}

// Who has no ticket yet is not among them: it tries itself once it has.
template <class Wants>
std::optional<std::size_t> WaitLine::oldest(Wants wants) const {
  std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
  const std::size_t end = reach();
  for (std::size_t index = 0; index < end; ++index) {
    const Seen seen = read(entries_[index]);
    if (!seen.isFree() && !seen.isUndrawn() && seen.who < first && wants(seen.wanted)) first = seen.who;
  }
  if (first == std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
  return (first & kChildMask) - 1;
}

std::optional<std::size_t> WaitLine::nextChild(std::uint32_t freed) const {
  return oldest([freed](std::uint32_t wanted) { return freed == kAnyPlace || wanted == freed || wanted == kAnyPlace; });
}

std::optional<std::size_t> WaitLine::firstOf(std::uint32_t wanted) const {
  return oldest([wanted](std::uint32_t other) { return other == wanted; });
}

void WaitLine::strikeOut(std::size_t child) const {
  for (std::size_t index = 0; index < size_; ++index)
    if ((entries_[index].who.load() & kChildMask) == child + 1) entries_[index].who = 0;
}

}  // namespace proxycommon
