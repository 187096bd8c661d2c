// See soak.h.
#include "tests/integration/support/soak.h"

#include <cstdlib>
#include <string_view>

namespace proxytest {

bool soaking() {
  const char* asked = std::getenv("PROXY_SOAK");
  return asked != nullptr && std::string_view(asked) == "1";
}

}  // namespace proxytest
