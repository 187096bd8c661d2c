// Where a Set-Cookie says that its cookie belongs, mapped from the backend's names to the client's (RFC 6265 4.1).
// Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/export.h"

namespace proxycommon {

struct CookieRule {
  std::string backend;  // what the backend writes
  std::string client;   // what takes its place
};

// The field's value with its Domain and Path mapped, all else as it came; nullopt where no rule speaks of either.
// A Domain is compared whole, without case and without a dot in front (RFC 6265 5.2.3); of a Path the first segments
// are, with case. The first rule of a domain is meant, of the rules of paths the longest that fits.
PROXYCOMMON_API std::optional<std::string> mappedSetCookie(std::string_view value, std::span<const CookieRule> domains,
                                                           std::span<const CookieRule> paths);

}  // namespace proxycommon
