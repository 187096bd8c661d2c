// Vary (RFC 9111 4.1).
#include "common/cache/vary.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

#include "common/base/text.h"
#include "common/cache/record_bytes.h"
#include "common/http/header_rules.h"

namespace proxycommon {
namespace {

// How far the meaning of a field is known.
enum class Kind {
  kUnknown,
  kList,       // spaces about its separators mean nothing
  kPreference  // members without case, weighted (RFC 9110 12.4.2)
};

struct Known {
  std::string_view name;
  Kind kind;
  bool isOrdered;  // among members of one weight
};
constexpr std::array<Known, 4> kKnown = {{
    {"accept", Kind::kList, true},
    {"accept-encoding", Kind::kPreference, false},
    {"accept-charset", Kind::kPreference, false},
    {"accept-language", Kind::kPreference, true},  // RFC 9110 12.5.4: some take their order for more
}};

Known knownOf(std::string_view name) {
  const auto known = std::find_if(kKnown.begin(), kKnown.end(),
                                  [name](const Known& one) { return equalsIgnoringCase(one.name, name); });
  return known == kKnown.end() ? Known{name, Kind::kUnknown, true} : *known;
}

// RFC 9110 12.4.2: 0 to 1, with three digits at most; in thousandths.
std::optional<unsigned> parseWeight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  std::string digits{text.substr(std::min<std::size_t>(2, text.size()))};
  digits.resize(3, '0');
  const auto fraction = parseNumber(digits, 999);
  if (!fraction || (text[0] == '1' && *fraction > 0)) return std::nullopt;
  return text[0] == '1' ? 1000U : static_cast<unsigned>(*fraction);
}

struct Preference {
  std::string name;
  unsigned weight;
};

std::optional<Preference> parsePreference(std::string_view member) {
  const auto semicolon = member.find(';');
  Preference preference{lowered(trimmed(member.substr(0, semicolon))), 1000};
  if (preference.name.starts_with("x-") && (preference.name == "x-gzip" || preference.name == "x-compress"))
    preference.name.erase(0, 2);  // RFC 9110 8.4.1: the same
  if (semicolon == std::string_view::npos) return preference;
  const std::string_view parameter = trimmed(member.substr(semicolon + 1));
  if (!startsWithIgnoringCase(parameter, "q=")) return std::nullopt;
  const auto weight = parseWeight(parameter.substr(2));
  if (!weight) return std::nullopt;
  preference.weight = *weight;
  return preference;
}

// nullopt: it is no such list, and stays as it came.
std::optional<std::string> normalizedPreferences(std::string_view value, bool isOrdered) {
  std::vector<Preference> preferences;
  while (const auto member = nextListMember(value)) {
    auto preference = parsePreference(*member);
    if (!preference) return std::nullopt;
    preferences.push_back(std::move(*preference));
  }
  std::stable_sort(preferences.begin(), preferences.end(),
                   [isOrdered](const Preference& left, const Preference& right) {
                     if (left.weight != right.weight) return left.weight > right.weight;
                     return !isOrdered && left.name < right.name;
                   });
  std::string text;
  for (const Preference& preference : preferences) {
    if (!text.empty()) text.append(", ");
    text.append(preference.name);
    if (preference.weight < 1000) text.append(";q=").append(std::to_string(preference.weight));
  }
  return text;
}

// Without spaces about commas, semicolons and equals signs that stand in no quotes.
std::string withoutSpaces(std::string_view value) {
  constexpr std::string_view kSeparators = ",;=";
  std::string text;
  bool isQuoted = false;
  for (std::size_t place = 0; place < value.size(); ++place) {
    const char c = value[place];
    if (isQuoted && c == '\\' && place + 1 < value.size()) {
      text.append(value.substr(place++, 2));
      continue;
    }
    if (c == '"') isQuoted = !isQuoted;
    if (isQuoted || (c != ' ' && c != '\t')) {
      text.push_back(c);
      continue;
    }
    const auto next = value.find_first_not_of(" \t", place);
    const bool isBefore = next != std::string_view::npos && kSeparators.find(value[next]) != std::string_view::npos;
    const bool isBehind = !text.empty() && kSeparators.find(text.back()) != std::string_view::npos;
    if (!isBefore && !isBehind) text.push_back(c);
  }
  return text;
}

std::string combinedLines(std::span<const HeaderField> request, std::string_view name) {
  std::string text;
  bool isFirst = true;
  for (const HeaderField& field : request) {
    if (!equalsIgnoringCase(field.name, name)) continue;
    if (!isFirst) text.append(", ");
    text.append(trimmed(field.value));
    isFirst = false;
  }
  return text;
}

constexpr std::uint8_t kAbsent = 0;
constexpr std::uint8_t kPresent = 1;

}  // namespace

VaryNames varyNames(std::span<const HeaderField> response) {
  VaryNames vary;
  for (const HeaderField& field : response) {
    if (!equalsIgnoringCase(field.name, "Vary")) continue;
    std::string_view rest = field.value;
    while (const auto name = nextListMember(rest)) {
      // What is no name cannot be compared, and so matches nothing.
      if (*name == "*" || !isToken(*name)) vary.isAny = true;
      vary.names.push_back(lowered(*name));
    }
  }
  std::sort(vary.names.begin(), vary.names.end());
  vary.names.erase(std::unique(vary.names.begin(), vary.names.end()), vary.names.end());
  if (vary.isAny) vary.names.clear();
  return vary;
}

std::vector<std::string> joinedNames(const std::vector<std::string>& known, const std::vector<std::string>& more) {
  constexpr std::size_t kMostNames = 32;
  std::vector<std::string> all;
  std::set_union(known.begin(), known.end(), more.begin(), more.end(), std::back_inserter(all));
  return all.size() <= kMostNames ? all : more;
}

std::string normalizedValue(std::span<const HeaderField> request, std::string_view name) {
  const Known known = knownOf(name);
  std::string combined = combinedLines(request, name);
  if (known.kind == Kind::kUnknown) return combined;
  if (known.kind == Kind::kPreference)
    if (auto preferences = normalizedPreferences(combined, known.isOrdered)) return std::move(*preferences);
  return withoutSpaces(combined);
}

std::string selectionOf(std::span<const std::string> names, std::span<const HeaderField> request) {
  std::string selection;
  for (const std::string& name : names) {
    appendText(selection, name);
    appendNumber(selection, findField(request, name) ? kPresent : kAbsent);
    appendText(selection, normalizedValue(request, name));
  }
  return selection;
}

bool selectsAsSent(std::span<const std::string> names, std::span<const HeaderField> request,
                   std::span<const HeaderField> sent) {
  static constexpr std::array<std::string_view, 4> kSettled = {"host", "via", "x-forwarded-host", "x-forwarded-proto"};
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    if (std::find(kSettled.begin(), kSettled.end(), name) != kSettled.end()) return true;
    if ((findField(request, name) == nullptr) != (findField(sent, name) == nullptr)) return false;
    return normalizedValue(request, name) == normalizedValue(sent, name);
  });
}

bool matches(const StoredResponse& stored, std::span<const HeaderField> request) {
  RecordReader reader(stored.selection);
  while (!reader.isAtEnd()) {
    const std::string_view name = reader.text();
    const bool wasPresent = reader.number<std::uint8_t>() == kPresent;
    const std::string_view value = reader.text();
    if (!reader.isGood()) return false;
    if (wasPresent != (findField(request, name) != nullptr)) return false;
    if (wasPresent && normalizedValue(request, name) != value) return false;
  }
  return true;
}

}  // namespace proxycommon
