// Removals of an LMDB store.
#include "common/cache/lmdb_removals.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>

#include "common/base/checksum.h"
#include "common/base/clock.h"
#include "common/cache/lmdb_totals.h"

namespace proxycommon {
namespace {

constexpr char kOfKey = 'k';
constexpr char kOfPrefix = 'p';
constexpr char kOfTag = 't';
// Requests that are under way when something is removed mostly end within this time: they are told apart one by one.
constexpr std::int64_t kKept = 60'000;  // milliseconds
constexpr std::int64_t kBetweenSweeps = 10'000;
constexpr std::uint64_t kMany = 10'000;
// All records together take no more than this part of the file.
constexpr std::uint64_t kShareOfFile = 16;
constexpr std::uint64_t kRecordBytes = 96;  // with what pages have free

// What depends on how many records there are: times in milliseconds.
struct Pace {
  bool many = false;
  std::int64_t kept = kKept;
  std::int64_t betweenSweeps = kBetweenSweeps;
};

// A client that removes very much makes others' slow answers count as older than what is forgotten: so there is much
// room before that, and then the slowest ones go first.
Pace paceOf(LmdbTransaction& transaction) {
  const std::uint64_t records = transaction.entries(LmdbTable::kRemovals);
  const std::uint64_t most = transaction.mapBytes() / kShareOfFile / kRecordBytes;
  if (records > 2 * most) return {true, 0, 0};
  if (records > most) return {true, kKept / 10, kBetweenSweeps / 10};
  if (records > kMany) return {true, kKept, kBetweenSweeps / 10};
  return {};
}

struct Removal {
  std::int64_t time = 0;    // milliseconds of the calendar: whatever began then or before is gone
  std::uint64_t cycle = 0;  // the sweep that was the last to be begun before it
};

// How far sweeps have come. In the file, for what was erased and how far one has come are true together or not at all.
struct Sweep {
  std::uint64_t cycle = 0;  // sweeps that were begun
  std::uint64_t isUnderWay = 0;
  std::uint64_t next = 0;  // the place it looks at next
  std::int64_t began = 0;  // milliseconds of the calendar: when the last one did
};

template <class T>
std::optional<T> readAs(std::string_view bytes) {
  T value;
  if (bytes.size() != sizeof value) return std::nullopt;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}
template <class T>
std::string_view bytesOf(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

Result<Sweep> readSweep(LmdbTransaction& transaction) {
  auto stored = transaction.get(LmdbTable::kTotals, kSweep);
  if (!stored) return std::move(stored.error());
  return *stored ? readAs<Sweep>(**stored).value_or(Sweep{}) : Sweep{};
}

std::string nameOfTag(std::uint64_t hash) {
  return kOfTag + std::string(reinterpret_cast<const char*>(&hash), sizeof hash);
}

// The length stands in front, first byte first, so that records are in its order.
std::string nameOfLength(std::size_t length) {
  std::string name(1, kOfPrefix);
  for (int shift = 24; shift >= 0; shift -= 8) name += static_cast<char>(length >> shift & 0xff);
  return name;
}
std::size_t lengthOfName(std::string_view name) {
  std::size_t length = 0;
  for (const char byte : name.substr(1, 4)) length = length << 8 | static_cast<unsigned char>(byte);
  return length;
}
std::string nameOfPrefix(std::string_view prefix) {
  const std::uint64_t hash = checksumOf(prefix);
  return nameOfLength(prefix.size()).append(reinterpret_cast<const char*>(&hash), sizeof hash);
}

}  // namespace

Result<bool> LmdbRemovals::isSince(std::string_view name, std::int64_t began) {
  auto stored = transaction_.get(LmdbTable::kRemovals, name);
  if (!stored) return std::move(stored.error());
  if (!*stored) return false;
  const auto removal = readAs<Removal>(**stored);
  return removal && began <= removal->time;
}

// Of each length that a record has, the one of this URL.
Result<bool> LmdbRemovals::prefixConcerns(std::string_view url, std::int64_t began) {
  auto cursor = LmdbCursor::open(transaction_, LmdbTable::kRemovals);
  if (!cursor) return std::move(cursor.error());
  for (std::size_t length = 0; length <= url.size();) {
    auto row = cursor->seek(nameOfLength(length));
    if (!row) return std::move(row.error());
    if (!*row || (*row)->key.empty() || (*row)->key[0] != kOfPrefix) return false;
    length = lengthOfName((*row)->key);
    if (length > url.size()) return false;
    auto found = isSince(nameOfPrefix(url.substr(0, length)), began);
    if (!found || *found) return found;
    ++length;
  }
  return false;
}

Result<bool> LmdbRemovals::concern(const Digest& key, const LmdbValue& value) {
  auto found = isSince(kOfKey + std::string{key.view()}, value.began);
  for (std::size_t tag = 0; found && !*found && tag < value.tags.size(); ++tag)
    found = isSince(nameOfTag(value.tags[tag]), value.began);
  if (!found || *found) return found;
  return prefixConcerns(value.url, value.began);
}

Result<bool> LmdbRemovals::refuse(const Digest& key, const LmdbValue& value) {
  auto floor = transaction_.number(kForgottenUntil);
  if (!floor) return std::move(floor.error());
  if (value.began <= *floor) return true;
  return concern(key, value);
}

void LmdbRemovals::count() {
  shared_.removals = transaction_.entries(LmdbTable::kRemovals);
}

Outcome LmdbRemovals::add(std::string_view name) {
  auto sweep = readSweep(transaction_);
  if (!sweep) return std::move(sweep.error());
  // The clock may have been set back: what is there now is removed all the same.
  const std::int64_t now = wallNow().time_since_epoch().count();
  const Removal removal{std::max(now, shared_.newestBegan.load()), sweep->cycle};
  if (auto put = transaction_.put(LmdbTable::kRemovals, name, bytesOf(removal)); !put) return put;
  // Before the commit: whoever looks for nothing loses a moment, whoever does not look would give what is removed.
  count();
  return {};
}

Outcome LmdbRemovals::addKey(const Digest& key) {
  return add(kOfKey + std::string{key.view()});
}

Outcome LmdbRemovals::addTag(std::string_view tag) {
  return add(nameOfTag(tagHash(tag)));
}

Outcome LmdbRemovals::addPrefix(std::string_view urlPrefix) {
  return add(nameOfPrefix(urlPrefix));
}

Outcome LmdbRemovals::sweep(std::size_t entries, std::vector<LmdbGone>& gone) {
  constexpr std::size_t kFaster = 64;
  if (!areThere()) return {};
  const Pace pace = paceOf(transaction_);
  if (pace.many) entries *= kFaster;
  auto sweep = readSweep(transaction_);
  if (!sweep) return std::move(sweep.error());
  const std::int64_t now = wallNow().time_since_epoch().count();
  const bool isDue = now - sweep->began >= pace.betweenSweeps || now < sweep->began;
  if (sweep->isUnderWay == 0 && !isDue) return {};
  if (sweep->isUnderWay == 0) *sweep = Sweep{sweep->cycle + 1, 1, 0, now};
  LmdbEntries all(transaction_);
  for (; entries > 0 && sweep->isUnderWay != 0; --entries) {
    auto entry = all.from(sweep->next);
    if (!entry) return std::move(entry.error());
    sweep->isUnderWay = *entry ? 1 : 0;
    if (!*entry) break;
    sweep->next = (*entry)->place + 1;
    if (auto looked = sweepOne(**entry, gone); !looked) return looked;
  }
  if (auto put = transaction_.put(LmdbTable::kTotals, kSweep, bytesOf(*sweep)); !put) return put;
  return sweep->isUnderWay != 0 ? Outcome{} : forget(sweep->cycle);
}

Outcome LmdbRemovals::sweepOne(const LmdbEntries::Entry& entry, std::vector<LmdbGone>& gone) {
  const auto value = readValue(entry.key, entry.value);
  auto isGone = value ? concern(entry.key, *value) : Result<bool>(true);
  if (!isGone) return std::move(isGone.error());
  if (!*isGone) return {};
  gone.push_back(LmdbGone::of(entry.value));
  return LmdbEntries(transaction_).erase(entry.key);
}

// Those that were there before the sweep that has just ended began.
Outcome LmdbRemovals::forget(std::uint64_t cycle) {
  const std::int64_t young = wallNow().time_since_epoch().count() - paceOf(transaction_).kept;
  auto floor = transaction_.number(kForgottenUntil);
  if (!floor) return std::move(floor.error());
  std::int64_t until = *floor;
  auto cursor = LmdbCursor::open(transaction_, LmdbTable::kRemovals);
  if (!cursor) return std::move(cursor.error());
  auto row = cursor->seek({});
  for (; row && *row; row = cursor->next()) {
    const auto removal = readAs<Removal>((*row)->value);
    if (removal && (removal->cycle >= cycle || removal->time > young)) continue;
    if (removal) until = std::max(until, removal->time);
    if (auto erased = cursor->erase(); !erased) return erased;
  }
  if (!row) return std::move(row.error());
  return until == *floor ? Outcome{} : transaction_.setNumber(kForgottenUntil, until);
}

}  // namespace proxycommon
