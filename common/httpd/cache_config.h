// What directives say of the cache, in either module: RevProxyCache… and FwdProxyCache….
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/base/setting.h"
#include "common/cache/cache_policy.h"
#include "common/httpd/httpd_api.h"

namespace proxycommon {

inline constexpr std::string_view kDefaultStore = "memory";

// Whether there is a cache for a request, and its store.
struct CacheChoice {
  bool isOn = false;
  std::string_view store = kDefaultStore;
};

// Of a server, vhost or <Location>.
struct PROXYCOMMON_API CacheConfig {
  Setting<bool> isOn;  // as a server or vhost says it
  Setting<std::string> store;
  Setting<bool> isOnHere;  // as a <Location> does
  Setting<std::string> storeHere;
  Setting<bool> mayPurge;
  Setting<unsigned> heuristicPercent;
  Setting<std::vector<std::string>> targets;
  Setting<bool> storesSetCookie;
  Setting<std::uint64_t> mostBody;     // bytes
  Setting<milliseconds> staleIfError;  // beyond what directives say
  Setting<milliseconds> hitForMiss;    // how long it is remembered that a key's responses cannot be stored
  Setting<milliseconds> collapse;      // how long a request waits for another's; zero: not at all

  static CacheConfig merged(const CacheConfig& outer, const CacheConfig& inner);
  CachePolicy policy() const;
  // What holds where a mapping says that of itself: more than its server, and less than the <Location>. Views into all.
  CacheChoice chosen(const Setting<bool>& isOnOfMapping = {}, const Setting<std::string>& storeOfMapping = {}) const;
};

// The line of RevProxyCache: "on|off [store=NAME]", of a <Location> where `command` has a path. What names a store is
// noted, so that one that is missing is told.
PROXYCOMMON_API Outcome readCacheLine(cmd_parms& command, std::string_view line, CacheConfig& config);
// Of …CacheTargets: names, or None.
PROXYCOMMON_API Outcome readCacheTargets(cmd_parms& command, std::string_view line, CacheConfig& config);
// Of …CacheHeuristic: a percentage, or Off.
PROXYCOMMON_API Result<unsigned> readHeuristic(std::string_view text);

}  // namespace proxycommon
