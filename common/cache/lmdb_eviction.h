// Eviction of an LMDB store: of the oldest entry. What is fresh goes when nobody has used it, and comes to what is
// proven when somebody has; what is proven loses one mark of use and is written anew behind all others, and goes when
// it has none (CLOCK, as a queue: so pages become free as a whole). It is done by whoever stores, a few entries at a
// time, in the same transaction.
#pragma once

#include <cstdint>
#include <vector>

#include "common/base/result.h"
#include "common/cache/lmdb_shared.h"
#include "common/cache/lmdb_transaction.h"
#include "common/cache/lmdb_value.h"

namespace proxycommon {

// One transaction, which writes. Errors are kInternal.
class LmdbEviction {
 public:
  // `limit`: bytes of pages and files together.
  LmdbEviction(LmdbTransaction& transaction, LmdbShared& shared, std::uint64_t limit)
      : transaction_(transaction), shared_(shared), limit_(limit) {}

  // Until there are so many bytes; false: there are not yet, and enough was done for one call. `fileBytes` is what
  // files take without what has gone.
  Result<bool> makeRoom(std::uint64_t bytes, std::int64_t fileBytes, std::vector<LmdbGone>& gone);
  // So many entries, however much room there is.
  Outcome drop(std::size_t entries, std::vector<LmdbGone>& gone);

 private:
  struct Budget {
    std::size_t looks;
    std::size_t entries;
  };
  bool hasRoom(std::uint64_t bytes, std::int64_t fileBytes, const std::vector<LmdbGone>& gone);
  // Goes on until `isEnough`, or until the budget is used up.
  template <class Enough>
  Result<bool> turn(Budget budget, Enough isEnough, std::vector<LmdbGone>& gone);

  LmdbTransaction& transaction_;
  LmdbShared& shared_;
  std::uint64_t limit_;
};

}  // namespace proxycommon
