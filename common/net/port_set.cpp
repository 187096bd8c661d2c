// A set of TCP ports as people write one.
#include "common/net/port_set.h"

#include <algorithm>

#include "common/base/text.h"

namespace proxycommon {
namespace {

std::optional<std::uint16_t> parsePort(std::string_view text) {
  const auto number = parseNumber(text, 65535);
  if (!number || *number == 0) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

}  // namespace

std::optional<PortSet> PortSet::parse(std::string_view text) {
  PortSet set;
  while (true) {
    const auto comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    const auto dash = item.find('-');
    const auto first = parsePort(item.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parsePort(item.substr(dash + 1));
    if (!first || !last || *first > *last) return std::nullopt;
    set.ranges_.push_back({*first, *last});
    if (comma == std::string_view::npos) return set;
    text.remove_prefix(comma + 1);
  }
}

PortSet PortSet::all() {
  PortSet set;
  set.ranges_.push_back({1, 65535});
  return set;
}

bool PortSet::contains(std::uint16_t port) const {
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [port](const Range& range) { return port >= range.first && port <= range.last; });
}

std::string PortSet::toString() const {
  std::string text;
  for (const Range& range : ranges_) {
    if (!text.empty()) text.push_back(',');
    text.append(std::to_string(range.first));
    if (range.last != range.first) text.append("-").append(std::to_string(range.last));
  }
  return text;
}

}  // namespace proxycommon
