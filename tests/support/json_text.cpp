// See json_text.h.
#include "tests/support/json_text.h"

#include <algorithm>
#include <regex>
#include <stdexcept>

namespace proxytest {
namespace {

void appendUtf8(std::string& text, unsigned code) {
  const auto byte = [&text](unsigned value) { text += static_cast<char>(value); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) {
    byte(0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      byte(0xe0 | code >> 12);
    } else {
      byte(0xf0 | code >> 18);
      byte(0x80 | (code >> 12 & 0x3f));
    }
    byte(0x80 | (code >> 6 & 0x3f));
  }
  byte(0x80 | (code & 0x3f));
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  JsonValue readAll() {
    JsonValue value = readValue();
    skipBlanks();
    if (place_ != text_.size()) fail("more behind the value");
    return value;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error("JSON, at byte " + std::to_string(place_) + ": " + what);
  }
  char peek() const { return place_ < text_.size() ? text_[place_] : '\0'; }
  void skipBlanks() {
    while (place_ < text_.size() && std::string_view(" \t\r\n").find(text_[place_]) != std::string_view::npos) ++place_;
  }
  bool take(std::string_view word) {
    if (!text_.substr(place_).starts_with(word)) return false;
    place_ += word.size();
    return true;
  }
  void expect(std::string_view word) {
    skipBlanks();
    if (!take(word)) fail("no " + std::string(word));
  }

  JsonValue readValue() {
    skipBlanks();
    if (peek() == '{') return readObject();
    if (peek() == '[') return readArray();
    if (peek() == '"') return {JsonValue::Kind::kString, readString(), {}, {}};
    if (take("null")) return {};
    for (const char* word : {"true", "false"})
      if (take(word)) return {JsonValue::Kind::kBoolean, word, {}, {}};
    return readNumber();
  }

  JsonValue readNumber() {
    static const std::regex kNumber("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?");
    std::match_results<std::string_view::const_iterator> match;
    if (!std::regex_search(text_.begin() + static_cast<std::ptrdiff_t>(place_), text_.end(), match, kNumber,
                           std::regex_constants::match_continuous))
      fail("no value");
    place_ += static_cast<std::size_t>(match.length());
    return {JsonValue::Kind::kNumber, match.str(), {}, {}};
  }

  unsigned readHex() {
    static const std::regex kHex("[0-9a-fA-F]{4}");
    const std::string digits(text_.substr(place_, 4));
    if (!std::regex_match(digits, kHex)) fail("no four digits");
    place_ += 4;
    return static_cast<unsigned>(std::stoul(digits, nullptr, 16));
  }

  void readEscape(std::string& text) {
    constexpr std::string_view kWritten = "\"\\/bfnrt";
    constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    if (const std::size_t found = kWritten.find(peek()); peek() != '\0' && found != std::string_view::npos) {
      ++place_;
      text += kMeant[found];
      return;
    }
    if (!take("u")) fail("an escape that there is not");
    unsigned code = readHex();
    if (code >= 0xdc00 && code < 0xe000) fail("the second half of a pair");
    if (code >= 0xd800 && code < 0xdc00) {
      if (!take("\\u")) fail("half of a pair");
      const unsigned low = readHex();
      if (low < 0xdc00 || low >= 0xe000) fail("half of a pair");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    appendUtf8(text, code);
  }

  std::string readString() {
    expect("\"");
    std::string text;
    while (!take("\"")) {
      if (place_ == text_.size()) fail("a string without an end");
      if (static_cast<unsigned char>(peek()) < 0x20) fail("a control character");
      if (take("\\"))
        readEscape(text);
      else
        text += text_[place_++];
    }
    return text;
  }

  JsonValue readArray() {
    JsonValue array{JsonValue::Kind::kArray, {}, {}, {}};
    expect("[");
    skipBlanks();
    if (take("]")) return array;
    array.elements.push_back(readValue());
    for (skipBlanks(); take(","); skipBlanks()) array.elements.push_back(readValue());
    expect("]");
    return array;
  }

  void readMember(JsonValue& object) {
    skipBlanks();
    std::string name = readString();
    for (const auto& [other, value] : object.members)
      if (other == name) fail(name + " is there twice");
    expect(":");
    object.members.emplace_back(std::move(name), readValue());
  }

  JsonValue readObject() {
    JsonValue object{JsonValue::Kind::kObject, {}, {}, {}};
    expect("{");
    skipBlanks();
    if (take("}")) return object;
    readMember(object);
    for (skipBlanks(); take(","); skipBlanks()) readMember(object);
    expect("}");
    return object;
  }

  std::string_view text_;
  std::size_t place_ = 0;
};

}  // namespace

const JsonValue& JsonValue::operator[](std::string_view name) const {
  for (const auto& [other, value] : members)
    if (other == name) return value;
  throw std::runtime_error("JSON: no member " + std::string(name));
}

const JsonValue& JsonValue::operator[](std::size_t index) const {
  if (index >= elements.size()) throw std::runtime_error("JSON: no element " + std::to_string(index));
  return elements[index];
}

double JsonValue::number() const {
  if (kind != Kind::kNumber) throw std::runtime_error("JSON: " + text + " is no number");
  return std::stod(text);
}

std::vector<std::string> JsonValue::names() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : members) names.push_back(name);
  return names;
}

JsonValue readJson(std::string_view text) {
  if (!isUtf8(text)) throw std::runtime_error("JSON: not UTF-8");
  return Reader(text).readAll();
}

bool isUtf8(std::string_view text) {
  for (std::size_t place = 0; place < text.size();) {
    const auto lead = static_cast<unsigned char>(text[place]);
    const std::size_t size = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
    if (size == 0 || place + size > text.size()) return false;
    unsigned code = size == 1 ? lead : lead & (0x7fu >> size);
    for (std::size_t next = 1; next < size; ++next) {
      const auto byte = static_cast<unsigned char>(text[place + next]);
      if (byte >> 6 != 2) return false;
      code = code << 6 | (byte & 0x3f);
    }
    constexpr unsigned kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < kLeast[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
    place += size;
  }
  return true;
}

}  // namespace proxytest
