// LmdbTransaction: a view of the LMDB file as it was at one moment, or a change to it that is made whole or not at all.
// All that is known of LMDB's own interface stands here and in lmdb_environment.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/result.h"

struct MDB_txn;
struct MDB_cursor;

namespace proxycommon {

enum class LmdbTable : std::uint8_t { kFresh, kProven, kRemovals, kTotals, kIndex };

class LmdbEnvironment;

// One thread. What it gives is of the mapping: it holds until the next change, or until the transaction ends. Errors
// are kInternal. Ended without commit(), it has changed nothing. Dies before its environment.
class LmdbTransaction {
 public:
  LmdbTransaction(LmdbTransaction&& other) noexcept;
  LmdbTransaction& operator=(LmdbTransaction&&) = delete;
  ~LmdbTransaction();

  Result<std::optional<std::string_view>> get(LmdbTable table, std::string_view key);
  Outcome put(LmdbTable table, std::string_view key, std::string_view value);
  // Behind all that are there: pages are filled. Precondition: its key is the greatest.
  Outcome append(LmdbTable table, std::string_view key, std::string_view value);
  // Whether it was there.
  Result<bool> erase(LmdbTable table, std::string_view key);
  Outcome commit();

  std::uint64_t entries(LmdbTable table);
  // What all tables use of the file: whole pages, those that are free not counted.
  std::uint64_t usedBytes();
  // What the file may grow to.
  std::uint64_t mapBytes();
  // One of the calls has failed because there is no room, in the map or on the disk.
  bool isFull() const { return isFull_; }
  // For numbers that are kept in kTotals; 0 where there is none.
  Result<std::int64_t> number(std::string_view name);
  Outcome setNumber(std::string_view name, std::int64_t value);

 private:
  friend class LmdbEnvironment;
  friend class LmdbCursor;
  LmdbTransaction(LmdbEnvironment& environment, MDB_txn* handle, bool isReading)
      : environment_(&environment), handle_(handle), isReading_(isReading) {}
  Outcome putWith(unsigned flags, LmdbTable table, std::string_view key, std::string_view value);
  Error failed(const char* what, int code);
  bool isWithin(const void* begin, std::size_t length) const;

  LmdbEnvironment* environment_;
  MDB_txn* handle_;
  bool isReading_;
  bool isFull_ = false;
};

// Walks over a table in the order of its keys. Dies before its transaction ends.
class LmdbCursor {
 public:
  struct Row {
    std::string_view key;
    std::string_view value;
  };

  static Result<LmdbCursor> open(LmdbTransaction& transaction, LmdbTable table);
  LmdbCursor(LmdbCursor&& other) noexcept;
  LmdbCursor& operator=(LmdbCursor&&) = delete;
  ~LmdbCursor();

  // The first that is not before `key`; nullopt: there is none.
  Result<std::optional<Row>> seek(std::string_view key);
  Result<std::optional<Row>> last();
  // The one behind, also behind one that was erased.
  Result<std::optional<Row>> next();
  // The one that was last given.
  Outcome erase();

 private:
  LmdbCursor(LmdbTransaction& transaction, MDB_cursor* handle) : transaction_(&transaction), handle_(handle) {}
  Result<std::optional<Row>> get(std::string_view key, int operation);

  LmdbTransaction* transaction_;
  MDB_cursor* handle_;
};

}  // namespace proxycommon
