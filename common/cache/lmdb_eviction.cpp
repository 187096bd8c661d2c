// Eviction of an LMDB store.
#include "common/cache/lmdb_eviction.h"

#include <string>

#include "common/base/clock.h"
#include "common/cache/lmdb_entries.h"

namespace proxycommon {
namespace {

constexpr std::size_t kMostLooks = 512;
constexpr std::size_t kMostEntries = 256;
// Of all entries the fifth part is on trial.
constexpr std::uint64_t kShareOfFresh = 5;

}  // namespace

bool LmdbEviction::hasRoom(std::uint64_t bytes, std::int64_t fileBytes, const std::vector<LmdbGone>& gone) {
  std::int64_t used = fileBytes + static_cast<std::int64_t>(transaction_.usedBytes() + bytes);
  for (const LmdbGone& one : gone) used -= static_cast<std::int64_t>(one.fileBytes);
  return used <= static_cast<std::int64_t>(limit_);
}

template <class Enough>
Result<bool> LmdbEviction::turn(Budget budget, Enough isEnough, std::vector<LmdbGone>& gone) {
  LmdbEntries entries(transaction_);
  const std::int64_t now = wallNow().time_since_epoch().count();
  while (!isEnough() && budget.entries > 0) {
    const std::uint64_t fresh = entries.count(LmdbQueue::kFresh);
    const bool ofFresh = fresh > entries.count() / kShareOfFresh || fresh == entries.count();
    auto oldest = entries.oldest(ofFresh ? LmdbQueue::kFresh : LmdbQueue::kProven);
    if (!oldest) return std::move(oldest.error());
    if (!*oldest) break;
    const auto [place, key, value] = **oldest;
    std::atomic<std::uint8_t>& mark = shared_.markOf(key);
    const std::uint8_t use = mark.load(std::memory_order_relaxed);
    // One call does not look for ever: then even what is used must go.
    const bool stays = use > 0 && budget.looks > 0 && useOfValue(value) >= now;
    const std::string kept{stays ? value : std::string_view{}};
    if (!stays) gone.push_back(LmdbGone::of(value));
    if (auto erased = entries.erase(key); !erased) return std::move(erased.error());
    if (!stays) {
      shared_.evictions.fetch_add(1, std::memory_order_relaxed);
      --budget.entries;
      continue;
    }
    if (!ofFresh) mark.store(static_cast<std::uint8_t>(use - 1), std::memory_order_relaxed);
    --budget.looks;
    if (auto appended = entries.append(LmdbQueue::kProven, key, kept); !appended) return std::move(appended.error());
  }
  return isEnough();
}

Result<bool> LmdbEviction::makeRoom(std::uint64_t bytes, std::int64_t fileBytes, std::vector<LmdbGone>& gone) {
  return turn(
      {kMostLooks, kMostEntries}, [&] { return hasRoom(bytes, fileBytes, gone); }, gone);
}

Outcome LmdbEviction::drop(std::size_t entries, std::vector<LmdbGone>& gone) {
  auto turned = turn(
      {kMostLooks, entries}, [] { return false; }, gone);
  return turned ? Outcome{} : Outcome{std::move(turned.error())};
}

}  // namespace proxycommon
