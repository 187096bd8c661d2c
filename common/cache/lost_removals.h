// LostRemovals: what a store has failed to remove, in memory that all children share, so that it is removed before the
// store is used again. What does not fit in there costs all that the store has: that is safe, and costs misses only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/base/result.h"
#include "common/cache/digest.h"
#include "common/cache/store.h"
#include "common/shared/shared_state.h"

namespace proxycommon {

// Of one store. Any process, any thread. A view of shared memory: what a server has not made up for when it ends is
// forgotten.
class PROXYCOMMON_API LostRemovals {
 public:
  static constexpr std::size_t kMost = 256;
  static constexpr std::size_t kLongest = 480;  // bytes of a tag or prefix
  // How long one waits for another that makes up for them.
  static constexpr milliseconds kPatience{200};

  // In the parent, for each generation. Error kInternal.
  static Result<LostRemovals> prepare(SharedState& shared, const std::string& store);

  void noteKey(const Digest& key) const;
  void noteTag(std::string_view tag) const;
  void notePrefix(std::string_view urlPrefix) const;

  // Cheap.
  bool areThere() const;
  // Removes them; with several at it, one does, and the others wait. Error: the store has failed again, or the other
  // one is not done yet; they stay.
  Outcome makeUp(Store& store) const;

 private:
  enum class Kind : std::uint8_t { kAll, kKey, kTag, kPrefix };
  struct Slot;
  struct Table;

  explicit LostRemovals(Table& table) : table_(&table) {}
  void note(Kind kind, std::string_view what) const;
  bool isNoted(Kind kind, std::string_view what) const;
  bool becomeOwner() const;
  Outcome removeAll(Store& store) const;
  Outcome removeNoted(Store& store, std::uint32_t round, std::size_t from, std::size_t to) const;

  Table* table_;
};

}  // namespace proxycommon
