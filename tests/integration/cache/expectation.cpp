// See expectation.h.
#include "tests/integration/cache/expectation.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace proxytest::cache {
namespace {

constexpr std::array<std::string_view, 7> kOfTheConnection{
    "Connection", "Transfer-Encoding", "Keep-Alive", "Content-Length", "Age", "Cache-Status", "Trailer"};

bool isOfTheConnection(std::string_view name) {
  return std::any_of(kOfTheConnection.begin(), kOfTheConnection.end(),
                     [name](std::string_view one) { return equalsIgnoringCase(one, name); });
}

// What stands behind the mark, if that is in the expectation.
std::optional<std::string> behind(const std::string& expectation, std::string_view mark) {
  const std::size_t place = expectation.find(mark);
  if (place == std::string::npos) return std::nullopt;
  return expectation.substr(place + mark.size());
}

bool isWithin(const std::string& value, const std::string& range) {
  const bool digits = !value.empty() && value.size() < 12 && value.find_first_not_of("0123456789") == std::string::npos;
  return digits && std::stol(value) >= std::stol(range) &&
         std::stol(value) <= std::stol(range.substr(range.find('-') + 1));
}

bool isMet(const HeaderList& fields, const std::string& expectation) {
  if (expectation.starts_with("?")) return true;
  const auto value = headerValue(fields, nameOf(expectation));
  if (expectation.starts_with("!")) return !value;
  if (!value) return false;
  if (const auto part = behind(expectation, " !~ ")) return value->find(*part) == std::string::npos;
  if (const auto part = behind(expectation, " ~ ")) return value->find(*part) != std::string::npos;
  if (const auto range = behind(expectation, " in ")) return isWithin(*value, *range);
  const auto whole = behind(expectation, ": ");
  return !whole || *value == *whole;
}

// httpd writes the commas of this list anew.
std::optional<std::string> comparable(const HeaderList& fields, const std::string& name) {
  auto value = headerValue(fields, name);
  if (value && equalsIgnoringCase(name, "Vary")) std::erase(*value, ' ');
  return value;
}

}  // namespace

std::string nameOf(const std::string& expectation) {
  const std::string text = expectation.substr(expectation.find_first_not_of("!?"));
  return text.substr(0, text.find_first_of(": "));
}

bool isAbout(const Fields& expectations, const std::string& name) {
  return std::any_of(expectations.begin(), expectations.end(),
                     [&name](const std::string& one) { return equalsIgnoringCase(nameOf(one), name); });
}

std::vector<std::string> unmet(const HeaderList& fields, const Fields& expectations) {
  std::vector<std::string> lines;
  for (const std::string& expectation : expectations) {
    if (isMet(fields, expectation)) continue;
    const auto value = headerValue(fields, nameOf(expectation));
    lines.push_back("\"" + expectation + "\" is expected, there is " + (value ? "\"" + *value + "\"" : "none"));
  }
  return lines;
}

std::vector<std::string> changed(const HeaderList& sent, const HeaderList& received, const Fields& besides) {
  std::vector<std::string> lines;
  for (const auto& [name, _] : sent) {
    if (isOfTheConnection(name) || isAbout(besides, name)) continue;
    const auto before = comparable(sent, name);
    const auto after = comparable(received, name);
    if (before != after) lines.push_back(name + " was \"" + *before + "\" and is \"" + after.value_or("(none)") + "\"");
  }
  return lines;
}

HeaderList listOf(const Fields& fields) {
  std::string text = "\n";
  for (const std::string& field : fields) text += field + "\n";
  return parseHeaders(text);
}

}  // namespace proxytest::cache
