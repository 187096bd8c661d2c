// FlightSlots: the shared memory of Flights. Each slot holds one flight at a time, and after its end what became of it.
// A key has a window of slots that it may be in. All steps are atomic, and none leaves anything behind that is wrong
// when the process is killed at that very moment; a leader is known by its process, not by a clock. Not for others than
// Flights: it knows nothing of who waits in a child.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/cache/digest.h"
#include "common/cache/flights.h"

namespace proxycommon {

// What a slot is, in one word: turn, who leads, phase. A turn is one leader's; when another takes over what a dead one
// has left, the turn goes on by one, and the flight is the same.
struct FlightWord {
  enum class Phase : std::uint64_t { kFree, kClaimed, kBoarding, kFirst };  // kFirst + a FlightPhase: of a flight

  static constexpr unsigned kTurnBits = 28;
  static constexpr std::uint64_t kTurns = (std::uint64_t{1} << kTurnBits) - 1;

  std::uint64_t turn = 0;
  std::uint32_t who = 0;  // the process, and the lower 10 bits of when it began
  Phase phase = Phase::kFree;

  static std::uint32_t whoIs(std::uint64_t identity);
  static FlightWord of(std::uint64_t bits);
  std::uint64_t bits() const;
  FlightWord with(Phase next) const { return {turn, who, next}; }
  // nullopt: nobody flies.
  std::optional<FlightPhase> flight() const;
  // It is nobody's: over, or never begun.
  bool mayBeTaken() const;

  bool operator==(const FlightWord&) const = default;
};
constexpr FlightWord::Phase phaseOf(FlightPhase phase) {
  return static_cast<FlightWord::Phase>(static_cast<std::uint64_t>(FlightWord::Phase::kFirst) +
                                        static_cast<std::uint64_t>(phase));
}

// Any process, any thread. All zero at first.
struct FlightSlots {
 public:
  static constexpr std::size_t kSlots = 8192;
  static constexpr std::size_t kWindow = 16;
  static constexpr std::size_t kMostPath = 511;

  // Of the block, for children with numbers below `children`.
  static std::size_t bytesFor(std::size_t children);
  // In the parent, before any child.
  void prepare(std::size_t children) { children_ = children; }

  struct Seat {
    enum class Kind { kLeads, kFollows, kNone, kAgain };
    Kind kind = Kind::kNone;
    std::size_t slot = 0;
    std::uint64_t turn = 0;
    bool hasTakenOver = false;  // others follow, who are to be told
  };
  using IsDead = std::function<bool(const FlightWord& word, std::uint64_t leader)>;
  // kAgain: others are about to board as well; some of those have to try again. Whoever has tried for long is
  // `impatient`, and pushes aside who does not get on: that one is stopped, or dead.
  Seat board(const Digest& key, std::uint64_t identity, bool isImpatient, const IsDead& isDead);
  // What a dead leader has left goes to the first who asks, whichever turn of that flight it followed: its turn.
  std::optional<std::uint64_t> takeOver(std::size_t slot, std::uint64_t followed, std::uint64_t identity);

  FlightWord word(std::size_t slot) const { return FlightWord::of(slots()[slot].word.load()); }
  std::uint64_t grown(std::size_t slot) const { return slots()[slot].grown.load(); }
  // The turn that flight has now, which `followed` was a turn of; nullopt: the slot has another flight.
  std::optional<FlightWord> flightOf(std::size_t slot, std::uint64_t followed) const;
  std::string path(std::size_t slot, std::uint64_t turn) const;
  // Whether its leader was dead, and nobody has noticed yet.
  bool abandon(std::size_t slot, const IsDead& isDead);

  // By the leader of that turn.
  bool stream(std::size_t slot, std::uint64_t turn, std::string_view path);
  bool end(std::size_t slot, std::uint64_t turn, FlightPhase phase);
  // Whether somebody may follow; false is quickly said.
  bool grow(std::size_t slot);

  // Of children: whether any request of them follows, and whether they were woken, and have not looked yet.
  void follow(std::size_t slot, std::size_t child);
  void leave(std::size_t slot, std::size_t child);
  void looksNow(std::size_t slot, std::size_t child);
  bool isFollowed(std::size_t slot) const;
  // Those to be woken now. Whoever `isGone` is struck out instead.
  void forEachToWake(std::size_t slot, const std::function<bool(std::size_t)>& isGone,
                     const std::function<void(std::size_t)>& wake);

 private:
  struct alignas(64) Slot {
    std::atomic<std::uint64_t> word;
    std::array<std::atomic<std::uint64_t>, 2> key;  // written while claimed, like `began`
    std::atomic<std::uint64_t> leader;              // identity; where it does not fit the word, it comes yet
    std::atomic<std::uint64_t> began;               // the first turn of this flight
    std::atomic<std::uint64_t> grown;
    std::atomic<Clock::rep> ended;
    std::atomic<std::uint64_t> mayBeFollowed;
    std::array<std::atomic<std::uint64_t>, (kMostPath + 1) / sizeof(std::uint64_t)> path;  // ends with a zero
  };
  // Of one slot and 64 children.
  struct Children {
    std::atomic<std::uint64_t> follow;
    std::atomic<std::uint64_t> woken;
  };
  struct Met {
    FlightWord word;
    bool isOfKey = false;
  };

  static std::size_t groupsOf(std::size_t children) { return (children + 63) / 64; }
  static std::size_t placed(const Digest& key, std::size_t step) { return (key.word() + step) % kSlots; }
  Slot* slots() const { return reinterpret_cast<Slot*>(const_cast<FlightSlots*>(this) + 1); }
  Children* children(std::size_t slot) const {
    return reinterpret_cast<Children*>(slots() + kSlots) + slot * groupsOf(children_.load());
  }
  Met meet(std::size_t slot, const Digest& key) const;
  bool change(std::size_t slot, const FlightWord& from, const FlightWord& to);
  std::optional<std::pair<std::size_t, FlightWord>> vacancy(const Digest& key, const IsDead& isDead) const;
  Seat join(std::size_t slot, const FlightWord& word, std::uint64_t identity, const IsDead& isDead);
  Seat claim(std::size_t slot, const FlightWord& before, const Digest& key, std::uint64_t identity);
  bool isAlone(std::size_t own, const Digest& key);

  alignas(64) std::atomic<std::uint64_t> children_;
};

}  // namespace proxycommon
