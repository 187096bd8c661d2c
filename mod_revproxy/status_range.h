// StatusRange: several status codes, as expect= and failonstatus= name them. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace revproxy {

struct StatusRange {
  unsigned first;
  unsigned last;

  bool holds(unsigned status) const { return first <= status && status <= last; }
};

// "200-399", "500,502-504"; nullopt for anything else.
std::optional<std::vector<StatusRange>> parseStatusRanges(std::string_view text);

}  // namespace revproxy
