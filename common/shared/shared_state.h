// SharedState: what parent and children of all generations have in common: one mapping made before the first fork, in
// which blocks are found by name, so that a graceful restart finds again what the old children still count in. It
// knows nothing of httpd.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/base/file_descriptor.h"
#include "common/base/result.h"
#include "common/shared/block_directory.h"
#include "common/shared/child_rows.h"
#include "common/shared/child_table.h"
#include "common/shared/claims.h"
#include "common/shared/wait_line.h"

namespace proxycommon {

// A child's number is that of its counters in children(). One more, children().all().size(), is for children that found
// all counters in use: what those leave when they die stays. The object is the parent's; a child has it as it was when
// it was forked. The leader is one child of all, which does what is to be done once: health checks, names.
class PROXYCOMMON_API SharedState {
 public:
  // In the parent. Never given back: children use it as long as they live. Error kInternal.
  static Result<SharedState*> make(std::size_t children);

  ChildTable& children() { return table_; }

  // In a child, once, before it counts anything: its number. What a dead child of that number has left is struck out.
  std::size_t claim(pid_t process);

  // In the parent, while a configuration is made ready: blocks that are not asked for between the two are given to
  // others, once no child is left that was forked when they were.
  void beginGeneration() { ++generation_; }
  void endGeneration();
  // In the parent: a child has been forked.
  void noteChild(pid_t process) { living_.push_back({process, generation_}); }

  // The block of that name: an earlier generation's, or a new one that is all zero. `bytes` must not differ between
  // generations; where it does, the block is a new one. Error kInternal: the memory is used up.
  Result<void*> block(std::string_view name, std::size_t bytes);
  template <class T>
  Result<T*> state(std::string_view name) {
    auto memory = block(name, sizeof(T));
    if (!memory) return std::move(memory.error());
    return static_cast<T*>(*memory);
  }
  // One name may be given to one each of block(), rows(), claims() and line(). total() of rows sums up those of
  // children that have a number from claim().
  Result<ChildRows> rows(std::string_view name);
  // At least `limit` places, but at most kMostPlaces. Where the limit changes, the block is the same unless it is too
  // small.
  static constexpr std::size_t kMostPlaces = 65'536;
  Result<Claims> claims(std::string_view name, std::size_t limit);
  Result<WaitLine> line(std::string_view name, std::size_t limit);

  // In the parent: a child has died. What it held is free again, and who waits for that is woken.
  void strikeOut(pid_t process);

  // Any process. What becomes readable when somebody wakes that child; made before the first fork. -1: there were not
  // enough descriptors, and it cannot be woken.
  int wakeDescriptor(std::size_t child) const { return wakes_[child].get(); }
  void wake(std::size_t child) const;
  // By the child itself: makes it unreadable again.
  void clearWake(std::size_t child) const;
  // A place was freed: wakes whoever is the next for it.
  void wakeNext(const WaitLine& line, std::uint32_t freed) const;

  // In a child. Whether it is the leader from now on, or still: the one there was is dead, has resigned, or is of an
  // older generation. `generation` is that of the configuration the child has. Cheap.
  bool lead(std::size_t child, std::uint32_t generation);
  void resign(std::size_t child);
  // Any process: the process that leads; 0: none does.
  pid_t leader() const;
  // In which generation of the configuration this process is: raised by beginGeneration().
  std::uint32_t generation() const { return generation_; }

 private:
  struct Header;
  struct LivingChild {
    pid_t process;
    std::uint32_t generation;
  };

  SharedState(Header& header, std::span<ChildCounters> counters, std::span<std::byte> rest);
  std::size_t numbers() const { return wakes_.size(); }
  Result<SharedBlock> sized(std::string_view name, BlockKind kind, std::size_t limit, std::size_t head,
                            std::size_t each);
  void noteUsed(std::size_t child);
  void strikeOutNumber(std::size_t child);
  bool anyoneWaits() const;
  bool isDead(std::size_t leader);

  Header& header_;
  ChildTable table_;
  BlockDirectory blocks_;
  std::uint32_t generation_ = 0;
  std::vector<LivingChild> living_;
  std::vector<FileDescriptor> wakes_;  // by child
};

}  // namespace proxycommon
