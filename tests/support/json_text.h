// A strict reader of JSON (RFC 8259): whatever the grammar does not allow is an error, as are a name that an object has
// twice, and bytes that are not UTF-8.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proxytest {

struct JsonValue {
  enum class Kind { kNull, kBoolean, kNumber, kString, kArray, kObject };
  Kind kind = Kind::kNull;
  std::string text;  // of a number or boolean as it is written; of a string what it stands for, in UTF-8
  std::vector<JsonValue> elements;
  std::vector<std::pair<std::string, JsonValue>> members;  // in their order

  // Throw std::runtime_error where there is none.
  const JsonValue& operator[](std::string_view name) const;
  const JsonValue& operator[](std::size_t index) const;
  double number() const;
  std::vector<std::string> names() const;
};

// Throws std::runtime_error, which says where.
JsonValue readJson(std::string_view text);

// Whether all of it is UTF-8 (RFC 3629).
bool isUtf8(std::string_view text);

}  // namespace proxytest
