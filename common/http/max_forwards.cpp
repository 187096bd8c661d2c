// How many proxies a TRACE or OPTIONS may still pass.
#include "common/http/max_forwards.h"

#include "common/base/text.h"

namespace proxycommon {

MaxForwards readMaxForwards(std::string_view method, std::string_view value) {
  constexpr std::uint64_t kMost = 1'000'000'000;
  const std::string_view digits = trimmed(value);
  const bool counts = method == "TRACE" || method == "OPTIONS";
  if (!counts || digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) return {};
  const std::uint64_t hops = parseNumber(digits, kMost).value_or(kMost + 1);
  if (hops == 0) return {true, {}};
  return {false, std::to_string(hops - 1)};
}

}  // namespace proxycommon
