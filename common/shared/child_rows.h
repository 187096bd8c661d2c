// ChildRows: a count that each child keeps in a row of its own, and whose sum is what all of them have. A child that
// dies leaves its row behind, which is struck out: so no count drifts. A view of shared memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace proxycommon {

// Any process, any thread.
class ChildRows {
 public:
  ChildRows() = default;
  // `used`: how many rows, from the first, some child has or had; those behind are not looked at.
  ChildRows(std::atomic<std::uint32_t>* rows, const std::atomic<std::uint32_t>* used) : rows_(rows), used_(used) {}

  explicit operator bool() const { return rows_ != nullptr; }

  void add(std::size_t child) const { rows_[child].fetch_add(1, std::memory_order_relaxed); }
  // Precondition: add() by the same child before.
  void remove(std::size_t child) const { rows_[child].fetch_sub(1, std::memory_order_relaxed); }
  std::uint32_t total() const {
    std::uint32_t sum = 0;
    const std::uint32_t used = used_->load(std::memory_order_relaxed);
    for (std::uint32_t child = 0; child < used; ++child) sum += rows_[child].load(std::memory_order_relaxed);
    return sum;
  }
  // Of a child that is dead.
  void strikeOut(std::size_t child) const { rows_[child].store(0, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint32_t>* rows_ = nullptr;
  const std::atomic<std::uint32_t>* used_ = nullptr;
};

}  // namespace proxycommon
