// Small, pure helpers over text that several rooms need: ASCII case, trimming, lists, strict numbers and durations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/export.h"

namespace proxycommon {

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Compares as HTTP compares names: ASCII letters without case (RFC 9110 5.1).
PROXYCOMMON_API bool equalsIgnoringCaseOfLength(const char* left, const char* right, std::size_t length);
inline bool equalsIgnoringCase(std::string_view left, std::string_view right) {
  // Names are compared with many, and most have another length.
  return left.size() == right.size() && equalsIgnoringCaseOfLength(left.data(), right.data(), left.size());
}
PROXYCOMMON_API bool startsWithIgnoringCase(std::string_view text, std::string_view prefix);
PROXYCOMMON_API std::string lowered(std::string_view text);

// Without leading and trailing spaces and tabs (RFC 9110 5.6.3, OWS).
PROXYCOMMON_API std::string_view trimmed(std::string_view text);

// Takes the next member off a comma-separated list, trimmed; nullopt at its end. Empty members are skipped.
PROXYCOMMON_API std::optional<std::string_view> nextListMember(std::string_view& rest);

// Whether a comma-separated list has that member, compared as HTTP compares names.
PROXYCOMMON_API bool listContains(std::string_view list, std::string_view member);

// Digits only, no sign, no space; nullopt past `maximum`.
PROXYCOMMON_API std::optional<std::uint64_t> parseNumber(std::string_view text, std::uint64_t maximum);

// "5" (seconds), "500ms", "2s", "3min", "1h"; nullopt for anything else, for zero, and past ten years.
PROXYCOMMON_API std::optional<milliseconds> parseDuration(std::string_view text);

// "100" (bytes), "64k", "1M", "2G"; nullopt for anything else, for zero, and past 2^40.
PROXYCOMMON_API std::optional<std::uint64_t> parseSize(std::string_view text);

// Control characters shown as \xHH and the length bounded, so that hostile bytes cannot write log lines of their own.
PROXYCOMMON_API std::string printable(std::string_view text, std::size_t maximum = 200);

}  // namespace proxycommon
