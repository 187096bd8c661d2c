// BlockDirectory: blocks of one stretch of shared memory, found by name. The names stand in the parent's own memory,
// for only the parent hands blocks out; a child has the directory as it was when it was forked.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace proxycommon {

// What is in a block, so that what a dead child has left there is found.
enum class BlockKind { kPlain, kRows, kClaims, kLine };

struct SharedBlock {
  std::byte* memory;
  std::size_t bytes;
  std::uint32_t first;  // the generations in which it was asked for
  std::uint32_t last;
};

// One thread of the parent.
class BlockDirectory {
 public:
  // `memory` is all zero, and begins at a cache line.
  explicit BlockDirectory(std::span<std::byte> memory) : unused_(memory) {}

  // The block of that name and kind, or a new one that is all zero and begins at a cache line. A plain one has exactly
  // that size, others at least: where a limit shrinks, what is counted stays. Error kInternal: the memory is used up.
  Result<SharedBlock> find(std::string_view name, BlockKind kind, std::size_t bytes, std::uint32_t generation);
  // Those not asked for since `generation` began may be given to others, but for those that `isUsed` says are in use.
  void recycle(std::uint32_t generation, const std::function<bool(const SharedBlock&)>& isUsed);
  void forEach(BlockKind kind, const std::function<void(const SharedBlock&)>& work) const;

 private:
  struct Key {
    BlockKind kind;
    std::string name;
    std::size_t bytes;
    auto operator<=>(const Key&) const = default;
  };
  std::byte* take(std::size_t bytes);

  std::span<std::byte> unused_;
  std::map<Key, SharedBlock> blocks_;
  std::map<std::size_t, std::vector<std::byte*>> free_;  // by size
};

}  // namespace proxycommon
