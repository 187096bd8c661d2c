// What a store has failed to remove.
#include "common/cache/lost_removals.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <span>
#include <utility>

#include "common/base/checksum.h"
#include "common/shared/child_table.h"

namespace proxycommon {
namespace {

constexpr std::size_t kWords = LostRemovals::kLongest / sizeof(std::uint64_t);

std::uint32_t roundOf(std::uint64_t state) {
  return static_cast<std::uint32_t>(state >> 32);
}
std::size_t countOf(std::uint64_t state) {
  return static_cast<std::uint32_t>(state);
}

}  // namespace

// Written by one process while another may write it too, for a round that is over: the checksum tells.
struct LostRemovals::Slot {
  std::atomic<std::uint64_t> checksum;  // of the text, for the round and the head
  std::atomic<std::uint64_t> head;      // kind, and length of the text
  std::array<std::atomic<std::uint64_t>, kWords> text;

  static std::uint64_t sumOf(std::string_view text, std::uint32_t round, std::uint64_t head) {
    return checksumOf(text, (std::uint64_t{round} << 32 ^ head) + 1);
  }
  void write(std::uint32_t round, Kind kind, std::string_view what);
  // kAll where it is not, or not yet, what was written in that round.
  std::pair<Kind, std::string> read(std::uint32_t round) const;
};

// All zero at first.
struct LostRemovals::Table {
  std::atomic<std::uint64_t> state;  // the round in the upper half, how many were noted in it in the lower one
  std::atomic<std::uint64_t> owner;  // who makes up for them, as identityOf() has it; 0: nobody
  std::array<Slot, kMost> slots;
};

void LostRemovals::Slot::write(std::uint32_t round, Kind kind, std::string_view what) {
  const std::uint64_t described = std::uint64_t{static_cast<std::uint8_t>(kind)} << 32 | what.size();
  for (std::size_t at = 0; at * sizeof(std::uint64_t) < what.size(); ++at) {
    const std::string_view part = what.substr(at * sizeof(std::uint64_t), sizeof(std::uint64_t));
    std::uint64_t word = 0;
    std::memcpy(&word, part.data(), part.size());
    text[at].store(word, std::memory_order_relaxed);
  }
  head.store(described, std::memory_order_relaxed);
  checksum.store(sumOf(what, round, described), std::memory_order_release);
}

std::pair<LostRemovals::Kind, std::string> LostRemovals::Slot::read(std::uint32_t round) const {
  const std::uint64_t sum = checksum.load(std::memory_order_acquire);
  const std::uint64_t described = head.load(std::memory_order_relaxed);
  std::string what(std::min<std::size_t>(static_cast<std::uint32_t>(described), kLongest), '\0');
  for (std::size_t at = 0; at * sizeof(std::uint64_t) < what.size(); ++at) {
    const std::uint64_t word = text[at].load(std::memory_order_relaxed);
    const std::size_t place = at * sizeof word;
    std::memcpy(what.data() + place, &word, std::min(sizeof word, what.size() - place));
  }
  if (sum != sumOf(what, round, described)) return {Kind::kAll, ""};
  return {static_cast<Kind>(described >> 32), std::move(what)};
}

Result<LostRemovals> LostRemovals::prepare(SharedState& shared, const std::string& store) {
  auto table = shared.state<Table>("cache-lost " + store);
  if (!table) return std::move(table.error());
  return LostRemovals(**table);
}

void LostRemovals::noteKey(const Digest& key) const {
  note(Kind::kKey, key.view());
}

void LostRemovals::noteTag(std::string_view tag) const {
  note(Kind::kTag, tag);
}

void LostRemovals::notePrefix(std::string_view urlPrefix) const {
  note(Kind::kPrefix, urlPrefix);
}

// And is to be removed from now on: not by somebody who may have done so a moment ago.
bool LostRemovals::isNoted(Kind kind, std::string_view what) const {
  const std::uint64_t state = table_->state.load();
  const std::span<const Slot> used(table_->slots.data(), std::min(countOf(state), kMost));
  const bool isThere = std::any_of(used.begin(), used.end(), [&](const Slot& slot) {
    const auto [noted, text] = slot.read(roundOf(state));
    return noted == kind && text == what;
  });
  return isThere && table_->owner.load() == 0 && roundOf(table_->state.load()) == roundOf(state);
}

void LostRemovals::note(Kind kind, std::string_view what) const {
  if (isNoted(kind, what)) return;
  // One beyond all says that there were more.
  std::uint64_t state = table_->state.load();
  do {
    if (countOf(state) > kMost) return;
  } while (!table_->state.compare_exchange_weak(state, state + 1));
  if (countOf(state) == kMost) return;
  const bool fits = what.size() <= kLongest;
  table_->slots[countOf(state)].write(roundOf(state), fits ? kind : Kind::kAll, fits ? what : std::string_view{});
}

bool LostRemovals::areThere() const {
  return countOf(table_->state.load(std::memory_order_acquire)) != 0;
}

// One that died as the owner is replaced.
bool LostRemovals::becomeOwner() const {
  const std::uint64_t mine = identityOf(::getpid());
  std::uint64_t owner = table_->owner.load();
  if (owner != 0 && processLives(owner)) return false;
  return table_->owner.compare_exchange_strong(owner, mine);
}

Outcome LostRemovals::makeUp(Store& store) const {
  constexpr timespec kMoment{0, 2'000'000};
  const Deadline deadline = Deadline::after(kPatience);
  while (areThere()) {
    if (becomeOwner()) {
      auto removed = removeAll(store);
      table_->owner = 0;
      return removed;
    }
    if (deadline.expired())
      return failure(ErrorKind::kInternal, "what it has failed to remove before is just being removed");
    ::nanosleep(&kMoment, nullptr);
  }
  return {};
}

Outcome LostRemovals::removeAll(Store& store) const {
  std::size_t done = 0;
  std::uint64_t state = table_->state.load();
  while (countOf(state) != 0) {
    if (auto removed = removeNoted(store, roundOf(state), done, countOf(state)); !removed) return removed;
    done = countOf(state);
    if (table_->state.compare_exchange_strong(state, std::uint64_t{roundOf(state) + 1} << 32)) return {};
  }
  return {};
}

Outcome LostRemovals::removeNoted(Store& store, std::uint32_t round, std::size_t from, std::size_t to) const {
  if (to > kMost) return store.removePrefix("");
  for (std::size_t at = from; at < to; ++at) {
    const auto [kind, what] = table_->slots[at].read(round);
    Outcome removed;
    if (kind == Kind::kTag) {
      removed = store.removeTagged(what);
    } else if (kind == Kind::kKey && what.size() == sizeof(Digest::bytes)) {
      Digest key;
      std::memcpy(key.bytes.data(), what.data(), what.size());
      if (auto gone = store.remove(key); !gone) removed = std::move(gone.error());
    } else {
      removed = store.removePrefix(kind == Kind::kPrefix ? what : "");
    }
    if (!removed) return removed;
  }
  return {};
}

}  // namespace proxycommon
