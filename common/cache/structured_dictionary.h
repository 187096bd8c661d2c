// Dictionaries of structured fields (RFC 8941 3.2), as far as directives need them: keys with items; parameters and
// inner lists are checked, and passed over.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/base/export.h"
#include "common/http/headers.h"

namespace proxycommon {

struct StructuredItem {
  enum class Kind { kInteger, kDecimal, kString, kToken, kBytes, kTrue, kFalse, kList };
  Kind kind = Kind::kTrue;
  std::string_view text;     // of a string: between its quotes, escapes as they are
  std::int64_t integer = 0;  // of kInteger
};

struct StructuredMember {
  std::string_view key;
  StructuredItem item;
};

// All lines of that field; of a key that comes twice the last (RFC 8941 4.2.2). nullopt: it cannot be parsed. Empty:
// there is no such field, or nothing in it.
PROXYCOMMON_API std::optional<std::vector<StructuredMember>> parseDictionary(std::span<const HeaderField> fields,
                                                                             std::string_view name);

}  // namespace proxycommon
