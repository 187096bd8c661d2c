// What the children that use one LMDB store have in common.
#include "common/cache/lmdb_shared.h"

#include <unistd.h>

#include "common/shared/child_table.h"

namespace proxycommon {
namespace {

bool isAlive(std::uint64_t owner) {
  ChildCounters counters;
  counters.owner = owner;
  return owner != 0 && ChildTable::isAlive(counters);
}

}  // namespace

void LmdbShared::noteUse(const Digest& key) {
  // One that is lost between two threads does no harm.
  std::atomic<std::uint8_t>& mark = markOf(key);
  const std::uint8_t use = mark.load(std::memory_order_relaxed);
  if (use < kMostUse) mark.store(static_cast<std::uint8_t>(use + 1), std::memory_order_relaxed);
}

LmdbRow* LmdbShared::claimRow(pid_t process) {
  const std::uint64_t mine = identityOf(process);
  for (LmdbRow& row : rows) {
    std::uint64_t owner = row.owner.load();
    // What a dead one was inside of is for someoneDiedInside() to see.
    if (owner != 0 && (isAlive(owner) || row.inside.load() != 0)) continue;
    if (!row.owner.compare_exchange_strong(owner, mine)) continue;
    row.inside.store(0);
    return &row;
  }
  return nullptr;
}

bool LmdbShared::someoneDiedInside() {
  bool found = false;
  for (LmdbRow& row : rows) {
    std::uint64_t owner = row.owner.load();
    if (owner == 0 || row.inside.load() == 0 || isAlive(owner)) continue;
    // Whoever comes first is the one who looks.
    if (!row.owner.compare_exchange_strong(owner, identityOf(getpid()))) continue;
    row.inside.store(0);
    row.owner.store(0);
    found = true;
  }
  return found;
}

}  // namespace proxycommon
