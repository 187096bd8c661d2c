// Where a Set-Cookie says that its cookie belongs.
#include "common/http/set_cookie.h"

#include <algorithm>

#include "common/base/text.h"

namespace proxycommon {
namespace {

using Rules = std::span<const CookieRule>;

std::string_view withoutDot(std::string_view domain) {
  if (domain.starts_with('.')) domain.remove_prefix(1);
  return domain;
}

std::optional<std::string> mappedDomain(std::string_view domain, Rules rules) {
  const auto rule = std::find_if(rules.begin(), rules.end(), [domain](const CookieRule& one) {
    return equalsIgnoringCase(withoutDot(one.backend), withoutDot(domain));
  });
  return rule == rules.end() ? std::nullopt : std::optional(rule->client);
}

bool coversPath(std::string_view prefix, std::string_view path) {
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || prefix.ends_with('/') || path[prefix.size()] == '/';
}

std::optional<std::string> mappedPath(std::string_view path, Rules rules) {
  const CookieRule* best = nullptr;
  for (const CookieRule& rule : rules)
    if (coversPath(rule.backend, path) && (!best || rule.backend.size() > best->backend.size())) best = &rule;
  if (!best) return std::nullopt;
  std::string_view rest = path.substr(best->backend.size());
  std::string mapped = best->client;
  // Exactly one slash stands where the two meet.
  if (rest.starts_with('/')) rest.remove_prefix(1);
  const bool hasMore = rest.size() > 0 || (path.ends_with('/') && path.size() > best->backend.size());
  if (hasMore && !mapped.ends_with('/')) mapped.push_back('/');
  return mapped.append(rest);
}

std::optional<std::string> mappedAttribute(std::string_view name, std::string_view value, Rules domains, Rules paths) {
  if (equalsIgnoringCase(name, "domain")) return mappedDomain(value, domains);
  if (equalsIgnoringCase(name, "path")) return mappedPath(value, paths);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> mappedSetCookie(std::string_view value, Rules domains, Rules paths) {
  const auto pairEnd = std::min(value.find(';'), value.size());
  std::string result{value.substr(0, pairEnd)};  // the cookie itself, whatever its name
  std::string_view rest = value.substr(pairEnd);
  bool changed = false;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(';', 1), rest.size());
    const std::string_view attribute = rest.substr(0, end);
    rest.remove_prefix(end);
    const auto equals = attribute.find('=');
    const std::string_view given = equals == std::string_view::npos ? "" : trimmed(attribute.substr(equals + 1));
    const auto mapped =
        mappedAttribute(trimmed(attribute.substr(1, std::min(equals, attribute.size()) - 1)), given, domains, paths);
    changed = changed || mapped;
    result.append(mapped ? attribute.substr(0, equals + 1) : attribute).append(mapped.value_or(""));
  }
  return changed ? std::optional(std::move(result)) : std::nullopt;
}

}  // namespace proxycommon
