// Removals of an LMDB store: records that say that whatever began before a time is gone, of one key, of a tag, of all
// URLs with a prefix. They are looked at by who finds and who puts; entries they concern are swept bit by bit, and
// records that a whole sweep has come after are dropped.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/cache/lmdb_entries.h"
#include "common/cache/lmdb_shared.h"
#include "common/cache/lmdb_transaction.h"
#include "common/cache/lmdb_value.h"

namespace proxycommon {

// One call of the store. Errors are kInternal.
class LmdbRemovals {
 public:
  LmdbRemovals(LmdbTransaction& transaction, LmdbShared& shared) : transaction_(transaction), shared_(shared) {}

  // Whether there are any at all. Cheap.
  bool areThere() const { return shared_.removals.load() != 0; }
  // Whether what is in `value` was removed, as far as records tell.
  Result<bool> concern(const Digest& key, const LmdbValue& value);
  // The same for one that is new: what was begun before records that are forgotten by now is not stored.
  Result<bool> refuse(const Digest& key, const LmdbValue& value);

  Outcome addKey(const Digest& key);
  Outcome addTag(std::string_view tag);
  Outcome addPrefix(std::string_view urlPrefix);

  // Erases what is concerned among the next so many entries, and forgets records once all were looked at. What goes is
  // added to `gone`. Precondition: the transaction writes.
  Outcome sweep(std::size_t entries, std::vector<LmdbGone>& gone);
  // Tells all how many records there are. Precondition: the transaction writes, so that nobody else tells.
  void count();

 private:
  Outcome add(std::string_view name);
  Result<bool> isSince(std::string_view name, std::int64_t began);
  Result<bool> prefixConcerns(std::string_view url, std::int64_t began);
  Outcome sweepOne(const LmdbEntries::Entry& entry, std::vector<LmdbGone>& gone);
  Outcome forget(std::uint64_t cycle);

  LmdbTransaction& transaction_;
  LmdbShared& shared_;
};

}  // namespace proxycommon
