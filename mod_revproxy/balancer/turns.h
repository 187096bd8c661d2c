// Turns: weighted round robin as times at which members are due (stride scheduling). Each member has the virtual time
// of its next turn; the earliest has it, and the next of the same member is a stride later, kTurnScale / weight. The
// first is half a stride after the beginning, so that members of different weights interleave. The order repeats itself
// after kTurnScale of virtual time, in which each member has had as many turns as its weight says: of any successive
// choices whose number is the sum of the weights, each member gets exactly its weight (or, where no weight divides
// kTurnScale, all but one in a hundred million of it).
// Times wrap around; only differences count.
#pragma once

#include <algorithm>
#include <atomic>
#include <compare>
#include <cstdint>
#include <span>

#include "mod_revproxy/balancer/method.h"

namespace revproxy {

// Divided by hundredths of every whole weight up to 24, and their halves.
inline constexpr std::int64_t kTurnScale = 200 * std::int64_t{5'354'228'880};

// How much later `time` is than `other`; negative: earlier.
constexpr std::int64_t since(std::int64_t other, std::int64_t time) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(time) - static_cast<std::uint64_t>(other));
}
constexpr std::int64_t later(std::int64_t time, std::int64_t span) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(time) + static_cast<std::uint64_t>(span));
}

// Unless somebody has moved it meanwhile. What it is then.
inline std::int64_t moveTurn(std::atomic<std::int64_t>& turn, std::int64_t from, std::int64_t to) {
  return turn.compare_exchange_strong(from, to) ? to : from;
}

// Time never goes back.
inline void advance(std::atomic<std::int64_t>& now, std::int64_t time) {
  std::int64_t present = now.load(std::memory_order_relaxed);
  while (since(present, time) > 0 && !now.compare_exchange_weak(present, time)) {
  }
}

inline std::int64_t strideOf(std::uint32_t weight) {
  return kTurnScale / weight;
}

// When it is due. One that was never seen begins now. One that was away does not catch up with more than a turn, and
// one whose weight has risen does not wait longer than its new weight says.
inline std::int64_t turnOf(const Candidate& candidate, const std::atomic<std::int64_t>& now) {
  // In this order: whoever takes a turn moves the time first, so `present` is not before what `turn` was set by.
  const std::int64_t turn = candidate.state.turn.load(std::memory_order_acquire);
  const std::int64_t present = now.load(std::memory_order_acquire);
  const std::int64_t wait = since(present, turn);
  // The division is for the few that need it.
  if (turn != 0 && wait >= 0 && wait <= kTurnScale &&
      static_cast<std::uint64_t>(wait) * candidate.weight <= static_cast<std::uint64_t>(kTurnScale))
    return turn;
  const std::int64_t stride = strideOf(candidate.weight);
  const std::int64_t due = later(present, turn == 0 ? stride / 2 : std::clamp(wait, -stride, stride));
  return due == turn ? turn : moveTurn(candidate.state.turn, turn, due);
}

struct NextTurn {
  std::size_t index;
  std::int64_t turn;
};

// Of those that come first by `order`, the one that is due first. `order` compares two candidates:
// std::strong_ordering::less where the first is better, whenever they are due.
template <class Order>
NextTurn nextTurn(std::span<const Candidate> candidates, const std::atomic<std::int64_t>& now, Order order) {
  NextTurn best{0, turnOf(candidates[0], now)};
  for (std::size_t index = 1; index < candidates.size(); ++index) {
    const std::int64_t turn = turnOf(candidates[index], now);
    const std::strong_ordering better = order(candidates[index], candidates[best.index]);
    if (better < 0 || (better == 0 && since(best.turn, turn) < 0)) best = {index, turn};
  }
  return best;
}

// The same; it thereby has its turn. Each turn is given once: who loses a race for it looks again, and the one who has
// won it has made progress.
template <class Order>
std::size_t takeNextTurn(std::span<const Candidate> candidates, std::atomic<std::int64_t>& now, Order order) {
  while (true) {
    NextTurn next = nextTurn(candidates, now, order);
    advance(now, next.turn);
    const Candidate& candidate = candidates[next.index];
    const std::int64_t following = later(next.turn, strideOf(candidate.weight));
    if (candidate.state.turn.compare_exchange_strong(next.turn, following)) return next.index;
  }
}

}  // namespace revproxy
