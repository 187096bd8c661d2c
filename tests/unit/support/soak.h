// PROXY_SOAK=1 in the environment makes what is tried large, as it does for the integration tests.
#pragma once

#include <cstdlib>
#include <string_view>

namespace proxytest {

inline bool isSoaking() {
  const char* value = std::getenv("PROXY_SOAK");
  return value && std::string_view{value} == "1";
}

template <typename Value>
Value scaled(Value check, Value soak) {
  return isSoaking() ? soak : check;
}

}  // namespace proxytest
