// HitForMiss: keys whose responses cannot be stored, so that nobody waits for another's, nor looks for what is not
// there: a table in shared memory for all children. What does not fit in pushes out what is older; a key that is
// forgotten costs one wait.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/base/result.h"
#include "common/cache/digest.h"
#include "common/shared/shared_state.h"

namespace proxycommon {

// What is known of a key.
enum class Miss {
  kUnknown,
  kUnshared,  // nobody need wait for another's response
  kAbsent,    // nor does the store have anything under that key
};

// Any process, any thread. A view of shared memory.
class PROXYCOMMON_API HitForMiss {
 public:
  // In the parent, for each generation. Error kInternal.
  static Result<HitForMiss> prepare(SharedState& shared);

  // As kUnshared, for that long from now on, or a sixteenth less, in place of what was said before; a span that is not
  // positive takes the mark away.
  void mark(const Digest& key, milliseconds span) const;
  void unmark(const Digest& key) const;
  // As kAbsent, by who has looked into the store and found nothing. `stored` is what timesStored() was before it
  // looked: where that is another number now, the mark is kUnshared.
  void markAbsent(const Digest& key, milliseconds span, std::uint32_t stored) const;
  // By who has not looked, since it is kAbsent: near the end of its span a mark goes on as kUnshared, so that somebody
  // looks again, and nobody waits for that.
  void prolong(const Digest& key, milliseconds span) const;

  // Something has come into the store under that key: what is marked is not absent any more.
  void noteStored(const Digest& key) const;
  // How often that has been noted, of this key and of some others.
  std::uint32_t timesStored(const Digest& key) const;

  Miss find(const Digest& key) const;
  bool isMarked(const Digest& key) const { return find(key) != Miss::kUnknown; }

 private:
  struct Row;
  struct Table;
  Row* rowOf(const Digest& key) const;
  void write(const Digest& key, milliseconds span, Miss what) const;

  explicit HitForMiss(Table* table) : table_(table) {}
  Table* table_;
};

}  // namespace proxycommon
