// Entries of an LMDB store: their values stand in the order in which they came, one behind the other, so that pages are
// full and are free again as a whole; an index leads from a key to its place. Values of a kilobyte in the order of
// their keys would leave half of each page empty. There are two such queues: of what is fresh, and of what has proven
// that it is used.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/result.h"
#include "common/cache/digest.h"
#include "common/cache/lmdb_transaction.h"

namespace proxycommon {

enum class LmdbQueue : std::uint8_t { kFresh, kProven };
LmdbTable tableOf(LmdbQueue queue);

// One transaction. Errors are kInternal.
class LmdbEntries {
 public:
  struct Entry {
    std::uint64_t place;
    Digest key;
    std::string_view value;  // holds as what a transaction gives
  };

  explicit LmdbEntries(LmdbTransaction& transaction) : transaction_(transaction) {}

  Result<std::optional<std::string_view>> get(const Digest& key);
  // Behind all others of its queue. Precondition: there is none of that key.
  Outcome append(LmdbQueue queue, const Digest& key, std::string_view value);
  // Where it is. Precondition: there is one of that key.
  Outcome replace(const Digest& key, std::string_view value);
  Outcome erase(const Digest& key);

  // The one that has been there for longest.
  Result<std::optional<Entry>> oldest(LmdbQueue queue);
  // The first that is at that place or behind; 0: of all. Those that are fresh come first.
  Result<std::optional<Entry>> from(std::uint64_t place);
  // Whether the index leads there.
  Result<bool> isIndexed(const Entry& entry);
  std::uint64_t count() { return transaction_.entries(LmdbTable::kIndex); }
  std::uint64_t count(LmdbQueue queue) { return transaction_.entries(tableOf(queue)); }

 private:
  Result<std::optional<std::uint64_t>> placeOf(const Digest& key);
  Result<std::optional<Entry>> seek(LmdbQueue queue, std::uint64_t place);

  LmdbTransaction& transaction_;
};

// As it stands in the file, read from there.
std::optional<LmdbEntries::Entry> entryOf(const LmdbCursor::Row& row);

}  // namespace proxycommon
