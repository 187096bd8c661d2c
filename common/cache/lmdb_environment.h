// LmdbEnvironment: the file of an LMDB store as one process has it open. There is never a second one of the same file
// in a process: that would break LMDB's locks. Nobody takes one over a fork().
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/cache/lmdb_transaction.h"

struct MDB_env;

namespace proxycommon {

struct LmdbSize {
  std::uint64_t mapBytes = 0;
  std::size_t readers = 0;  // that look into it at once, over all processes
};

// Any thread. Errors are kInternal.
class LmdbEnvironment {
 public:
  // The files data.mdb and lock.mdb of that folder, made when they are missing.
  static Result<std::unique_ptr<LmdbEnvironment>> open(const std::string& folder, const LmdbSize& size);
  ~LmdbEnvironment();
  LmdbEnvironment(const LmdbEnvironment&) = delete;

  Result<LmdbTransaction> read();
  // Waits until no other thread of any process writes.
  Result<LmdbTransaction> write();
  // Strikes out readers that have died: what they looked at could not be used again.
  void checkReaders();
  // LMDB has given up on it: it must be opened anew.
  bool isBroken() const { return isBroken_; }
  // Looks at the list of free pages, which is read when there is something to write. Error: it is damaged.
  Outcome checkFreePages();

 private:
  friend class LmdbTransaction;
  friend class LmdbCursor;
  LmdbEnvironment(MDB_env* handle, std::string folder) : handle_(handle), folder_(std::move(folder)) {}
  struct Mapping {
    std::uintptr_t begin;
    std::uintptr_t end;
  };
  bool findMapping();
  Outcome openTables();
  unsigned table(LmdbTable table) const { return tables_[static_cast<std::size_t>(table)]; }
  // Whether these bytes lie in what is mapped: a damaged file has pointers to anywhere.
  bool isMapped(const void* begin, std::size_t length) const;
  // Error of LMDB as ours.
  Error failed(const char* what, int code);
  void giveBack(MDB_txn* reading);

  MDB_env* handle_;
  std::string folder_;
  std::array<unsigned, 5> tables_{};
  std::vector<Mapping> mappings_;  // of the file; one, but for what this process has from its parent
  std::atomic<bool> isBroken_ = false;
  std::mutex mutex_;
  std::vector<MDB_txn*> idle_;  // that have read, and hold nothing
};

}  // namespace proxycommon
