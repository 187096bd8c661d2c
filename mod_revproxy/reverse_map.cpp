// Maps URLs in a backend's response back to the proxy's own.
#include "mod_revproxy/reverse_map.h"

#include <algorithm>
#include <array>

#include "common/base/text.h"

namespace revproxy {
namespace {

using proxycommon::equalsIgnoringCase;
using proxycommon::lower;

// Where the URL starts in a field's value: behind "url=" in a Refresh.
std::size_t urlStart(std::string_view fieldName, std::string_view value) {
  if (!equalsIgnoringCase(fieldName, "refresh")) return 0;
  const std::string text = proxycommon::lowered(value);
  const auto found = text.find("url=");
  return found == std::string::npos ? value.size() : found + 4;
}

// Where scheme and authority end; 0 for what begins with neither.
std::size_t pathStart(std::string_view url) {
  const auto schemeEnd = url.find_first_of(":/?#");
  if (schemeEnd == std::string_view::npos || url.substr(schemeEnd, 3) != "://") return 0;
  return std::min(url.find_first_of("/?#", schemeEnd + 3), url.size());
}

// "http://b:80" and "http://b:" are "http://b" (RFC 3986 6.2.3).
std::string_view withoutDefaultPort(std::string_view origin) {
  struct Scheme {
    std::string_view start;
    std::string_view port;
  };
  static constexpr std::array<Scheme, 2> kSchemes = {Scheme{"http://", ":80"}, Scheme{"https://", ":443"}};
  for (const Scheme& scheme : kSchemes)
    if (proxycommon::startsWithIgnoringCase(origin, scheme.start) && origin.ends_with(scheme.port))
      origin.remove_suffix(scheme.port.size());
  if (origin.ends_with(':')) origin.remove_suffix(1);
  return origin;
}

// What stands behind the rule's base in the URL: scheme and host compare without case, the path with.
std::optional<std::string_view> behindBase(std::string_view url, std::string_view base) {
  const std::size_t urlPath = pathStart(url);
  const std::size_t basePath = pathStart(base);
  if (!equalsIgnoringCase(withoutDefaultPort(url.substr(0, urlPath)), withoutDefaultPort(base.substr(0, basePath))))
    return std::nullopt;
  if (!url.substr(urlPath).starts_with(base.substr(basePath))) return std::nullopt;
  const std::string_view rest = url.substr(urlPath + base.size() - basePath);
  const bool atBoundary = rest.empty() || base.ends_with('/') || rest.find_first_of("/?#") == 0;
  return atBoundary ? std::optional(rest) : std::nullopt;
}

// Exactly one slash stands where the two meet, wherever the rule's path and base have theirs.
std::string joined(std::string_view path, std::string_view base, std::string_view rest) {
  std::string result{path};
  if (base.ends_with('/') && !path.ends_with('/')) result.push_back('/');
  if (path.ends_with('/') && rest.starts_with('/')) rest.remove_prefix(1);
  return result.append(rest);
}

// A rule's base, as it is compared with a URL, or with a path alone.
std::string_view baseOf(const ReverseRule& rule, bool ofPath) {
  const std::string_view url = rule.url;
  if (!ofPath) return url;
  const std::string_view path = url.substr(pathStart(url));
  return path.empty() ? "/" : path;
}

// Whether clients take a path for the URL of a host: they leave tabs out, and read a backslash as a slash (WHATWG URL
// 4.4).
bool namesHost(std::string_view path) {
  const auto second = path.find_first_not_of('\t', 1);
  return second != std::string_view::npos && (path[second] == '/' || path[second] == '\\');
}

}  // namespace

bool carriesUrl(std::string_view fieldName) {
  static constexpr std::array<std::string_view, 5> kNames = {"location", "content-location", "uri", "destination",
                                                             "refresh"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [fieldName](std::string_view name) { return equalsIgnoringCase(name, fieldName); });
}

std::optional<std::string> reverseMapped(std::string_view fieldName, std::string_view value,
                                         std::span<const ReverseRule> rules, std::string_view own) {
  const std::size_t start = urlStart(fieldName, value);
  const std::string_view url = value.substr(start);
  const bool isPath = url.starts_with('/') && !url.starts_with("//");
  const ReverseRule* best = nullptr;
  for (const ReverseRule& rule : rules) {
    const std::string_view base = baseOf(rule, isPath);
    if (behindBase(url, base) && (!best || base.size() > baseOf(*best, isPath).size())) best = &rule;
  }
  if (!best) return std::nullopt;
  const std::string_view base = baseOf(*best, isPath);
  const std::string mapped = joined(best->path, base, *behindBase(url, base));
  return std::string{value.substr(0, start)}.append(isPath && !namesHost(mapped) ? "" : own).append(mapped);
}

}  // namespace revproxy
