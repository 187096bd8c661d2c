// StatusRange: several status codes, as expect= and failonstatus= name them. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace revproxy {

struct StatusRange {
  unsigned first;
  unsigned last;

  bool holds(unsigned status) const { return first <= status && status <= last; }
  bool operator==(const StatusRange&) const = default;
};

// "200", "200-399", "200-299,401". The error says what may be written.
proxycommon::Result<std::vector<StatusRange>> parseStatusRanges(std::string_view text);
// As it is written.
std::string shown(std::span<const StatusRange> ranges);

}  // namespace revproxy
