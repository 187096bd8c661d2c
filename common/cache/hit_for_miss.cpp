// Keys whose responses cannot be stored.
#include "common/cache/hit_for_miss.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

namespace proxycommon {
namespace {

constexpr std::size_t kSets = 8192;
constexpr std::size_t kWays = 4;

}  // namespace

// Two words that belong together if the second one has the bits of the key that tell so: two who write the same row at
// once may leave a mixture, which is nobody's.
struct HitForMiss::Row {
  std::atomic<std::uint64_t> key;    // half of it
  std::atomic<std::uint64_t> until;  // in milliseconds of Clock, above kAbsent and kCheckBits bits of the key's other
                                     // half; 0: free
};

struct HitForMiss::Table {
  std::array<std::array<Row, kWays>, kSets> sets;
  std::array<std::atomic<std::uint32_t>, kSets> timesStored;
};

namespace {

constexpr unsigned kCheckBits = 20;
constexpr std::uint64_t kAbsent = std::uint64_t{1} << kCheckBits;
constexpr milliseconds kLongest = std::chrono::hours{24 * 365};

std::uint64_t halfOf(const Digest& key) {
  std::uint64_t half;
  std::memcpy(&half, key.bytes.data() + sizeof half, sizeof half);
  return half;
}

std::uint64_t checkOf(const Digest& key) {
  return key.word() >> (64 - kCheckBits);
}

std::uint64_t nowInMilliseconds() {
  const auto sinceBoot = std::chrono::floor<milliseconds>(Clock::now().time_since_epoch());
  return static_cast<std::uint64_t>(sinceBoot.count());
}

std::uint64_t timeOf(std::uint64_t until) {
  return until >> (kCheckBits + 1);
}

}  // namespace

Result<HitForMiss> HitForMiss::prepare(SharedState& shared) {
  static_assert(sizeof(Row) == 16);
  auto block = shared.block("cache-misses", sizeof(Table));
  if (!block) return std::move(block.error());
  return HitForMiss(static_cast<Table*>(*block));
}

HitForMiss::Row* HitForMiss::rowOf(const Digest& key) const {
  auto& set = table_->sets[key.word() % kSets];
  const auto isOfKey = [half = halfOf(key), check = checkOf(key)](const Row& row) {
    const std::uint64_t until = row.until.load();
    return until != 0 && until % kAbsent == check && row.key.load() == half;
  };
  const auto found = std::find_if(set.begin(), set.end(), isOfKey);
  return found == set.end() ? nullptr : &*found;
}

void HitForMiss::write(const Digest& key, milliseconds span, Miss what) const {
  if (span <= milliseconds::zero()) return unmark(key);
  const auto length = static_cast<std::uint64_t>(std::min(span, kLongest).count());
  const std::uint64_t flag = what == Miss::kAbsent ? kAbsent : 0;
  const std::uint64_t until = (nowInMilliseconds() + length) << (kCheckBits + 1) | flag | checkOf(key);
  if (Row* own = rowOf(key)) {
    const std::uint64_t before = own->until.load();
    // Each answer of a key that is asked for all the time marks it once more: all children would write the same row.
    const bool isRecent = (before & kAbsent) == flag && before <= until && timeOf(until - before) <= length / 16;
    if (!isRecent) own->until = until;
    return;
  }
  // What is over first, free rows above all, makes room.
  auto& set = table_->sets[key.word() % kSets];
  const auto first = std::min_element(set.begin(), set.end(), [](const Row& one, const Row& other) {
    return timeOf(one.until.load()) < timeOf(other.until.load());
  });
  first->until = 0;
  first->key = halfOf(key);
  first->until = until;
}

void HitForMiss::mark(const Digest& key, milliseconds span) const {
  write(key, span, Miss::kUnshared);
}

void HitForMiss::unmark(const Digest& key) const {
  while (Row* own = rowOf(key)) own->until = 0;
}

void HitForMiss::markAbsent(const Digest& key, milliseconds span, std::uint32_t stored) const {
  if (timesStored(key) != stored) return mark(key, span);
  write(key, span, Miss::kAbsent);
  // Whoever has stored it meanwhile may have come before this mark.
  if (timesStored(key) != stored) mark(key, span);
}

void HitForMiss::prolong(const Digest& key, milliseconds span) const {
  const Row* own = rowOf(key);
  const std::uint64_t end = own ? timeOf(own->until.load()) : 0;
  const bool isNearEnd = end < nowInMilliseconds() + static_cast<std::uint64_t>(std::min(span, kLongest).count()) / 4;
  if (span > milliseconds::zero() && isNearEnd) mark(key, span);
}

void HitForMiss::noteStored(const Digest& key) const {
  ++table_->timesStored[key.word() % kSets];
  Row* own = rowOf(key);
  if (!own) return;
  std::uint64_t until = own->until.load();
  // What has become another's meanwhile is left as it is.
  if ((until & kAbsent) != 0 && until % kAbsent == checkOf(key))
    own->until.compare_exchange_strong(until, until & ~kAbsent);
}

std::uint32_t HitForMiss::timesStored(const Digest& key) const {
  return table_->timesStored[key.word() % kSets].load();
}

Miss HitForMiss::find(const Digest& key) const {
  const Row* own = rowOf(key);
  const std::uint64_t until = own ? own->until.load() : 0;
  if (until % kAbsent != checkOf(key) || timeOf(until) <= nowInMilliseconds()) return Miss::kUnknown;
  return (until & kAbsent) != 0 ? Miss::kAbsent : Miss::kUnshared;
}

}  // namespace proxycommon
