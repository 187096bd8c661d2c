// CachePolicy: what an administrator decides where RFC 9111 leaves it to the cache.
#pragma once

#include <string>
#include <vector>

#include "common/base/clock.h"

namespace proxycommon {

struct CachePolicy {
  bool storesSetCookie = false;
  unsigned heuristicPercent = 10;                            // of Date - Last-Modified (RFC 9111 4.2.2); 0: none
  std::vector<std::string> targets = {"CDN-Cache-Control"};  // targeted fields (RFC 9213 2.2), the first one valid wins
  milliseconds staleIfError{0};                              // RFC 9111 4.2.4, disconnected; 0: only as directives say
};

}  // namespace proxycommon
