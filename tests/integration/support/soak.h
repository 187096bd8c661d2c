// PROXY_SOAK=1 in the environment (tests/soak.sh) makes the scenarios large; then, and only then, what is said of time
// is tested too.
#pragma once

namespace proxytest {

bool soaking();

template <typename Value>
Value scaled(Value check, Value soak) {
  return soaking() ? soak : check;
}

}  // namespace proxytest
