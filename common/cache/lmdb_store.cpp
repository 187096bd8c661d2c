// Index and small bodies in LMDB, larger bodies as files.
#include "common/cache/lmdb_store.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "common/cache/lmdb_check.h"
#include "common/cache/lmdb_entries.h"
#include "common/cache/lmdb_eviction.h"
#include "common/cache/lmdb_removals.h"
#include "common/cache/lmdb_totals.h"

namespace proxycommon {
namespace {

constexpr std::size_t kMostInside = 16 * 1024;  // bytes of a body that stands in the index
constexpr std::uint64_t kMostHead = 1024 * 1024;
constexpr std::size_t kSweptByPut = 16;
constexpr std::size_t kSweptByRemoval = 256;
constexpr std::size_t kDropped = 16;
constexpr std::int64_t kCeilingHolds = 600'000;  // milliseconds

std::int64_t steadyNow() {
  return std::chrono::duration_cast<milliseconds>(Clock::now().time_since_epoch()).count();
}
std::int64_t countOf(WallTime time) {
  return time.time_since_epoch().count();
}

}  // namespace

// What is done in one transaction, and to be cleared away when it has been made.
struct LmdbStore::Change {
  LmdbTransaction& transaction;
  LmdbShared& shared;
  std::int64_t fileBytes;  // as the file has it
  std::int64_t added = 0;  // by this change
  std::vector<LmdbGone> gone;
  std::size_t swept = kSweptByPut;

  LmdbRemovals removals() { return {transaction, shared}; }
  Outcome finish();
};

Outcome LmdbStore::Change::finish() {
  if (auto done = removals().sweep(swept, gone); !done) return done;
  std::int64_t after = fileBytes + added;
  for (const LmdbGone& one : gone) after -= static_cast<std::int64_t>(one.fileBytes);
  if (after != fileBytes)
    if (auto set = transaction.setNumber(kFileBytes, std::max<std::int64_t>(after, 0)); !set) return set;
  return transaction.commit();
}

Result<std::unique_ptr<Store>> LmdbStore::open(const std::string& folder, const LmdbLimits& limits,
                                               LmdbShared& shared) {
  const LmdbFolder checked(folder);
  const LmdbCheck check{checked, limits.size(), shared, ::geteuid(), ::getegid()};
  if (shared.mustBeChecked())
    if (auto good = checkOrSetAside(check, false); !good) return std::move(good.error());
  if (auto noted = checked.noteOpen(); !noted) return std::move(noted.error());
  std::unique_ptr<LmdbStore> store(new LmdbStore(folder, limits, shared, shared.claimRow(::getpid())));
  auto environment = store->environment();
  if (!environment) {
    if (auto good = checkOrSetAside(check, false); !good) return std::move(good.error());
    environment = store->environment();
  }
  if (!environment) return std::move(environment.error());
  return std::unique_ptr<Store>(std::move(store));
}

LmdbStore::~LmdbStore() {
  environment_.reset();
  if (row_) row_->owner = 0;
}

Result<std::shared_ptr<LmdbEnvironment>> LmdbStore::environment() {
  const std::lock_guard lock(mutex_);
  if (environment_ && epoch_ == shared_.epoch.load(std::memory_order_relaxed) && !environment_->isBroken())
    return environment_;
  if (environment_) closing_ = std::exchange(environment_, nullptr);
  if (!closing_.expired())
    return failure(ErrorKind::kInternal, "the store in " + folder_.path() + " is being reopened");
  const FileDescriptor held = folder_.held();
  epoch_ = shared_.epoch;
  auto opened = LmdbEnvironment::open(folder_.path(), limits_.size());
  if (!opened) return std::move(opened.error());
  environment_ = std::move(*opened);
  return environment_;
}

Error LmdbStore::counted(Error error) {
  shared_.failures.fetch_add(1, std::memory_order_relaxed);
  return error;
}

Result<std::optional<FoundEntry>> LmdbStore::find(const Digest& key) {
  const LmdbInside inside(row_);
  FoundEntry found;
  StoredBody body;
  {
    auto environment = this->environment();
    if (!environment) return counted(std::move(environment.error()));
    auto transaction = (*environment)->read();
    if (!transaction) return counted(std::move(transaction.error()));
    auto stored = LmdbEntries(*transaction).get(key);
    if (!stored) shared_.isSuspect = true;
    if (!stored) return counted(std::move(stored.error()));
    if (!*stored) return std::optional<FoundEntry>{};
    const auto value = readValue(key, **stored);
    if (!value) {
      shared_.isSuspect = true;
      return counted(failure(ErrorKind::kInternal, "the store in " + folder_.path() + ": an entry is damaged"));
    }
    if (value->useUntil < countOf(wallNow())) return std::optional<FoundEntry>{};
    if (LmdbRemovals removals(*transaction, shared_); removals.areThere()) {
      auto isGone = removals.concern(key, *value);
      if (!isGone) return counted(std::move(isGone.error()));
      if (*isGone) return std::optional<FoundEntry>{};
    }
    found.record = value->record;
    found.body = value->body;
    found.bodyOffset = value->bodyOffset;
    found.bodyLength = value->bodyLength;
    body = {value->file, {value->bodyOffset, value->bodyLength, value->bodyChecksum}};
  }
  shared_.noteUse(key);
  if (body.file == 0) return std::optional{std::move(found)};
  found.mapped = mapped_.find(body.file);
  if (found.mapped) return std::optional{std::move(found)};
  auto opened = openBody(key, body, found);
  if (!opened) return counted(std::move(opened.error()));
  return *opened ? std::optional{std::move(found)} : std::nullopt;
}

// False: somebody has removed or replaced it meanwhile.
Result<bool> LmdbStore::openBody(const Digest& key, const StoredBody& stored, FoundEntry& found) {
  const std::uint64_t bytes = stored.sum.offset + stored.sum.length;
  auto opened = folder_.bodies().open(stored.file, bytes);
  if (!opened) return false;
  if (!checks_.isSound(*opened, stored.sum)) {
    forget(key, stored.file);
    return failure(ErrorKind::kInternal, "the store in " + folder_.path() + ": the file of a body is damaged");
  }
  found.mapped = mapped_.offer(stored.file, opened->file.get(), bytes, opened->stamp);
  if (!found.mapped) found.file = std::move(opened->file);
  return true;
}

// Unless there is another one by now. What stays is found out again.
void LmdbStore::forget(const Digest& key, std::uint64_t file) {
  static_cast<void>(change([&](Change& change) -> Result<bool> {
    auto stored = LmdbEntries(change.transaction).get(key);
    if (!stored) return std::move(stored.error());
    if (!*stored || LmdbGone::of(**stored).file != file) return false;
    change.gone.push_back(LmdbGone::of(**stored));
    if (auto erased = LmdbEntries(change.transaction).erase(key); !erased) return std::move(erased.error());
    return true;
  }));
}

void LmdbStore::checkReaders(LmdbEnvironment& environment) {
  constexpr std::int64_t kEach = 1000;
  const std::int64_t now = steadyNow();
  std::int64_t last = shared_.readersChecked.load(std::memory_order_relaxed);
  if (now - last >= kEach && shared_.readersChecked.compare_exchange_strong(last, now)) environment.checkReaders();
}

std::uint64_t LmdbStore::budget() const {
  const std::uint64_t ceiling = shared_.ceiling.load(std::memory_order_relaxed);
  const bool holds = ceiling != 0 && steadyNow() < shared_.ceilingUntil.load(std::memory_order_relaxed);
  return holds ? std::min(ceiling, limits_.budget()) : limits_.budget();
}

Result<bool> LmdbStore::changeOnce(const Work& work, bool& isFull) {
  auto environment = this->environment();
  if (!environment) return std::move(environment.error());
  checkReaders(**environment);
  auto transaction = (*environment)->write();
  if (!transaction) return std::move(transaction.error());
  auto fileBytes = transaction->number(kFileBytes);
  if (!fileBytes) return std::move(fileBytes.error());
  Change change{*transaction, shared_, *fileBytes, 0, {}, kSweptByPut};
  change.removals().count();
  auto done = work(change);
  Outcome finished = done ? change.finish() : Outcome{done.error()};
  isFull = transaction->isFull();
  if (!finished) return std::move(finished.error());
  for (const LmdbGone& one : change.gone) folder_.bodies().remove(one.file);
  return done;
}

Result<bool> LmdbStore::change(const Work& work) {
  constexpr int kTries = 3;
  for (int tries = 1;; ++tries) {
    bool isFull = false;
    auto done = changeOnce(work, isFull);
    if (done) return done;
    if (isFull) makeSpace();
    if (!isFull || tries == kTries) return counted(std::move(done.error()));
  }
}

// The disk holds less than was thought, or what is free is in pieces. To erase takes pages too, and LMDB gives those
// that a transaction has freed only to the one after the next: so it is done in small steps. Where there is no page for
// even one, the store begins anew.
void LmdbStore::makeSpace() {
  constexpr int kSteps = 128;
  const std::uint64_t epoch = shared_.epoch;
  std::uint64_t target = 0;
  std::size_t entries = kDropped;
  bool hasDropped = false;
  bool isFull = false;
  for (int step = 0; step < kSteps && entries > 0; ++step) {
    const auto dropped = changeOnce([&](Change& change) { return dropSome(change, entries, target); }, isFull);
    if (dropped && !*dropped) return;
    hasDropped = hasDropped || dropped;
    if (!dropped) entries /= 4;
  }
  if (hasDropped || !isFull) return;
  const FileDescriptor held = folder_.held();
  if (shared_.epoch == epoch && folder_.clear()) shared_.epoch.fetch_add(1);
}

// Until so many bytes are used; false: they are.
Result<bool> LmdbStore::dropSome(Change& change, std::size_t entries, std::uint64_t& target) {
  constexpr std::uint64_t kMost = 1024 * 1024;
  const std::uint64_t used = change.transaction.usedBytes() + static_cast<std::uint64_t>(change.fileBytes);
  if (target == 0) {
    target = used - std::min(used / 10, kMost);
    shared_.ceiling = target;
    shared_.ceilingUntil = steadyNow() + kCeilingHolds;
  }
  if (used <= target) return false;
  change.swept = 0;
  if (auto done = LmdbEviction(change.transaction, shared_, 0).drop(entries, change.gone); !done)
    return std::move(done.error());
  return true;
}

Result<KeptBody> LmdbStore::keepBody(IncomingBody& body) {
  auto kept = folder_.bodies().keep(body);
  if (kept) return kept;
  makeSpace();
  return folder_.bodies().keep(body);
}

Result<bool> LmdbStore::put(const Digest& key, const NewEntry& entry, IncomingBody& body) {
  const LmdbInside inside(row_);
  const std::uint64_t head = entry.record.size() + entry.url.size() + entry.tags.size() * sizeof(std::uint64_t);
  if (body.size() > mostBody() || head > std::min(kMostHead, limits_.limit / 16)) return false;
  LmdbValue value;
  value.began = countOf(entry.began);
  value.useUntil = countOf(entry.useUntil);
  value.url = entry.url;
  value.record = entry.record;
  for (const std::string& tag : entry.tags) value.tags.push_back(tagHash(tag));
  value.bodyLength = body.size();
  Result<std::string> content{std::string{}};
  if (body.size() <= kMostInside) {
    content = wholeBody(body);
    if (!content) return counted(std::move(content.error()));
    value.body = *content;
  } else {
    value.bodyOffset = body.isInFile() ? body.bodyOffset() : 0;
    auto kept = keepBody(body);
    if (!kept) return counted(std::move(kept.error()));
    value.file = kept->number;
    value.bodyChecksum = kept->checksum;
    if (kept->stamp != 0) checks_.note(kept->stamp);
  }
  auto stored = change([&](Change& change) { return putValue(change, key, value); });
  if (!stored || !*stored) folder_.bodies().remove(value.file);
  return stored;
}

Result<bool> LmdbStore::putValue(Change& change, const Digest& key, const LmdbValue& value) {
  constexpr std::uint64_t kPages = 4 * 4096;  // that may be split, or come to the tree
  auto isRefused = change.removals().refuse(key, value);
  if (!isRefused) return std::move(isRefused.error());
  if (*isRefused) return false;
  auto before = LmdbEntries(change.transaction).get(key);
  if (!before) return std::move(before.error());
  if (*before) {
    change.gone.push_back(LmdbGone::of(**before));
    if (auto erased = LmdbEntries(change.transaction).erase(key); !erased) return std::move(erased.error());
  }
  const std::string bytes = writtenValue(key, value);
  const std::uint64_t fileBytes = value.file == 0 ? 0 : roomOfFile(value.bodyOffset + value.bodyLength);
  LmdbEviction eviction(change.transaction, shared_, budget());
  auto room = eviction.makeRoom(bytes.size() + kPages + fileBytes, change.fileBytes, change.gone);
  // What has gone to make room has gone all the same.
  if (!room || !*room) return room;
  if (auto put = LmdbEntries(change.transaction).append(LmdbQueue::kFresh, key, bytes); !put)
    return std::move(put.error());
  change.added = static_cast<std::int64_t>(fileBytes);
  std::int64_t newest = shared_.newestBegan.load();
  while (newest < value.began && !shared_.newestBegan.compare_exchange_weak(newest, value.began)) {
  }
  return true;
}

Result<bool> LmdbStore::update(const Digest& key, std::string_view before, std::string_view record, WallTime useUntil) {
  const LmdbInside inside(row_);
  if (record.size() > std::min(kMostHead, limits_.limit / 16)) return false;
  return change([&](Change& change) -> Result<bool> {
    auto stored = LmdbEntries(change.transaction).get(key);
    if (!stored) return std::move(stored.error());
    auto value = *stored ? readValue(key, **stored) : std::nullopt;
    if (!value || value->record != before) return false;
    auto isGone = change.removals().concern(key, *value);
    if (!isGone) return std::move(isGone.error());
    if (*isGone) return false;
    value->record = record;
    value->useUntil = countOf(useUntil);
    const std::string bytes = writtenValue(key, *value);
    if (auto put = LmdbEntries(change.transaction).replace(key, bytes); !put) return std::move(put.error());
    return true;
  });
}

Result<bool> LmdbStore::removeOne(Change& change, const Digest& key) {
  auto stored = LmdbEntries(change.transaction).get(key);
  if (!stored) return std::move(stored.error());
  bool wasThere = false;
  if (*stored) {
    const auto value = readValue(key, **stored);
    auto isGone = value ? change.removals().concern(key, *value) : Result<bool>(true);
    if (!isGone) return isGone;
    wasThere = !*isGone && value->useUntil >= countOf(wallNow());
    change.gone.push_back(LmdbGone::of(**stored));
    if (auto erased = LmdbEntries(change.transaction).erase(key); !erased) return std::move(erased.error());
  }
  if (auto added = change.removals().addKey(key); !added) return std::move(added.error());
  return wasThere;
}

Result<bool> LmdbStore::remove(const Digest& key) {
  const LmdbInside inside(row_);
  return change([&](Change& change) { return removeOne(change, key); });
}

Outcome LmdbStore::removeTagged(std::string_view tag) {
  const LmdbInside inside(row_);
  auto done = change([&](Change& change) -> Result<bool> {
    change.swept = kSweptByRemoval;
    if (auto added = change.removals().addTag(tag); !added) return std::move(added.error());
    return true;
  });
  return done ? Outcome{} : Outcome{std::move(done.error())};
}

Outcome LmdbStore::removePrefix(std::string_view urlPrefix) {
  const LmdbInside inside(row_);
  auto done = change([&](Change& change) -> Result<bool> {
    change.swept = kSweptByRemoval;
    if (auto added = change.removals().addPrefix(urlPrefix); !added) return std::move(added.error());
    return true;
  });
  return done ? Outcome{} : Outcome{std::move(done.error())};
}

StoreFigures LmdbStore::figures() {
  const LmdbInside inside(row_);
  StoreFigures figures;
  figures.limit = limits_.limit;
  figures.evictions = shared_.evictions.load();
  figures.failures = shared_.failures.load();
  auto environment = this->environment();
  if (!environment) return figures;
  auto transaction = (*environment)->read();
  if (!transaction) return figures;
  const auto fileBytes = transaction->number(kFileBytes);
  figures.entries = LmdbEntries(*transaction).count();
  figures.bytes = transaction->usedBytes() + (fileBytes ? static_cast<std::uint64_t>(*fileBytes) : 0);
  return figures;
}

}  // namespace proxycommon
