// HitForMiss: keys whose responses cannot be stored, so that nobody waits for another's: a table in shared memory for
// all children. What does not fit in pushes out what is older; a key that is forgotten costs one wait.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/base/result.h"
#include "common/cache/digest.h"
#include "common/shared/shared_state.h"

namespace proxycommon {

// Any process, any thread. A view of shared memory.
class PROXYCOMMON_API HitForMiss {
 public:
  // In the parent, for each generation. Error kInternal.
  static Result<HitForMiss> prepare(SharedState& shared);

  // For that long from now on, in place of what was said before; a span that is not positive takes the mark away.
  void mark(const Digest& key, milliseconds span) const;
  void unmark(const Digest& key) const;
  bool isMarked(const Digest& key) const;

 private:
  struct Row;
  Row* find(const Digest& key) const;

  explicit HitForMiss(Row* rows) : rows_(rows) {}
  Row* rows_;
};

}  // namespace proxycommon
