// Keys of the cache (RFC 9111 2).
#include "common/cache/cache_key.h"

#include <algorithm>

#include "common/base/text.h"

namespace proxycommon {
namespace {

// RFC 9110 4.2.3: a default port, or an empty one, is none.
std::string_view withoutDefaultPort(std::string_view scheme, std::string_view host) {
  const auto bracket = host.rfind(']');
  const auto colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon == std::string_view::npos) return host;
  const std::string_view port = host.substr(colon + 1);
  const std::string_view usual = equalsIgnoringCase(scheme, "https") ? "443" : "80";
  return port.empty() || port == usual ? host.substr(0, colon) : host;
}

}  // namespace

std::string cacheKeyText(std::string_view site, std::string_view scheme, std::string_view host, std::string_view target,
                         std::string_view place) {
  const std::string_view name = withoutDefaultPort(scheme, host);
  std::string text;
  text.reserve(site.size() + scheme.size() + name.size() + target.size() + place.size() + 5);
  text.append(site).append(" ");
  const std::size_t begin = text.size();
  text.append(scheme).append("://").append(name);
  std::transform(text.begin() + static_cast<std::ptrdiff_t>(begin), text.end(),
                 text.begin() + static_cast<std::ptrdiff_t>(begin), lower);
  text.append(target);
  return place.empty() ? text : text.append(" ").append(place);
}

Digest variantKey(const Digest& primary, const VaryMarker& marker, std::string_view selection) {
  std::string text{primary.view()};
  text.append(reinterpret_cast<const char*>(marker.salt.data()), marker.salt.size());
  return digestOf(text.append(selection));
}

}  // namespace proxycommon
