// Looks at the files of an LMDB store before anybody relies on them. LMDB has no checksums, and a damaged file can kill
// who reads it: so it is done in a process of its own, which may die of it.
#pragma once

#include <sys/types.h>

#include <functional>

#include "common/base/clock.h"
#include "common/cache/lmdb_environment.h"
#include "common/cache/lmdb_folder.h"
#include "common/cache/lmdb_shared.h"

namespace proxycommon {

// Does `work` in a child process with the rights of that user, for at most so long. False: the work says so, or has
// died, or was killed because it took too long, or could not be begun.
bool doneApart(uid_t user, gid_t group, milliseconds limit, const std::function<bool()>& work);

// Walks over everything and tells `shared` what it has seen. Error: the files are damaged, or cannot be read. Body
// files that nobody knows are removed; `alone`: even new ones, for nobody else has the store open. A large store on a
// slow disk may not be seen whole within `limit`: then no body file is removed, and the rest is looked at when it is
// used.
Outcome checkFiles(const LmdbFolder& folder, const LmdbSize& size, LmdbShared& shared, bool alone, milliseconds limit);

// What there is to know for that.
struct LmdbCheck {
  const LmdbFolder& folder;
  LmdbSize size;
  LmdbShared& shared;
  uid_t user;
  gid_t group;
};

// Checks apart; what is damaged is set aside, and everybody who has it open is told. Whether it was good. Error
// kInternal: it could not be set aside.
Result<bool> checkOrSetAside(const LmdbCheck& check, bool alone);

}  // namespace proxycommon
