// A view of the LMDB file, or a change to it.
#include "common/cache/lmdb_transaction.h"

#include <lmdb.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/cache/lmdb_environment.h"

namespace proxycommon {
namespace {

MDB_val valueOf(std::string_view bytes) {
  return {bytes.size(), const_cast<char*>(bytes.data())};  // NOLINT: LMDB does not write into what is put
}
std::string_view viewOf(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

bool meansFull(int code) {
  // LMDB says EIO of a write that came short.
  constexpr std::array kFull{MDB_MAP_FULL, MDB_TXN_FULL, ENOSPC, EFBIG, EDQUOT, EIO};
  for (const int full : kFull)
    if (code == full) return true;
  return false;
}

}  // namespace

LmdbTransaction::LmdbTransaction(LmdbTransaction&& other) noexcept
    : environment_(other.environment_),
      handle_(std::exchange(other.handle_, nullptr)),
      isReading_(other.isReading_),
      isFull_(other.isFull_) {}

LmdbTransaction::~LmdbTransaction() {
  if (!handle_) return;
  if (isReading_)
    environment_->giveBack(handle_);
  else
    mdb_txn_abort(handle_);
}

Error LmdbTransaction::failed(const char* what, int code) {
  isFull_ = isFull_ || meansFull(code);
  return environment_->failed(what, code);
}

Result<std::optional<std::string_view>> LmdbTransaction::get(LmdbTable table, std::string_view key) {
  MDB_val wanted = valueOf(key);
  MDB_val value;
  const int code = mdb_get(handle_, environment_->table(table), &wanted, &value);
  if (code == MDB_NOTFOUND) return std::optional<std::string_view>{};
  if (code != 0) return failed("it cannot be read", code);
  if (!isWithin(value.mv_data, value.mv_size)) return failed("it is damaged", MDB_CORRUPTED);
  return std::optional{viewOf(value)};
}

bool LmdbTransaction::isWithin(const void* begin, std::size_t length) const {
  // What a change has touched is no longer in the mapping.
  return !isReading_ || environment_->isMapped(begin, length);
}

Outcome LmdbTransaction::put(LmdbTable table, std::string_view key, std::string_view value) {
  return putWith(0, table, key, value);
}

Outcome LmdbTransaction::append(LmdbTable table, std::string_view key, std::string_view value) {
  return putWith(MDB_APPEND, table, key, value);
}

Outcome LmdbTransaction::putWith(unsigned flags, LmdbTable table, std::string_view key, std::string_view value) {
  MDB_val where = valueOf(key);
  MDB_val what = valueOf(value);
  if (const int code = mdb_put(handle_, environment_->table(table), &where, &what, flags); code != 0)
    return failed("it cannot be written", code);
  return {};
}

Result<bool> LmdbTransaction::erase(LmdbTable table, std::string_view key) {
  MDB_val where = valueOf(key);
  const int code = mdb_del(handle_, environment_->table(table), &where, nullptr);
  if (code == MDB_NOTFOUND) return false;
  if (code != 0) return failed("it cannot be written", code);
  return true;
}

Outcome LmdbTransaction::commit() {
  if (const int code = mdb_txn_commit(std::exchange(handle_, nullptr)); code != 0)
    return failed("it cannot be written", code);
  return {};
}

std::uint64_t LmdbTransaction::entries(LmdbTable table) {
  MDB_stat figures;
  return mdb_stat(handle_, environment_->table(table), &figures) == 0 ? figures.ms_entries : 0;
}

std::uint64_t LmdbTransaction::usedBytes() {
  // LMDB's own two tables come first.
  std::uint64_t pages = 2;
  std::uint64_t pageBytes = 0;
  const auto add = [&](unsigned table) {
    MDB_stat figures;
    if (mdb_stat(handle_, table, &figures) != 0) return;
    pages += figures.ms_branch_pages + figures.ms_leaf_pages + figures.ms_overflow_pages;
    pageBytes = figures.ms_psize;
  };
  for (const unsigned own : {0U, 1U}) add(own);
  for (const unsigned table : environment_->tables_) add(table);
  return pages * pageBytes;
}

std::uint64_t LmdbTransaction::mapBytes() {
  MDB_envinfo info;
  return mdb_env_info(environment_->handle_, &info) == 0 ? info.me_mapsize : 0;
}

Result<std::int64_t> LmdbTransaction::number(std::string_view name) {
  auto stored = get(LmdbTable::kTotals, name);
  if (!stored) return std::move(stored.error());
  std::int64_t value = 0;
  if (*stored && (*stored)->size() == sizeof value) std::memcpy(&value, (*stored)->data(), sizeof value);
  return value;
}

Outcome LmdbTransaction::setNumber(std::string_view name, std::int64_t value) {
  return put(LmdbTable::kTotals, name, {reinterpret_cast<const char*>(&value), sizeof value});
}

Result<LmdbCursor> LmdbCursor::open(LmdbTransaction& transaction, LmdbTable table) {
  MDB_cursor* handle = nullptr;
  if (const int code = mdb_cursor_open(transaction.handle_, transaction.environment_->table(table), &handle); code != 0)
    return transaction.failed("it cannot be read", code);
  return LmdbCursor(transaction, handle);
}

LmdbCursor::LmdbCursor(LmdbCursor&& other) noexcept
    : transaction_(other.transaction_), handle_(std::exchange(other.handle_, nullptr)) {}

LmdbCursor::~LmdbCursor() {
  if (handle_) mdb_cursor_close(handle_);
}

Result<std::optional<LmdbCursor::Row>> LmdbCursor::get(std::string_view key, int operation) {
  MDB_val where = valueOf(key);
  MDB_val value;
  const int code = mdb_cursor_get(handle_, &where, &value, static_cast<MDB_cursor_op>(operation));
  if (code == MDB_NOTFOUND) return std::optional<Row>{};
  if (code != 0) return transaction_->failed("it cannot be read", code);
  if (!transaction_->isWithin(where.mv_data, where.mv_size) || !transaction_->isWithin(value.mv_data, value.mv_size))
    return transaction_->failed("it is damaged", MDB_CORRUPTED);
  return std::optional{Row{viewOf(where), viewOf(value)}};
}

Result<std::optional<LmdbCursor::Row>> LmdbCursor::seek(std::string_view key) {
  return key.empty() ? get(key, MDB_FIRST) : get(key, MDB_SET_RANGE);
}

Result<std::optional<LmdbCursor::Row>> LmdbCursor::last() {
  return get({}, MDB_LAST);
}

Result<std::optional<LmdbCursor::Row>> LmdbCursor::next() {
  return get({}, MDB_NEXT);
}

Outcome LmdbCursor::erase() {
  if (const int code = mdb_cursor_del(handle_, 0); code != 0) return transaction_->failed("it cannot be written", code);
  return {};
}

}  // namespace proxycommon
