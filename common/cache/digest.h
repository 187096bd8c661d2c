// Digest: 128 bits that stand for a text: keys of the cache. Of SHA-256, so that nobody can make two texts meet.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "common/base/export.h"

namespace proxycommon {

struct Digest {
  std::array<unsigned char, 16> bytes{};

  auto operator<=>(const Digest&) const = default;
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  // For tables: any 64 of its bits.
  std::uint64_t word() const {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    return word;
  }
  // The first half of hex(), for people to compare; no memory is taken.
  PROXYCOMMON_API std::array<char, 16> brief() const;
  // 32 digits.
  PROXYCOMMON_API std::string hex() const;
};

PROXYCOMMON_API Digest digestOf(std::string_view text);

}  // namespace proxycommon
