// Flights in shared memory. All steps are seq_cst: two who board at once must see one another.
#include "common/cache/flight_slots.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace proxycommon {
namespace {

constexpr unsigned kPhaseBits = 4;
constexpr unsigned kBeginBits = 10;
constexpr unsigned kWhoBits = 32;
static_assert(kPhaseBits + kWhoBits + FlightWord::kTurnBits == 64);

std::array<std::uint64_t, 2> wordsOf(const Digest& key) {
  std::array<std::uint64_t, 2> words;
  static_assert(sizeof words == sizeof key.bytes);
  std::memcpy(words.data(), key.bytes.data(), sizeof words);
  return words;
}

std::uint64_t next(std::uint64_t turn) {
  return (turn + 1) & FlightWord::kTurns;
}

}  // namespace

// A process has a number below 2^22.
std::uint32_t FlightWord::whoIs(std::uint64_t identity) {
  return static_cast<std::uint32_t>(identity >> 32 << kBeginBits | (identity & ((1U << kBeginBits) - 1)));
}

FlightWord FlightWord::of(std::uint64_t bits) {
  return {bits >> (kPhaseBits + kWhoBits), static_cast<std::uint32_t>(bits >> kPhaseBits),
          static_cast<Phase>(bits & ((1U << kPhaseBits) - 1))};
}

std::uint64_t FlightWord::bits() const {
  return turn << (kPhaseBits + kWhoBits) | std::uint64_t{who} << kPhaseBits | static_cast<std::uint64_t>(phase);
}

std::optional<FlightPhase> FlightWord::flight() const {
  if (phase < Phase::kFirst) return std::nullopt;
  return static_cast<FlightPhase>(static_cast<std::uint64_t>(phase) - static_cast<std::uint64_t>(Phase::kFirst));
}

bool FlightWord::mayBeTaken() const {
  return phase == Phase::kFree || phase == phaseOf(FlightPhase::kStored) ||
         phase == phaseOf(FlightPhase::kUncacheable) || phase == phaseOf(FlightPhase::kFailed);
}

std::size_t FlightSlots::bytesFor(std::size_t children) {
  return sizeof(FlightSlots) + kSlots * (sizeof(Slot) + groupsOf(children) * sizeof(Children));
}

bool FlightSlots::change(std::size_t slot, const FlightWord& from, const FlightWord& to) {
  std::uint64_t before = from.bits();
  return slots()[slot].word.compare_exchange_strong(before, to.bits());
}

// The key belongs to the word: it is written only while the slot is claimed, and each claim has a turn of its own.
FlightSlots::Met FlightSlots::meet(std::size_t slot, const Digest& key) const {
  const Slot& it = slots()[slot];
  const auto words = wordsOf(key);
  FlightWord before = word(slot);
  while (true) {
    const bool isSame = it.key[0].load() == words[0] && it.key[1].load() == words[1];
    const FlightWord after = word(slot);
    if (after == before) return {after, isSame && after.phase > FlightWord::Phase::kClaimed};
    before = after;
  }
}

// One who boards and one who flies are seen by all who begin to board later, for whoever boards shows itself first and
// looks around afterwards. Of those who begin at once the first in the window stays.
FlightSlots::Seat FlightSlots::board(const Digest& key, std::uint64_t identity, bool isImpatient,
                                     const IsDead& isDead) {
  const Seat again{Seat::Kind::kAgain};
  for (std::size_t step = 0; step < kWindow; ++step) {
    const std::size_t slot = placed(key, step);
    const Met met = meet(slot, key);
    if (!met.isOfKey || met.word.mayBeTaken()) continue;
    if (met.word.phase != FlightWord::Phase::kBoarding) return join(slot, met.word, identity, isDead);
    if (isImpatient) change(slot, met.word, met.word.with(FlightWord::Phase::kFree));
    return again;
  }
  const auto found = vacancy(key, isDead);
  return found ? claim(found->first, found->second, key, identity) : Seat{};
}

FlightSlots::Seat FlightSlots::join(std::size_t slot, const FlightWord& word, std::uint64_t identity,
                                    const IsDead& isDead) {
  if (word.phase != phaseOf(FlightPhase::kAbandoned) && !isDead(word, slots()[slot].leader.load()))
    return {Seat::Kind::kFollows, slot, word.turn};
  change(slot, word, word.with(phaseOf(FlightPhase::kAbandoned)));
  if (const auto turn = takeOver(slot, word.turn, identity)) return {Seat::Kind::kLeads, slot, *turn, true};
  return {Seat::Kind::kAgain};
}

// What ended long ago, and nobody looks at any more, goes first; what the dead have left, last.
std::optional<std::pair<std::size_t, FlightWord>> FlightSlots::vacancy(const Digest& key, const IsDead& isDead) const {
  std::optional<std::pair<std::size_t, FlightWord>> best;
  std::pair<bool, Clock::rep> rank;
  for (std::size_t step = 0; step < kWindow; ++step) {
    const std::size_t slot = placed(key, step);
    const FlightWord seen = word(slot);
    const std::pair<bool, Clock::rep> other{isFollowed(slot), slots()[slot].ended.load()};
    if (!seen.mayBeTaken() || (best && rank <= other)) continue;
    best.emplace(slot, seen);
    rank = other;
  }
  for (std::size_t step = 0; step < kWindow && !best; ++step) {
    const std::size_t slot = placed(key, step);
    const FlightWord seen = word(slot);
    if (!seen.mayBeTaken() && isDead(seen, slots()[slot].leader.load())) best.emplace(slot, seen);
  }
  return best;
}

FlightSlots::Seat FlightSlots::claim(std::size_t slot, const FlightWord& before, const Digest& key,
                                     std::uint64_t identity) {
  const Seat again{Seat::Kind::kAgain};
  const FlightWord claimed{next(before.turn), FlightWord::whoIs(identity), FlightWord::Phase::kClaimed};
  if (!change(slot, before, claimed)) return again;
  Slot& it = slots()[slot];
  const auto words = wordsOf(key);
  it.key[0] = words[0];
  it.key[1] = words[1];
  it.leader = identity;
  it.began = claimed.turn;
  const FlightWord boarding = claimed.with(FlightWord::Phase::kBoarding);
  if (!change(slot, claimed, boarding)) return again;
  if (!isAlone(slot, key)) {
    change(slot, boarding, boarding.with(FlightWord::Phase::kFree));
    return again;
  }
  if (!change(slot, boarding, boarding.with(phaseOf(FlightPhase::kAsking)))) return again;
  return {Seat::Kind::kLeads, slot, boarding.turn};
}

bool FlightSlots::isAlone(std::size_t own, const Digest& key) {
  bool isBehind = false;
  for (std::size_t step = 0; step < kWindow; ++step) {
    const std::size_t slot = placed(key, step);
    isBehind |= slot == own;
    while (slot != own) {
      const Met met = meet(slot, key);
      if (!met.isOfKey || met.word.mayBeTaken()) break;
      if (met.word.phase != FlightWord::Phase::kBoarding || !isBehind) return false;
      if (change(slot, met.word, met.word.with(FlightWord::Phase::kFree))) break;
    }
  }
  return true;
}

std::optional<FlightWord> FlightSlots::flightOf(std::size_t slot, std::uint64_t followed) const {
  while (true) {
    const FlightWord before = word(slot);
    const std::uint64_t began = slots()[slot].began.load();
    if (word(slot) != before) continue;
    const bool isSame = before.turn == followed ||
                        ((before.turn - followed) & FlightWord::kTurns) <= ((before.turn - began) & FlightWord::kTurns);
    if (!before.flight() || !isSame) return std::nullopt;
    return before;
  }
}

std::optional<std::uint64_t> FlightSlots::takeOver(std::size_t slot, std::uint64_t followed, std::uint64_t identity) {
  const auto seen = flightOf(slot, followed);
  if (!seen || seen->phase != phaseOf(FlightPhase::kAbandoned)) return std::nullopt;
  const FlightWord taken{next(seen->turn), FlightWord::whoIs(identity), phaseOf(FlightPhase::kAsking)};
  if (!change(slot, *seen, taken)) return std::nullopt;
  slots()[slot].leader = identity;
  return taken.turn;
}

bool FlightSlots::abandon(std::size_t slot, const IsDead& isDead) {
  const FlightWord seen = word(slot);
  const bool isUnderWay = seen.phase == phaseOf(FlightPhase::kAsking) || seen.phase == phaseOf(FlightPhase::kStreaming);
  return isUnderWay && isDead(seen, slots()[slot].leader.load()) &&
         change(slot, seen, seen.with(phaseOf(FlightPhase::kAbandoned)));
}

bool FlightSlots::stream(std::size_t slot, std::uint64_t turn, std::string_view path) {
  const FlightWord seen = word(slot);
  if (seen.turn != turn || seen.phase != phaseOf(FlightPhase::kAsking) || path.size() > kMostPath) return false;
  Slot& it = slots()[slot];
  for (std::size_t place = 0; place < it.path.size(); ++place) {
    const std::string_view part = path.substr(std::min(place * sizeof(std::uint64_t), path.size()));
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, part.data(), std::min(part.size(), sizeof bytes));
    it.path[place] = bytes;
    if (part.size() < sizeof bytes) break;
  }
  return change(slot, seen, seen.with(phaseOf(FlightPhase::kStreaming)));
}

std::string FlightSlots::path(std::size_t slot, std::uint64_t turn) const {
  const FlightWord before = word(slot);
  if (before.turn != turn || before.phase != phaseOf(FlightPhase::kStreaming)) return {};
  std::array<char, kMostPath + 1> bytes{};
  for (std::size_t place = 0; place < slots()[slot].path.size(); ++place) {
    const std::uint64_t part = slots()[slot].path[place].load();
    std::memcpy(bytes.data() + place * sizeof part, &part, sizeof part);
    if (bytes[place * sizeof part + sizeof part - 1] == '\0') break;
  }
  if (word(slot).turn != turn) return {};
  return {bytes.data(), ::strnlen(bytes.data(), kMostPath)};
}

bool FlightSlots::end(std::size_t slot, std::uint64_t turn, FlightPhase phase) {
  const FlightWord seen = word(slot);
  if (seen.turn != turn) return false;
  slots()[slot].ended = Clock::now().time_since_epoch().count();
  return change(slot, seen, seen.with(phaseOf(phase)));
}

// The leader alone counts. Who begins to follow and does not see this count has said so before: one sees the other.
bool FlightSlots::grow(std::size_t slot) {
  Slot& it = slots()[slot];
  it.grown.store(it.grown.load(std::memory_order_relaxed) + 1);
  return it.mayBeFollowed.load() != 0;
}

void FlightSlots::follow(std::size_t slot, std::size_t child) {
  const std::uint64_t bit = std::uint64_t{1} << child % 64;
  std::atomic<std::uint64_t>& group = children(slot)[child / 64].follow;
  if ((group.load() & bit) == 0) group.fetch_or(bit);
  slots()[slot].mayBeFollowed = 1;
}

void FlightSlots::leave(std::size_t slot, std::size_t child) {
  const std::uint64_t bit = std::uint64_t{1} << child % 64;
  Children& group = children(slot)[child / 64];
  if ((group.follow.load() & bit) != 0) group.follow.fetch_and(~bit);
  looksNow(slot, child);
}

void FlightSlots::looksNow(std::size_t slot, std::size_t child) {
  const std::uint64_t bit = std::uint64_t{1} << child % 64;
  std::atomic<std::uint64_t>& group = children(slot)[child / 64].woken;
  if ((group.load() & bit) != 0) group.fetch_and(~bit);
}

bool FlightSlots::isFollowed(std::size_t slot) const {
  if (slots()[slot].mayBeFollowed.load(std::memory_order_relaxed) == 0) return false;
  const Children* groups = children(slot);
  return std::any_of(groups, groups + groupsOf(children_.load()),
                     [](const Children& group) { return group.follow.load() != 0; });
}

void FlightSlots::forEachToWake(std::size_t slot, const std::function<bool(std::size_t)>& isGone,
                                const std::function<void(std::size_t)>& wake) {
  const std::size_t groups = groupsOf(children_.load());
  for (std::size_t group = 0; group < groups; ++group) {
    Children& those = children(slot)[group];
    for (std::uint64_t left = those.follow.load() & ~those.woken.load(); left != 0; left &= left - 1) {
      const std::uint64_t bit = left & (~left + 1);
      const std::size_t child = group * 64 + static_cast<std::size_t>(std::countr_zero(left));
      if (isGone(child))
        those.follow.fetch_and(~bit);
      else if ((those.woken.fetch_or(bit) & bit) == 0)
        wake(child);
    }
  }
  // In that order: who comes meanwhile says so again behind its bit.
  if (isFollowed(slot)) return;
  slots()[slot].mayBeFollowed = 0;
  const Children* all = children(slot);
  if (std::any_of(all, all + groups, [](const Children& those) { return those.follow.load() != 0; }))
    slots()[slot].mayBeFollowed = 1;
}

}  // namespace proxycommon
