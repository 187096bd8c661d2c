// Places of which only so many are there.
#include "common/shared/claims.h"

#include <algorithm>

namespace proxycommon {

std::optional<std::size_t> Claims::take(std::size_t child, std::size_t limit) const {
  // Children begin apart from each other, where their own places were.
  constexpr std::size_t kApart = 97;
  const std::size_t end = std::min(limit, size_);
  if (end == 0) return std::nullopt;
  const auto mine = static_cast<std::uint32_t>(child + 1);
  const auto takeWithin = [&](std::size_t from, std::size_t to) -> std::optional<std::size_t> {
    for (std::size_t place = from; place < to; ++place) {
      std::uint32_t holder = places_[place].load();
      if (holder == 0 && places_[place].compare_exchange_strong(holder, mine)) return place;
    }
    return std::nullopt;
  };
  const std::size_t begin = child * kApart % end;
  auto place = takeWithin(begin, end);
  if (!place) place = takeWithin(0, begin);
  // Beyond the limit are those who came when it was higher: they count until they end.
  if (!place || takenWithin(end, size_) == 0 || taken() <= end) return place;
  giveBack(*place);
  return std::nullopt;
}

std::size_t Claims::takenWithin(std::size_t from, std::size_t to) const {
  return static_cast<std::size_t>(std::count_if(
      places_ + from, places_ + to,
      [](const std::atomic<std::uint32_t>& holder) { return holder.load(std::memory_order_relaxed) != 0; }));
}

std::size_t Claims::strikeOut(std::size_t child) const {
  std::size_t count = 0;
  for (std::size_t place = 0; place < size_; ++place) {
    if (places_[place].load(std::memory_order_relaxed) != child + 1) continue;
    places_[place].store(0);
    ++count;
  }
  return count;
}

}  // namespace proxycommon
