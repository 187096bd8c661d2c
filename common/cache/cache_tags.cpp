// Tags by which stored responses can be removed.
#include "common/cache/cache_tags.h"

#include <algorithm>

#include "common/base/text.h"

namespace proxycommon {
namespace {

bool isTag(std::string_view text) {
  return text.size() <= kMostTagLength &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

void take(CacheTags& tags, std::string_view value, std::string_view separators) {
  while (!value.empty()) {
    const auto end = std::min(value.find_first_of(separators), value.size());
    const std::string_view tag = trimmed(value.substr(0, end));
    value.remove_prefix(std::min(end + 1, value.size()));
    if (tag.empty() || std::find(tags.tags.begin(), tags.tags.end(), tag) != tags.tags.end()) continue;
    if (isTag(tag) && tags.tags.size() < kMostTags) {
      tags.tags.emplace_back(tag);
    } else {
      tags.isCut = true;
    }
  }
}

}  // namespace

CacheTags cacheTags(std::span<const HeaderField> fields) {
  CacheTags tags;
  for (const HeaderField& field : fields) {
    if (equalsIgnoringCase(field.name, "Cache-Tag")) take(tags, field.value, ",");
    if (equalsIgnoringCase(field.name, "Surrogate-Key")) take(tags, field.value, " \t");
  }
  return tags;
}

std::vector<std::string> tagsOfSite(std::string_view site, const CacheTags& tags) {
  std::vector<std::string> all;
  all.reserve(tags.tags.size());
  // No tag has a space in it.
  for (const std::string& tag : tags.tags) all.push_back(std::string{site}.append(" ").append(tag));
  return all;
}

}  // namespace proxycommon
