// Claims: places of which only so many are there, for the children of all generations together. Each place says who has
// it, so that a place is taken by one atomic step, nobody can ever have one too many, and those of a child that died
// are found and freed. A view of shared memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/base/export.h"

namespace proxycommon {

// Any process, any thread.
class PROXYCOMMON_API Claims {
 public:
  Claims() = default;
  // `places` hold the number of their child plus one; 0: free.
  Claims(std::atomic<std::uint32_t>* places, std::size_t size) : places_(places), size_(size) {}

  explicit operator bool() const { return places_ != nullptr; }
  std::size_t size() const { return size_; }

  // One of the first `limit` places; nullopt: all are taken. `limit` above size() counts as size().
  std::optional<std::size_t> take(std::size_t child, std::size_t limit) const;
  // Precondition: take() gave it. Whoever gives it back looks into the line afterwards, and whoever waits there tries
  // after having joined: in the one order of all these steps (seq_cst) one of them sees the other.
  void giveBack(std::size_t place) const { places_[place].store(0); }
  // How many are taken, those beyond any limit included.
  std::size_t taken() const { return takenWithin(0, size_); }
  // Frees what a child that is dead has held. How many.
  std::size_t strikeOut(std::size_t child) const;

 private:
  std::size_t takenWithin(std::size_t from, std::size_t to) const;

  std::atomic<std::uint32_t>* places_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace proxycommon
