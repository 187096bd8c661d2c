// Names of the numbers that an LMDB store keeps about itself, in its own file so that they are never wrong.
#pragma once

#include <string_view>

namespace proxycommon {

// Bytes that body files take.
inline constexpr std::string_view kFileBytes = "file-bytes";
// Milliseconds of the calendar: removals up to then are forgotten, and nothing that began before is stored.
inline constexpr std::string_view kForgottenUntil = "forgotten-until";

// How far the sweep after removals has come.
inline constexpr std::string_view kSweep = "sweep";

}  // namespace proxycommon
