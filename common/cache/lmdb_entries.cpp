// Entries of an LMDB store.
#include "common/cache/lmdb_entries.h"

#include <array>
#include <cstring>
#include <string>

namespace proxycommon {
namespace {

using Place = std::array<char, 8>;

// Places of what is proven begin here.
constexpr std::uint64_t kProvenPlaces = std::uint64_t{1} << 63;

LmdbTable tableOfPlace(std::uint64_t place) {
  return tableOf(place < kProvenPlaces ? LmdbQueue::kFresh : LmdbQueue::kProven);
}

// First byte first: so places are in order.
Place placeBytes(std::uint64_t place) {
  Place bytes;
  for (std::size_t at = bytes.size(); at > 0; place >>= 8) bytes[--at] = static_cast<char>(place & 0xff);
  return bytes;
}
std::string_view viewOf(const Place& bytes) {
  return {bytes.data(), bytes.size()};
}
std::optional<std::uint64_t> readPlace(std::string_view bytes) {
  if (bytes.size() != sizeof(Place)) return std::nullopt;
  std::uint64_t place = 0;
  for (const char byte : bytes) place = place << 8 | static_cast<unsigned char>(byte);
  return place;
}

// The key stands in front, for who comes by the place.
std::string withKey(const Digest& key, std::string_view value) {
  std::string bytes;
  bytes.reserve(key.bytes.size() + value.size());
  return bytes.append(key.view()).append(value);
}

Error lost() {
  return failure(ErrorKind::kInternal, "the index of the store leads nowhere");
}

}  // namespace

LmdbTable tableOf(LmdbQueue queue) {
  return queue == LmdbQueue::kFresh ? LmdbTable::kFresh : LmdbTable::kProven;
}

std::optional<LmdbEntries::Entry> entryOf(const LmdbCursor::Row& row) {
  const auto place = readPlace(row.key);
  LmdbEntries::Entry entry{place.value_or(0), {}, row.value};
  if (!place || row.value.size() < entry.key.bytes.size()) return std::nullopt;
  std::memcpy(entry.key.bytes.data(), row.value.data(), entry.key.bytes.size());
  entry.value.remove_prefix(entry.key.bytes.size());
  return entry;
}

Result<std::optional<std::uint64_t>> LmdbEntries::placeOf(const Digest& key) {
  auto stored = transaction_.get(LmdbTable::kIndex, key.view());
  if (!stored) return std::move(stored.error());
  return *stored ? readPlace(**stored) : std::nullopt;
}

Result<std::optional<std::string_view>> LmdbEntries::get(const Digest& key) {
  auto place = placeOf(key);
  if (!place) return std::move(place.error());
  if (!*place) return std::optional<std::string_view>{};
  const Place bytes = placeBytes(**place);
  auto stored = transaction_.get(tableOfPlace(**place), viewOf(bytes));
  if (!stored || !*stored) return stored;
  const auto entry = entryOf({viewOf(bytes), **stored});
  return entry && entry->key == key ? std::optional{entry->value} : std::nullopt;
}

Outcome LmdbEntries::append(LmdbQueue queue, const Digest& key, std::string_view value) {
  std::uint64_t place = queue == LmdbQueue::kFresh ? 1 : kProvenPlaces + 1;
  {
    auto cursor = LmdbCursor::open(transaction_, tableOf(queue));
    if (!cursor) return std::move(cursor.error());
    auto last = cursor->last();
    if (!last) return std::move(last.error());
    if (*last) place = readPlace((*last)->key).value_or(0) + 1;
  }
  const Place bytes = placeBytes(place);
  if (auto put = transaction_.append(tableOf(queue), viewOf(bytes), withKey(key, value)); !put) return put;
  return transaction_.put(LmdbTable::kIndex, key.view(), viewOf(bytes));
}

Outcome LmdbEntries::replace(const Digest& key, std::string_view value) {
  auto place = placeOf(key);
  if (!place) return std::move(place.error());
  if (!*place) return lost();
  return transaction_.put(tableOfPlace(**place), viewOf(placeBytes(**place)), withKey(key, value));
}

Outcome LmdbEntries::erase(const Digest& key) {
  auto place = placeOf(key);
  if (!place) return std::move(place.error());
  if (!*place) return {};
  auto erased = transaction_.erase(tableOfPlace(**place), viewOf(placeBytes(**place)));
  if (erased) erased = transaction_.erase(LmdbTable::kIndex, key.view());
  return erased ? Outcome{} : Outcome{std::move(erased.error())};
}

Result<std::optional<LmdbEntries::Entry>> LmdbEntries::seek(LmdbQueue queue, std::uint64_t place) {
  auto cursor = LmdbCursor::open(transaction_, tableOf(queue));
  if (!cursor) return std::move(cursor.error());
  auto row = cursor->seek(viewOf(placeBytes(place)));
  if (!row) return std::move(row.error());
  if (!*row) return std::optional<Entry>{};
  const auto entry = entryOf(**row);
  if (!entry) return lost();
  return entry;
}

Result<std::optional<LmdbEntries::Entry>> LmdbEntries::oldest(LmdbQueue queue) {
  return seek(queue, 0);
}

Result<std::optional<LmdbEntries::Entry>> LmdbEntries::from(std::uint64_t place) {
  if (place < kProvenPlaces) {
    auto fresh = seek(LmdbQueue::kFresh, place);
    if (!fresh || *fresh) return fresh;
  }
  return seek(LmdbQueue::kProven, place);
}

Result<bool> LmdbEntries::isIndexed(const Entry& entry) {
  auto place = placeOf(entry.key);
  if (!place) return std::move(place.error());
  return *place == entry.place;
}

}  // namespace proxycommon
