// checksumOf: 64 bits that tell whether bytes are what was written. Fast, eight bytes at a time in four lanes; against
// accidents, not against people: whoever chooses the bytes can make two texts meet.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace proxycommon {

namespace checksum {

inline constexpr std::uint64_t kFirst = 0x9e37'79b1'85eb'ca87;
inline constexpr std::uint64_t kSecond = 0xc2b2'ae3d'27d4'eb4f;
inline constexpr std::uint64_t kThird = 0x1656'67b1'9e37'79f9;

inline std::uint64_t wordAt(const char* bytes) {
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

inline std::uint64_t mixed(std::uint64_t lane, std::uint64_t word) {
  return std::rotl(lane + word * kSecond, 31) * kFirst;
}

}  // namespace checksum

// `seed`: what the bytes belong to, or the checksum of those before them.
inline std::uint64_t checksumOf(std::string_view bytes, std::uint64_t seed = 0) {
  using namespace checksum;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  std::array<std::uint64_t, 4> lanes{seed + kFirst, seed + kSecond, seed, seed - kFirst};
  for (; left >= 32; at += 32, left -= 32)
    for (std::size_t lane = 0; lane < 4; ++lane) lanes[lane] = mixed(lanes[lane], wordAt(at + 8 * lane));
  std::uint64_t sum = bytes.size() * kThird + seed;
  for (std::size_t lane = 0; lane < 4; ++lane) sum = (sum ^ mixed(0, lanes[lane])) * kFirst + kThird;
  for (; left >= 8; at += 8, left -= 8) sum = std::rotl(sum ^ mixed(0, wordAt(at)), 27) * kFirst + kThird;
  for (; left > 0; ++at, --left) sum = std::rotl(sum ^ static_cast<unsigned char>(*at) * kThird, 11) * kFirst;
  sum = (sum ^ sum >> 33) * kSecond;
  sum = (sum ^ sum >> 29) * kThird;
  return sum ^ sum >> 32;
}

}  // namespace proxycommon
