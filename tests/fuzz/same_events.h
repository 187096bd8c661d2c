// Whether a response is understood the same way however it falls into reads.
#pragma once

#include <random>
#include <string_view>

#include "tests/fuzz/require.h"
#include "tests/unit/support/parsed_response.h"

namespace proxytest {

inline void requireEqual(const ParsedResponse& whole, const ParsedResponse& split) {
  REQUIRE(whole.bodyWasInsideFedBytes && split.bodyWasInsideFedBytes);
  REQUIRE(whole.error.empty() == split.error.empty());
  // A head without an end may be called malformed or cut short: that depends on how much of it was there.
  if (!whole.error.empty() && whole.status == 0 && split.status == 0) return;
  REQUIRE(whole == split);
}

// The pieces' sizes come from the bytes themselves, so that a finding can be repeated.
inline ParsedResponse requireSameEvents(std::string_view bytes, bool toHead) {
  const ParsedResponse whole = parseWhole(bytes, toHead);
  std::minstd_rand random(static_cast<unsigned>(std::hash<std::string_view>{}(bytes)));
  requireEqual(whole, parseInPieces(bytes, 1, toHead));
  requireEqual(whole, parseResponse(bytes, toHead, [&random] { return 1 + random() % 20; }));
  return whole;
}

}  // namespace proxytest
