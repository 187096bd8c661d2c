// How large a response's head may be, whatever version of HTTP carries it.
#pragma once

#include <cstddef>

namespace proxycommon {

struct HeadLimits {
  // What whoever reads it has room for: more cannot be configured.
  static constexpr std::size_t kMostBytes = 64 * 1024;

  // Interim responses in front of one: a backend that sends them for ever would hold the request for ever.
  static constexpr int kMostInterim = 64;

  std::size_t fields = 300;        // trailers not counted
  std::size_t bytes = kMostBytes;  // of head and trailers
};

}  // namespace proxycommon
