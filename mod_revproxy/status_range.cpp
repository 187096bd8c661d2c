// Several status codes.
#include "mod_revproxy/status_range.h"

#include "common/base/mistake.h"
#include "common/base/text.h"

namespace revproxy {
namespace {

using proxycommon::mistake;

std::string quoted(std::string_view text) {
  return "\"" + proxycommon::printable(text) + "\"";
}

}  // namespace

proxycommon::Result<std::vector<StatusRange>> parseStatusRanges(std::string_view text) {
  constexpr std::uint64_t kFirst = 100;
  constexpr std::uint64_t kLast = 599;
  const std::string_view whole = text;
  std::vector<StatusRange> ranges;
  while (const auto member = proxycommon::nextListMember(text)) {
    const auto dash = member->find('-');
    const auto first = proxycommon::parseNumber(member->substr(0, dash), kLast);
    const auto last =
        dash == std::string_view::npos ? first : proxycommon::parseNumber(member->substr(dash + 1), kLast);
    if (!first || !last || *first < kFirst || *last < *first)
      return mistake(quoted(*member) + " is no range of statuses: write 200 or 200-399, from 100 to 599");
    ranges.push_back({static_cast<unsigned>(*first), static_cast<unsigned>(*last)});
  }
  if (ranges.empty()) return mistake(quoted(whole) + " has no status: write 200-399 or 200,204");
  return ranges;
}

std::string shown(std::span<const StatusRange> ranges) {
  std::string text;
  for (const StatusRange& range : ranges) {
    text.append(text.empty() ? "" : ",").append(std::to_string(range.first));
    if (range.last != range.first) text.append("-").append(std::to_string(range.last));
  }
  return text;
}

}  // namespace revproxy
