// Blocks of shared memory by name.
#include "common/shared/block_directory.h"

#include <algorithm>
#include <cstring>

namespace proxycommon {
namespace {

constexpr std::size_t kCacheLine = 64;

std::size_t inWholeLines(std::size_t bytes) {
  return (std::max<std::size_t>(bytes, 1) + kCacheLine - 1) / kCacheLine * kCacheLine;
}

}  // namespace

Result<SharedBlock> BlockDirectory::find(std::string_view name, BlockKind kind, std::size_t bytes,
                                         std::uint32_t generation) {
  const std::size_t size = inWholeLines(bytes);
  const auto found = blocks_.lower_bound(Key{kind, std::string{name}, size});
  if (found != blocks_.end() && found->first.kind == kind && found->first.name == name &&
      (found->second.bytes == size || kind != BlockKind::kPlain)) {
    found->second.last = generation;
    return found->second;
  }
  std::byte* memory = take(size);
  if (!memory)
    return failure(ErrorKind::kInternal,
                   "no shared memory is left: " + std::to_string(size) + " bytes for \"" + std::string{name} + "\"");
  return blocks_.emplace(Key{kind, std::string{name}, size}, SharedBlock{memory, size, generation, generation})
      .first->second;
}

std::byte* BlockDirectory::take(std::size_t bytes) {
  if (const auto found = free_.find(bytes); found != free_.end() && !found->second.empty()) {
    std::byte* memory = found->second.back();
    found->second.pop_back();
    std::memset(memory, 0, bytes);
    return memory;
  }
  if (unused_.size() < bytes) return nullptr;
  std::byte* memory = unused_.data();
  unused_ = unused_.subspan(bytes);
  return memory;
}

void BlockDirectory::recycle(std::uint32_t generation, const std::function<bool(const SharedBlock&)>& isUsed) {
  std::erase_if(blocks_, [&](const auto& entry) {
    const SharedBlock& block = entry.second;
    if (block.last >= generation || isUsed(block)) return false;
    free_[block.bytes].push_back(block.memory);
    return true;
  });
}

void BlockDirectory::forEach(BlockKind kind, const std::function<void(const SharedBlock&)>& work) const {
  for (const auto& [key, block] : blocks_)
    if (key.kind == kind) work(block);
}

}  // namespace proxycommon
