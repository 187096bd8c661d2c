// WaitLine: those who wait for a place that somebody has to give back, in the order in which they came, over the
// children of all generations. It hands nothing out: whoever is next tries again, and so nothing is lost with a child
// that dies while it waits. A view of shared memory.
#pragma once

#include <atomic>
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
  struct Entry {
    std::atomic<std::uint64_t> who;     // when it came, and its child; 0: free
    std::atomic<std::uint32_t> wanted;  // kAnyPlace, or a number
  };
  struct Place {
    std::size_t index;
    std::uint64_t who;
  };

  WaitLine() = default;
  WaitLine(Entry* entries, std::size_t size, std::atomic<std::uint64_t>* nextTicket)
      : entries_(entries), size_(size), nextTicket_(nextTicket) {}

  explicit operator bool() const { return entries_ != nullptr; }

  // At the end; nullopt: as many wait as may (the first `limit` entries are used).
  std::optional<Place> join(std::size_t child, std::uint32_t wanted, std::size_t limit) const;
  void leave(const Place& place) const;
  // Whether nobody who came before it waits for the same; then it may try.
  bool isNext(const Place& place) const;
  // Whether somebody waits for `wanted`, or, for kAnyPlace, for anything at all: then whoever comes now joins too.
  bool isAwaited(std::uint32_t wanted) const;
  std::size_t size() const;
  // The child of the one who has waited longest for `freed`, or for any place; nullopt: nobody does.
  std::optional<std::size_t> nextChild(std::uint32_t freed) const;
  // Takes out those of a child that is dead.
  void strikeOut(std::size_t child) const;

 private:
  Entry* entries_ = nullptr;
  std::size_t size_ = 0;
  std::atomic<std::uint64_t>* nextTicket_ = nullptr;
};

}  // namespace proxycommon
