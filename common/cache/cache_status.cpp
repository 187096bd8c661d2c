// Cache-Status (RFC 9211).
#include "common/cache/cache_status.h"

#include <algorithm>
#include <array>

#include "common/base/text.h"
#include "common/http/header_rules.h"

namespace proxycommon {
namespace {

// sf-token (RFC 8941 3.3.4).
bool isStructuredToken(std::string_view text) {
  if (text.empty()) return false;
  const char first = text.front();
  if (first != '*' && !(lower(first) >= 'a' && lower(first) <= 'z')) return false;
  // What stands between these two marks is a token, or nothing.
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find_first_of(":/", begin), text.size());
    if (end > begin && !isToken(text.substr(begin, end - begin))) return false;
    begin = end + 1;
  }
  return true;
}

// sf-string (RFC 8941 4.1.6).
void appendString(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e) continue;
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
}

void appendTokenOrString(std::string& out, std::string_view text) {
  if (isStructuredToken(text)) {
    out.append(text);
  } else {
    appendString(out, text);
  }
}

std::string_view nameOf(ForwardReason reason) {
  static constexpr std::array<std::string_view, 8> kNames = {"bypass", "method",  "uri-miss", "vary-miss",
                                                             "miss",   "request", "stale",    "partial"};
  return kNames[static_cast<std::size_t>(reason)];
}

}  // namespace

std::string cacheStatusValue(const CacheStatus& status) {
  std::string value;
  value.reserve(96 + status.key.size());
  appendTokenOrString(value, status.cache);
  if (status.isHit) {
    value.append("; hit");
  } else if (status.forward) {
    value.append("; fwd=").append(nameOf(*status.forward));
  }
  if (status.forwardStatus) value.append("; fwd-status=").append(std::to_string(*status.forwardStatus));
  if (status.ttl) value.append("; ttl=").append(std::to_string(status.ttl->count()));
  if (status.isStored) value.append("; stored");
  if (status.isCollapsed) value.append("; collapsed");
  if (!status.key.empty()) {
    value.append("; key=");
    appendString(value, status.key);
  }
  if (!status.detail.empty()) {
    value.append("; detail=");
    appendTokenOrString(value, status.detail);
  }
  return value;
}

std::string appendedCacheStatus(std::string_view received, const CacheStatus& status) {
  received = trimmed(received);
  std::string value{received};
  if (!value.empty()) value.append(", ");
  return value.append(cacheStatusValue(status));
}

}  // namespace proxycommon
