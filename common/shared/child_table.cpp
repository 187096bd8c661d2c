// What each child process counts, in shared memory.
#include "common/shared/child_table.h"

#include <signal.h>
#include <sys/mman.h>

#include <cerrno>
#include <new>
#include <system_error>

namespace proxycommon {

Result<ChildTable*> ChildTable::make(std::size_t children) {
  const std::size_t bytes = sizeof(ChildTable) + alignof(ChildCounters) + children * sizeof(ChildCounters);
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return failure(ErrorKind::kInternal, "no shared memory: " + std::system_category().message(errno));
  // A fresh mapping is all zero, which is what every counter begins with.
  auto* counters = reinterpret_cast<ChildCounters*>(static_cast<char*>(memory) + sizeof(ChildTable));
  static_assert(sizeof(ChildTable) % alignof(ChildCounters) == 0);
  return new (memory) ChildTable(counters, children);
}

ChildCounters* ChildTable::claim(pid_t process) {
  for (const bool alsoOfTheDead : {false, true}) {
    for (ChildCounters& counters : all()) {
      pid_t before = counters.process.load();
      if (before != 0 && !(alsoOfTheDead && !isAlive(counters))) continue;
      if (!counters.process.compare_exchange_strong(before, process)) continue;
      counters.tunnels = 0;
      counters.parked = 0;
      return &counters;
    }
  }
  return nullptr;
}

bool ChildTable::isAlive(const ChildCounters& counters) {
  const pid_t process = counters.process.load();
  return process != 0 && (::kill(process, 0) == 0 || errno == EPERM);
}

}  // namespace proxycommon
