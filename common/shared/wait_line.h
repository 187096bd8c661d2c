// WaitLine: those who wait for a place that somebody has to give back, in the order in which they came, over the
// children of all generations. It hands nothing out: whoever is next tries again, and so nothing is lost with a child
// that dies while it waits. A view of shared memory.
#pragma once

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/base/export.h"

namespace proxycommon {

// What they wait for: any place, or one of a kind.
inline constexpr std::uint32_t kAnyPlace = 0xffff'ffff;

// Any process, any thread.
class PROXYCOMMON_API WaitLine {
 public:
  // `who` is a ticket, in the upper 48 bits, and its child's number plus one; 0: free. Whoever joins puts its child
  // there first, without a ticket; then `wanted`; then draws the ticket. So an entry without one may turn out to be
  // older, and what it wants is not known yet: it stands in everybody's way, which is for a few instructions, or until
  // its child is struck out. Thus nobody is overtaken by who drew a later ticket.
  struct Entry {
    std::atomic<std::uint64_t> who;
    std::atomic<std::uint32_t> wanted;  // kAnyPlace, or a number
  };
  struct alignas(64) Head {
    std::atomic<std::uint64_t> tickets;  // drawn so far
    std::atomic<std::uint32_t> reach;    // how many entries, from the first, were ever used
  };
  struct Place {
    std::size_t index;
    std::uint64_t who;
  };

  WaitLine() = default;
  // All zero at first.
  WaitLine(Entry* entries, std::size_t size, Head* head) : entries_(entries), size_(size), head_(head) {}

  explicit operator bool() const { return entries_ != nullptr; }
  // Equal: the same line.
  auto operator<=>(const WaitLine&) const = default;

  // At the end; nullopt: as many wait as may (the first `limit` entries are used).
  std::optional<Place> join(std::size_t child, std::uint32_t wanted, std::size_t limit) const;
  void leave(const Place& place) const;
  // It waits for something else from now on, and has waited as long as before.
  void want(const Place& place, std::uint32_t wanted) const;
  // Whether nobody who came before it waits for the same; then it may try.
  bool isNext(const Place& place) const;
  // Whether somebody waits for `wanted`, or, for kAnyPlace, for anything at all: then whoever comes now joins too.
  bool isAwaited(std::uint32_t wanted) const;
  std::size_t size() const;
  // The child of the one who has waited longest for `freed` or for any place; for kAnyPlace, for anything at all.
  // nullopt: nobody does.
  std::optional<std::size_t> nextChild(std::uint32_t freed) const;
  // The child of the first in the line of those who want the same.
  std::optional<std::size_t> firstOf(std::uint32_t wanted) const;
  // Takes out those of a child that is dead.
  void strikeOut(std::size_t child) const;

 private:
  std::size_t reach() const;
  template <class Wants>
  std::optional<std::size_t> oldest(Wants wants) const;

  Entry* entries_ = nullptr;
  std::size_t size_ = 0;
  Head* head_ = nullptr;
};

}  // namespace proxycommon
