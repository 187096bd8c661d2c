// Header fields as views: names and values belong to whoever made the list, and outlive it.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "common/base/text.h"

namespace proxycommon {

struct HeaderField {
  std::string_view name;
  std::string_view value;
};

using HeaderFields = std::vector<HeaderField>;

// The first field of that name, or nullptr.
inline const HeaderField* findField(std::span<const HeaderField> fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [name](const HeaderField& field) { return equalsIgnoringCase(field.name, name); });
  return found == fields.end() ? nullptr : &*found;
}

}  // namespace proxycommon
