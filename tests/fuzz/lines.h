// Inputs of several parts, a line each.
#pragma once

#include <algorithm>
#include <string_view>

namespace proxytest {

// Takes the first line off; at the end there are only empty ones.
inline std::string_view nextLine(std::string_view& rest) {
  const auto end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

}  // namespace proxytest
