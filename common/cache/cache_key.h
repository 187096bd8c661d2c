// Keys of the cache (RFC 9111 2): a resource's own, and that of one of its variants.
#pragma once

#include <string>
#include <string_view>

#include "common/base/export.h"
#include "common/cache/digest.h"
#include "common/cache/stored_response.h"

namespace proxycommon {

// The text that stands for a target URI on one site: "SITE SCHEME://HOST", the target, and behind a space the place
// that it leads to, where there is one. `site` is the virtual host's own name:port, so that sites never share. The host
// is lowered, its default port left out; the target is as it came. GET and HEAD have the same. Without a place it is
// the prefix of all texts whose URI begins so: purging by prefix compares them. No space stands in anything but the
// place.
PROXYCOMMON_API std::string cacheKeyText(std::string_view site, std::string_view scheme, std::string_view host,
                                         std::string_view target, std::string_view place = {});

// Of the variant that a request selects (RFC 9111 4.1): `selection` is what selectionOf() makes of the marker's names.
PROXYCOMMON_API Digest variantKey(const Digest& primary, const VaryMarker& marker, std::string_view selection);

}  // namespace proxycommon
