// Cache-Status (RFC 9211): what the cache has done with a request, and why.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/export.h"
#include "common/cache/cache_control.h"

namespace proxycommon {

// RFC 9211 2.2.
enum class ForwardReason { kBypass, kMethod, kUriMiss, kVaryMiss, kMiss, kRequest, kStale, kPartial };

struct CacheStatus {
  std::string_view cache;  // this cache's name
  bool isHit = false;      // 2.1; excludes forward
  std::optional<ForwardReason> forward = {};
  std::optional<int> forwardStatus = {};  // 2.3: where it is not the response's own
  std::optional<Seconds> ttl = {};        // 2.4
  bool isStored = false;                  // 2.5
  bool isCollapsed = false;               // 2.6
  std::string_view key = {};              // 2.7; empty: not told
  std::string_view detail = {};           // 2.8; empty: not told
};

// One member of the list; what a string may not hold is left out of key and detail.
PROXYCOMMON_API std::string cacheStatusValue(const CacheStatus& status);

// Behind what caches nearer to the origin have told (RFC 9211 2); `received` may be empty.
PROXYCOMMON_API std::string appendedCacheStatus(std::string_view received, const CacheStatus& status);

}  // namespace proxycommon
