// ChildTable: what each child process counts, in memory that parent and children of all generations share. It outlives
// a graceful restart, for children of earlier generations still count in it. It knows nothing of httpd.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <span>

#include "common/base/export.h"

namespace proxycommon {

// One child's. Any process.
struct ChildCounters {
  std::atomic<std::uint64_t> owner = 0;  // whose they are, as identityOf() has it; 0: nobody's
  std::atomic<std::uint32_t> tunnels = 0;
  std::atomic<std::uint32_t> parked = 0;
  std::atomic<std::uint32_t> idle = 0;  // connections of its pool, as they were when it was last tended

  pid_t process() const { return static_cast<pid_t>(owner.load() >> 32); }
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free && std::atomic<std::uint64_t>::is_always_lock_free);

// A process and when it began: the kernel gives the number of a dead one to another. The number stands in the upper
// half; the lower one is zero where /proc does not tell.
PROXYCOMMON_API std::uint64_t identityOf(pid_t process);
// Whether the process of that identity is there, and is not a zombie. Reads /proc.
PROXYCOMMON_API bool processLives(std::uint64_t identity);

class PROXYCOMMON_API ChildTable {
 public:
  // `counters` are shared, all zero, and there as long as any child lives.
  explicit ChildTable(std::span<ChildCounters> counters) : counters_(counters) {}

  // In a child, once: counters of its own, set to zero; those of a child that has died are taken over. nullptr when all
  // are in use.
  ChildCounters* claim(pid_t process);
  // In the parent: that process is dead. Its counters, which nobody takes over before release(); nullptr: it has none.
  ChildCounters* withdraw(pid_t process);
  void release(ChildCounters& counters) { counters.owner = 0; }

  // Those of living children are alive; what the others hold is of the dead.
  std::span<ChildCounters> all() { return counters_; }
  static bool isAlive(const ChildCounters& counters);

 private:
  std::span<ChildCounters> counters_;
};

}  // namespace proxycommon
