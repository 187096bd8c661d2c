// The file of an LMDB store as one process has it open.
#include "common/cache/lmdb_environment.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "common/base/file_descriptor.h"

namespace proxycommon {
namespace {

constexpr std::array<const char*, 5> kTables{"fresh", "proven", "removals", "totals", "index"};
// It has no durability to lose: after a crash of the machine the store begins empty. Never MDB_WRITEMAP: a full tmpfs
// would be a SIGBUS.
constexpr unsigned kFlags = MDB_NOTLS | MDB_NOSYNC | MDB_NOMETASYNC | MDB_NORDAHEAD;
constexpr unsigned kFreePages = 0;  // LMDB's own table

Error lmdbFailure(const std::string& folder, const char* what, int code) {
  return failure(ErrorKind::kInternal, "the store in " + folder + ": " + what + ": " + mdb_strerror(code));
}

// LMDB writes into its mapping of the lock file: where a tmpfs is full that is SIGBUS, unless the file has its pages
// already. This process must not have it open in another way: closing would give up LMDB's locks.
Outcome makeLockFile(const std::string& folder, std::size_t readers) {
  // More than LMDB wants for its head and each reader, which it puts up with.
  constexpr std::size_t kHead = 4096;
  constexpr std::size_t kReader = 64;
  const FileDescriptor file{::open((folder + "/lock.mdb").c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)};
  const int code = file ? ::posix_fallocate(file.get(), 0, static_cast<off_t>(kHead + readers * kReader)) : errno;
  return code == 0 ? Outcome{} : Outcome{lmdbFailure(folder, "its lock file cannot be made", code)};
}

}  // namespace

Result<std::unique_ptr<LmdbEnvironment>> LmdbEnvironment::open(const std::string& folder, const LmdbSize& size) {
  if (auto made = makeLockFile(folder, size.readers); !made) return std::move(made.error());
  MDB_env* handle = nullptr;
  if (const int code = mdb_env_create(&handle); code != 0) return lmdbFailure(folder, "there is no memory", code);
  std::unique_ptr<LmdbEnvironment> environment(new LmdbEnvironment(handle, folder));
  mdb_env_set_mapsize(handle, size.mapBytes);
  mdb_env_set_maxreaders(handle, static_cast<unsigned>(size.readers));
  mdb_env_set_maxdbs(handle, kTables.size());
  if (const int code = mdb_env_open(handle, folder.c_str(), kFlags, 0600); code != 0)
    return lmdbFailure(folder, "it cannot be opened", code);
  if (!environment->findMapping()) return lmdbFailure(folder, "its mapping cannot be found", MDB_INVALID);
  int dead = 0;
  mdb_reader_check(handle, &dead);
  if (auto opened = environment->openTables(); !opened) return std::move(opened.error());
  return environment;
}

// LMDB tells nobody where it has mapped the file: the kernel does (proc(5), maps).
bool LmdbEnvironment::findMapping() {
  int descriptor = -1;
  struct stat file {};
  if (mdb_env_get_fd(handle_, &descriptor) != 0 || ::fstat(descriptor, &file) != 0) return false;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    Mapping mapping{};
    std::string rights;
    std::string offset;
    std::string device;
    ino_t inode = 0;
    char dash = 0;
    words >> std::hex >> mapping.begin >> dash >> mapping.end >> rights >> offset >> device >> std::dec >> inode;
    if (words && inode == file.st_ino && mapping.begin < mapping.end) mappings_.push_back(mapping);
  }
  return !mappings_.empty();
}

LmdbEnvironment::~LmdbEnvironment() {
  for (MDB_txn* reading : idle_) mdb_txn_abort(reading);
  mdb_env_close(handle_);
}

Outcome LmdbEnvironment::openTables() {
  MDB_txn* transaction = nullptr;
  if (const int code = mdb_txn_begin(handle_, nullptr, 0, &transaction); code != 0)
    return failed("its tables cannot be opened", code);
  for (std::size_t table = 0; table < kTables.size(); ++table)
    if (const int code = mdb_dbi_open(transaction, kTables[table], MDB_CREATE, &tables_[table]); code != 0) {
      mdb_txn_abort(transaction);
      return failed("its tables cannot be opened", code);
    }
  if (const int code = mdb_txn_commit(transaction); code != 0) return failed("its tables cannot be made", code);
  return {};
}

Result<LmdbTransaction> LmdbEnvironment::read() {
  MDB_txn* transaction = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      transaction = idle_.back();
      idle_.pop_back();
    }
  }
  if (transaction) {
    const int code = mdb_txn_renew(transaction);
    if (code == 0) return LmdbTransaction(*this, transaction, true);
    mdb_txn_abort(transaction);
    return failed("it cannot be read", code);
  }
  int code = mdb_txn_begin(handle_, nullptr, MDB_RDONLY, &transaction);
  if (code == MDB_READERS_FULL) {
    checkReaders();
    code = mdb_txn_begin(handle_, nullptr, MDB_RDONLY, &transaction);
  }
  if (code != 0) return failed("it cannot be read", code);
  return LmdbTransaction(*this, transaction, true);
}

void LmdbEnvironment::giveBack(MDB_txn* reading) {
  mdb_txn_reset(reading);
  const std::lock_guard lock(mutex_);
  idle_.push_back(reading);
}

Result<LmdbTransaction> LmdbEnvironment::write() {
  MDB_txn* transaction = nullptr;
  if (const int code = mdb_txn_begin(handle_, nullptr, 0, &transaction); code != 0)
    return failed("it cannot be written", code);
  return LmdbTransaction(*this, transaction, false);
}

void LmdbEnvironment::checkReaders() {
  int dead = 0;
  mdb_reader_check(handle_, &dead);
}

Error LmdbEnvironment::failed(const char* what, int code) {
  if (code == MDB_PANIC) isBroken_ = true;
  return lmdbFailure(folder_, what, code);
}

bool LmdbEnvironment::isMapped(const void* begin, std::size_t length) const {
  const auto address = reinterpret_cast<std::uintptr_t>(begin);
  return std::any_of(mappings_.begin(), mappings_.end(), [&](const Mapping& mapping) {
    return address >= mapping.begin && address < mapping.end && length <= mapping.end - address;
  });
}

Outcome LmdbEnvironment::checkFreePages() {
  auto transaction = read();
  if (!transaction) return std::move(transaction.error());
  MDB_cursor* cursor = nullptr;
  if (const int code = mdb_cursor_open(transaction->handle_, kFreePages, &cursor); code != 0)
    return failed("its free pages cannot be read", code);
  const std::unique_ptr<MDB_cursor, decltype(&mdb_cursor_close)> closing(cursor, mdb_cursor_close);
  MDB_envinfo info;
  mdb_env_info(handle_, &info);
  MDB_val key;
  MDB_val pages;
  int code;
  while ((code = mdb_cursor_get(cursor, &key, &pages, MDB_NEXT)) == 0) {
    std::size_t count = 0;
    if (pages.mv_size < sizeof count || !isMapped(pages.mv_data, pages.mv_size)) break;
    std::memcpy(&count, pages.mv_data, sizeof count);
    if (count > pages.mv_size / sizeof count - 1) break;
    // From the last to the first, as LMDB keeps them; the first two are its own.
    std::size_t before = info.me_last_pgno + 1;
    for (std::size_t at = 1; at <= count; ++at) {
      std::size_t page;
      std::memcpy(&page, static_cast<const char*>(pages.mv_data) + at * sizeof page, sizeof page);
      if (page >= before || page < 2) return failed("its free pages are damaged", MDB_CORRUPTED);
      before = page;
    }
  }
  if (code != MDB_NOTFOUND) return failed("its free pages are damaged", code == 0 ? MDB_CORRUPTED : code);
  return {};
}

}  // namespace proxycommon
