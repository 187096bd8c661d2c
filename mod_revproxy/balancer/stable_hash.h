// Hashes of 64 bits that are the same in every build, on every machine, for good: which member a key belongs to must
// not change with an upgrade. Not for anything that somebody may want to forge.
#pragma once

#include <cstdint>
#include <string_view>

namespace revproxy {

// Steps between members of a sequence whose scrambled values look random (SplitMix64's).
inline constexpr std::uint64_t kGoldenStep = 0x9e37'79b9'7f4a'7c15;

// One to one; each bit of `value` changes half of the result's (SplitMix64's finalizer).
constexpr std::uint64_t scramble(std::uint64_t value) {
  value = (value ^ value >> 30) * 0xbf58'476d'1ce4'e5b9;
  value = (value ^ value >> 27) * 0x94d0'49bb'1331'11eb;
  return value ^ value >> 31;
}

// FNV-1a, scrambled: by itself its high bits know little of the last letters.
constexpr std::uint64_t stableHash(std::string_view text) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100'0000'01b3;
  return scramble(hash);
}

}  // namespace revproxy
