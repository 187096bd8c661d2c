// The kinds of store that the library has.
#include "common/cache/lmdb_definition.h"
#include "common/cache/store_definition.h"

namespace proxycommon {

const Registry<ReadStore>& storeKinds() {
  static const Registry<ReadStore> kinds{{"lmdb", readLmdbStore}};
  return kinds;
}

}  // namespace proxycommon
