// Tags by which stored responses can be removed: "Cache-Tag: a, b" and "Surrogate-Key: a b", of a response, or of the
// request that purges them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/export.h"
#include "common/http/headers.h"

namespace proxycommon {

inline constexpr std::size_t kMostTags = 256;
inline constexpr std::size_t kMostTagLength = 256;

struct CacheTags {
  std::vector<std::string> tags;  // as they came, each once
  bool isCut = false;             // some were too many, too long, or not visible ASCII
};
PROXYCOMMON_API CacheTags cacheTags(std::span<const HeaderField> fields);

// As a store gets them, which is that of many sites: one of a site's is no other's. `site` as in cacheKeyText().
PROXYCOMMON_API std::vector<std::string> tagsOfSite(std::string_view site, const CacheTags& tags);

}  // namespace proxycommon
