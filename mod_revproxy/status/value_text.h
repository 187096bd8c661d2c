// Values as text that machines read: exact numbers, and text that is UTF-8 whatever was in it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mod_revproxy/status/snapshot.h"

namespace revproxy {

// `value` divided by 10^places, exactly: decimal(1500, 3) is "1.5", decimal(1000, 3) is "1".
std::string decimal(std::uint64_t value, unsigned places);

inline std::string secondsOf(std::uint64_t microseconds) {
  return decimal(microseconds, 6);
}
// Since the epoch. What is before it counts as the epoch.
std::string secondsOf(WallTime time);

// U+FFFD.
inline constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// What is not UTF-8 (RFC 3629: no surrogates, nothing overlong, nothing above U+10FFFF) becomes U+FFFD, one for each
// longest part that could have begun a character.
std::string validUtf8(std::string_view bytes);

}  // namespace revproxy
