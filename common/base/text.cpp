// Small, pure helpers over text.
#include "common/base/text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace proxycommon {

bool equalsIgnoringCaseOfLength(const char* left, const char* right, std::size_t length) {
  return std::equal(left, left + length, right, [](char a, char b) { return lower(a) == lower(b); });
}

bool startsWithIgnoringCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equalsIgnoringCase(text.substr(0, prefix.size()), prefix);
}

std::string lowered(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<std::string_view> nextListMember(std::string_view& rest) {
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    const std::string_view member = trimmed(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    if (!member.empty()) return member;
  }
  return std::nullopt;
}

bool listContains(std::string_view list, std::string_view member) {
  while (const auto one = nextListMember(list))
    if (equalsIgnoringCase(*one, member)) return true;
  return false;
}

std::optional<std::uint64_t> parseNumber(std::string_view text, std::uint64_t maximum) {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (maximum - std::min(digit, maximum)) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value <= maximum ? std::optional(value) : std::nullopt;
}

std::optional<milliseconds> parseDuration(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 5> kUnits{
      {{"ms", 1}, {"min", 60'000}, {"s", 1000}, {"h", 3'600'000}, {"", 1000}}};
  constexpr std::uint64_t kTenYears = 10ULL * 365 * 24 * 3'600'000;
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                                 [&](const auto& row) { return equalsIgnoringCase(row.first, text.substr(digits)); });
  if (unit == kUnits.end()) return std::nullopt;
  const auto number = parseNumber(text.substr(0, digits), kTenYears / unit->second);
  if (!number || *number == 0) return std::nullopt;
  return milliseconds{*number * unit->second};
}

std::optional<std::uint64_t> parseSize(std::string_view text) {
  if (text.empty()) return std::nullopt;
  unsigned shift = 0;
  switch (lower(text.back())) {
    case 'k':
      shift = 10;
      break;
    case 'm':
      shift = 20;
      break;
    case 'g':
      shift = 30;
      break;
    default:
      break;
  }
  if (shift > 0) text.remove_suffix(1);
  constexpr std::uint64_t kMost = std::uint64_t{1} << 40;
  const auto count = parseNumber(text, kMost >> shift);
  return count && *count > 0 ? std::optional(*count << shift) : std::nullopt;
}

std::string printable(std::string_view text, std::size_t maximum) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string result;
  for (const char c : text.substr(0, maximum)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '\\') {
      result.push_back(c);
    } else {
      result.append({'\\', 'x', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  if (text.size() > maximum) result.append("…");
  return result;
}

}  // namespace proxycommon
