// Invalidation (RFC 9111 4.4), and references (RFC 3986 5).
#include "common/cache/invalidation.h"

#include <algorithm>
#include <array>

#include "common/base/text.h"
#include "common/http/header_rules.h"
#include "common/http/url.h"

namespace proxycommon {
namespace {

constexpr std::array<std::string_view, 8> kSafe = {"GET",      "HEAD",   "OPTIONS", "TRACE",
                                                   "PROPFIND", "REPORT", "SEARCH",  "QUERY"};

// RFC 3986 appendix B; nullopt where the delimiter is missing.
struct Reference {
  std::optional<std::string_view> scheme;
  std::optional<std::string_view> authority;
  std::string_view path;
  std::optional<std::string_view> query;
};

Reference parseReference(std::string_view text) {
  Reference reference;
  text = text.substr(0, text.find('#'));
  const auto colon = text.find_first_of(":/?");
  if (colon != std::string_view::npos && text[colon] == ':' && colon > 0) {
    reference.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (text.starts_with("//")) {
    const auto end = std::min(text.find_first_of("/?", 2), text.size());
    reference.authority = text.substr(2, end - 2);
    text.remove_prefix(end);
  }
  const auto question = text.find('?');
  reference.path = text.substr(0, question);
  if (question != std::string_view::npos) reference.query = text.substr(question + 1);
  return reference;
}

// RFC 3986 5.2.4. Precondition: it begins with a slash.
std::string withoutDotSegments(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    const auto end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(1, end - 1);
    path.remove_prefix(end);
    const bool isLast = path.empty();
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (segment != ".") {
      segments.push_back(segment);
      continue;
    }
    if (isLast) segments.push_back("");
  }
  std::string result;
  for (const std::string_view segment : segments) result.append("/").append(segment);
  return result.empty() ? "/" : result;
}

// RFC 3986 5.2.3, where the base has an authority.
std::string merged(std::string_view basePath, std::string_view path) {
  return std::string{basePath.substr(0, basePath.rfind('/') + 1)}.append(path);
}

// nullopt: it cannot be read, and equals no other.
std::optional<std::string> originOf(std::string_view scheme, std::string_view authority) {
  const std::string name = lowered(scheme);
  if (name != "http" && name != "https") return std::nullopt;
  // RFC 3986 3.2.3: an empty port is none.
  if (authority.ends_with(':')) authority.remove_suffix(1);
  const auto parsed = parseAuthority(authority);
  if (!parsed) return std::nullopt;
  return name + "://" + parsed->toString(name == "https" ? 443 : 80);
}

// RFC 9110 4.3.1.
bool isSameOrigin(const CacheRequest& request, const Reference& reference) {
  if (!reference.scheme && !reference.authority) return true;
  if (!reference.authority) return false;
  const auto other = originOf(reference.scheme.value_or(request.scheme), *reference.authority);
  return other && other == originOf(request.scheme, request.host);
}

}  // namespace

bool isSafeMethod(std::string_view method) {
  return std::find(kSafe.begin(), kSafe.end(), method) != kSafe.end();
}

bool isInvalidating(std::string_view fieldName) {
  return equalsIgnoringCase(fieldName, "Location") || equalsIgnoringCase(fieldName, "Content-Location");
}

std::vector<std::string> invalidatedTargets(const CacheRequest& request, const CacheResponse& response) {
  if (isSafeMethod(request.method) || response.status < 200 || response.status >= 400) return {};
  std::vector<std::string> targets{std::string{request.target}};
  for (const HeaderField& field : response.fields) {
    if (!isInvalidating(field.name)) continue;
    auto target = resolvedOnOrigin(request, trimmed(field.value));
    if (target && std::find(targets.begin(), targets.end(), *target) == targets.end())
      targets.push_back(std::move(*target));
  }
  return targets;
}

std::optional<std::string> resolvedOnOrigin(const CacheRequest& request, std::string_view text) {
  const Reference reference = parseReference(text);
  if (!isSameOrigin(request, reference)) return std::nullopt;
  // Not as a reference: a path may begin with two slashes.
  const auto question = request.target.find('?');
  const std::string_view basePath = request.target.substr(0, question);
  if (!basePath.starts_with('/')) return std::nullopt;
  std::string path;
  auto query = reference.query;
  if (reference.scheme || reference.authority || reference.path.starts_with('/')) {
    path = reference.path.empty() ? "/" : withoutDotSegments(reference.path);
  } else if (reference.path.empty()) {
    path = basePath;
    if (!query && question != std::string_view::npos) query = request.target.substr(question + 1);
  } else {
    path = withoutDotSegments(merged(basePath, reference.path));
  }
  if (query) path.append("?").append(*query);
  return path.starts_with('/') && isRequestTarget(path) ? std::optional(std::move(path)) : std::nullopt;
}

}  // namespace proxycommon
