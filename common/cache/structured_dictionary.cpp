// Dictionaries of structured fields (RFC 8941 4.2).
#include "common/cache/structured_dictionary.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/http/header_rules.h"

namespace proxycommon {
namespace {

using Kind = StructuredItem::Kind;

constexpr bool isDigit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool isLetter(char c) {
  return lower(c) >= 'a' && lower(c) <= 'z';
}

// Functions give nullopt or false where the text is none; then nothing of it counts.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  // RFC 8941 4.2.2.
  bool dictionary(std::vector<StructuredMember>& members) {
    while (!rest_.empty()) {
      const auto name = key();
      if (!name) return false;
      StructuredItem value{Kind::kTrue, {}, 0};
      if (take('=')) {
        const auto given = itemOrList();
        if (!given) return false;
        value = *given;
      }
      if (!parameters()) return false;
      set(members, {*name, value});
      skip(" \t");
      if (rest_.empty()) return true;
      if (!take(',')) return false;
      skip(" \t");
      if (rest_.empty()) return false;
    }
    return true;
  }

 private:
  static void set(std::vector<StructuredMember>& members, const StructuredMember& member) {
    std::erase_if(members, [&](const StructuredMember& other) { return other.key == member.key; });
    members.push_back(member);
  }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip(std::string_view characters) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(characters), rest_.size()));
  }
  template <class Predicate>
  std::string_view takeWhile(Predicate belongs) {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), belongs);
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  // RFC 8941 4.2.3.3.
  std::optional<std::string_view> key() {
    if (rest_.empty() || !((rest_.front() >= 'a' && rest_.front() <= 'z') || rest_.front() == '*')) return std::nullopt;
    return takeWhile(
        [](char c) { return (c >= 'a' && c <= 'z') || isDigit(c) || c == '_' || c == '-' || c == '.' || c == '*'; });
  }

  // RFC 8941 4.2.3.2.
  bool parameters() {
    while (take(';')) {
      skip(" ");
      if (!key()) return false;
      if (take('=') && !bareItem()) return false;
    }
    return true;
  }

  // RFC 8941 4.2.1.1, 4.2.1.2; parameters of the whole are left.
  std::optional<StructuredItem> itemOrList() {
    if (!take('(')) return bareItem();
    for (;;) {
      skip(" ");
      if (take(')')) return StructuredItem{Kind::kList, {}, 0};
      if (!bareItem() || !parameters()) return std::nullopt;
      if (!rest_.starts_with(' ') && !rest_.starts_with(')')) return std::nullopt;
    }
  }

  // RFC 8941 4.2.3.1.
  std::optional<StructuredItem> bareItem() {
    if (rest_.empty()) return std::nullopt;
    const char first = rest_.front();
    if (first == '-' || isDigit(first)) return number();
    if (first == '"') return string();
    if (first == '*' || isLetter(first)) return token();
    if (first == ':') return bytes();
    if (first == '?') return boolean();
    return std::nullopt;
  }

  // RFC 8941 4.2.4.
  std::optional<StructuredItem> number() {
    const bool isNegative = take('-');
    const std::string_view whole = takeWhile(isDigit);
    if (whole.empty() || whole.size() > 15) return std::nullopt;
    if (take('.')) {
      const std::string_view fraction = takeWhile(isDigit);
      if (whole.size() > 12 || fraction.empty() || fraction.size() > 3) return std::nullopt;
      return StructuredItem{Kind::kDecimal, whole, 0};
    }
    const auto value = static_cast<std::int64_t>(parseNumber(whole, 999'999'999'999'999).value_or(0));
    return StructuredItem{Kind::kInteger, whole, isNegative ? -value : value};
  }

  // RFC 8941 4.2.5.
  std::optional<StructuredItem> string() {
    take('"');
    for (std::size_t place = 0; place < rest_.size(); ++place) {
      const char c = rest_[place];
      if (c < 0x20 || c > 0x7e) return std::nullopt;
      if (c == '"') {
        const StructuredItem item{Kind::kString, rest_.substr(0, place), 0};
        rest_.remove_prefix(place + 1);
        return item;
      }
      if (c != '\\') continue;
      ++place;
      if (place == rest_.size() || (rest_[place] != '"' && rest_[place] != '\\')) return std::nullopt;
    }
    return std::nullopt;
  }

  // RFC 8941 4.2.6.
  std::optional<StructuredItem> token() {
    const std::string_view text = takeWhile([](char c) { return c == ':' || c == '/' || isToken({&c, 1}); });
    return StructuredItem{Kind::kToken, text, 0};
  }

  // RFC 8941 4.2.7.
  std::optional<StructuredItem> bytes() {
    take(':');
    const std::string_view text =
        takeWhile([](char c) { return isLetter(c) || isDigit(c) || c == '+' || c == '/' || c == '='; });
    if (!take(':')) return std::nullopt;
    return StructuredItem{Kind::kBytes, text, 0};
  }

  // RFC 8941 4.2.8.
  std::optional<StructuredItem> boolean() {
    take('?');
    if (take('1')) return StructuredItem{Kind::kTrue, {}, 0};
    if (take('0')) return StructuredItem{Kind::kFalse, {}, 0};
    return std::nullopt;
  }

  std::string_view rest_;
};

}  // namespace

std::optional<std::vector<StructuredMember>> parseDictionary(std::span<const HeaderField> fields,
                                                             std::string_view name) {
  std::vector<StructuredMember> members;
  for (const HeaderField& field : fields) {
    if (!equalsIgnoringCase(field.name, name)) continue;
    if (!Parser(trimmed(field.value)).dictionary(members)) return std::nullopt;
  }
  return members;
}

}  // namespace proxycommon
