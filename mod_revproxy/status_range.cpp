// Several status codes.
#include "mod_revproxy/status_range.h"

#include "common/base/text.h"

namespace revproxy {

std::optional<std::vector<StatusRange>> parseStatusRanges(std::string_view text) {
  constexpr std::uint64_t kHighest = 599;
  constexpr unsigned kLowest = 100;
  std::vector<StatusRange> ranges;
  while (const auto member = proxycommon::nextListMember(text)) {
    const auto dash = member->find('-');
    const auto first = proxycommon::parseNumber(member->substr(0, dash), kHighest);
    const auto last =
        dash == std::string_view::npos ? first : proxycommon::parseNumber(member->substr(dash + 1), kHighest);
    if (!first || !last || *first < kLowest || *first > *last) return std::nullopt;
    ranges.push_back({static_cast<unsigned>(*first), static_cast<unsigned>(*last)});
  }
  return ranges.empty() ? std::nullopt : std::optional(std::move(ranges));
}

}  // namespace revproxy
