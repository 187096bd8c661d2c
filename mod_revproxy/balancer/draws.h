// Draws: members at random, each as often as its weight says.
#pragma once

#include <cstdint>
#include <span>

#include "mod_revproxy/balancer/method.h"
#include "mod_revproxy/balancer/stable_hash.h"

namespace revproxy {

__extension__ using Wide = unsigned __int128;

// Of numbers below `bound`; `random` is any of 64 bits.
inline std::uint64_t drawBelow(std::uint64_t bound, std::uint64_t random) {
  return static_cast<std::uint64_t>(Wide{random} * bound >> 64);
}

struct Pair {
  std::size_t first;
  std::size_t second;  // the first, where there is no other
};

// Two different ones: the first of all, the second of the others.
inline Pair drawTwo(std::span<const Candidate> candidates, std::uint64_t random) {
  if (candidates.size() == 1) return {0, 0};
  std::uint64_t sum = 0;
  for (const Candidate& candidate : candidates) sum += candidate.weight;
  std::size_t first = 0;
  std::uint64_t point = drawBelow(sum, scramble(random));
  for (; point >= candidates[first].weight; ++first) point -= candidates[first].weight;
  std::size_t second = first == 0 ? 1 : 0;
  point = drawBelow(sum - candidates[first].weight, scramble(random + kGoldenStep));
  while (point >= candidates[second].weight) {
    point -= candidates[second].weight;
    second += second + 1 == first ? 2 : 1;
  }
  return {first, second};
}

}  // namespace revproxy
