// The addresses of a name, in memory that all children share. A sequence lock without the lock: readers see that
// somebody has written meanwhile, and a writer that is killed holds nobody up.
#include "mod_revproxy/balancer/resolved_member.h"

#include <algorithm>
#include <cstring>
#include <thread>
#include <type_traits>
#include <utility>

namespace revproxy {

struct ResolvedMember::Record {
  bool isTaken = false;
  NamedAddress at;

  bool operator==(const Record&) const = default;
  bool holds(const NamedAddress& one) const { return isTaken && at.isSamePlace(one); }
};

namespace {

constexpr int kReadings = 16;
constexpr auto kRelaxed = std::memory_order_relaxed;

// Each once.
std::vector<NamedAddress> withoutTwins(const std::vector<NamedAddress>& wanted) {
  std::vector<NamedAddress> addresses;
  for (const NamedAddress& one : wanted)
    if (std::none_of(addresses.begin(), addresses.end(), [&](const auto& other) { return one.isSamePlace(other); }))
      addresses.push_back(one);
  return addresses;
}

}  // namespace

ResolvedMember::Record ResolvedMember::recordAt(std::size_t place) const {
  static_assert(std::is_trivially_copyable_v<Record> && sizeof(Record) <= kWords * sizeof(std::uint64_t));
  std::array<std::uint64_t, kWords> words;
  for (std::size_t word = 0; word < kWords; ++word) words[word] = places_[place][word].load(kRelaxed);
  Record record;
  std::memcpy(static_cast<void*>(&record), words.data(), sizeof record);
  return record;
}

void ResolvedMember::write(std::size_t place, const Record& record) {
  std::array<std::uint64_t, kWords> words{};
  std::memcpy(words.data(), static_cast<const void*>(&record), sizeof record);
  for (std::size_t word = 0; word < kWords; ++word) places_[place][word].store(words[word], kRelaxed);
}

std::optional<ResolvedMember::Reading> ResolvedMember::read() const {
  for (int reading = 0; reading < kReadings; ++reading) {
    const std::uint32_t before = version_.load(std::memory_order_acquire);
    std::vector<ResolvedAddress> addresses;
    for (std::size_t place = 0; place < kPlaces; ++place)
      if (const Record record = recordAt(place); record.isTaken) addresses.push_back({place, record.at});
    std::atomic_thread_fence(std::memory_order_acquire);
    if (before % 2 == 0 && version_.load(kRelaxed) == before) return Reading{before, std::move(addresses)};
    std::this_thread::yield();
  }
  return std::nullopt;
}

// Gives each its place in `records`. The places that have a new address.
std::vector<std::size_t> ResolvedMember::settle(Records& records, const std::vector<NamedAddress>& wanted,
                                                AddressChange& change) {
  std::vector<NamedAddress> coming = withoutTwins(wanted);
  std::vector<std::size_t> free;
  std::vector<std::size_t> freed;
  for (std::size_t place = 0; place < kPlaces; ++place) {
    Record& record = records[place];
    const auto known =
        std::find_if(coming.begin(), coming.end(), [&](const NamedAddress& one) { return record.holds(one); });
    if (known != coming.end()) {
      record.at = *known;
      coming.erase(known);
    } else if (std::exchange(record.isTaken, false)) {
      change.removed.push_back(record.at);
      freed.push_back(place);
    } else {
      free.push_back(place);
    }
  }
  // A place that somebody had just now may have requests of his under way: others are taken first.
  free.insert(free.end(), freed.begin(), freed.end());
  free.resize(std::min(free.size(), coming.size()));
  coming.resize(free.size());
  for (std::size_t index = 0; index < free.size(); ++index) records[free[index]] = {true, coming[index]};
  change.added = std::move(coming);
  return free;
}

AddressChange ResolvedMember::publish(const std::vector<NamedAddress>& wanted,
                                      const std::function<void(std::size_t place)>& reset) {
  Records records;
  for (std::size_t place = 0; place < kPlaces; ++place) records[place] = recordAt(place);
  const Records before = records;
  AddressChange change;
  const std::vector<std::size_t> renewed = settle(records, wanted, change);
  const std::uint32_t found = version_.load(kRelaxed);
  const bool isWhole = found != 0 && found % 2 == 0;
  if (isWhole && records == before) return change;
  // Odd already where whoever wrote before has died within.
  const std::uint32_t writing = (found | 1U) + (found & 1U) * 2;
  version_.store(writing, kRelaxed);
  std::atomic_thread_fence(std::memory_order_release);
  for (const std::size_t place : renewed) reset(place);
  for (std::size_t place = 0; place < kPlaces; ++place) write(place, records[place]);
  // Behind the highest number comes one that does not say that nothing is known.
  version_.store(writing + 1 == 0 ? 2 : writing + 1, std::memory_order_release);
  return change;
}

}  // namespace revproxy
