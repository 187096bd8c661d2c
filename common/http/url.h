// URLs and authorities: strict parsing of what people configure and what clients name, and the escaping of paths.
// RFC 3986; no userinfo, no fragment, no names that a resolver could read as something else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/export.h"
#include "common/base/result.h"

namespace proxycommon {

struct PROXYCOMMON_API Authority {
  std::string host;  // lower case, without brackets and without the root's dot
  std::optional<std::uint16_t> port;

  // As it stands in a Host field; the port is left out where it is `defaultPort`.
  std::string toString(std::uint16_t defaultPort) const;
};

// "example.com", "example.com:8080", "[2001:db8::1]:443". Error: kBadAuthority.
PROXYCOMMON_API Result<Authority> parseAuthority(std::string_view text);

struct Url {
  std::string scheme;  // lower case
  Authority authority;
  std::string target;  // path and query as written; "/" where the path is empty
};

// An absolute URL. Errors: kBadAuthority (also where no "scheme://" stands in front).
PROXYCOMMON_API Result<Url> parseUrl(std::string_view text);

// Percent-encodes what may not stand in a path as it is (RFC 3986 3.3); `%` is left alone, and a query behind `?` is
// treated as below. For text that is in its wire form already.
PROXYCOMMON_API std::string escapedTarget(std::string_view text);
// Percent-encodes what would break a request line alone: browsers send all else as it is, and it may have been signed.
PROXYCOMMON_API std::string escapedQuery(std::string_view text);
// The same for a decoded path: `%` and `?` are encoded too.
PROXYCOMMON_API std::string escapedPath(std::string_view decoded);

// Decodes what is percent-encoded; nullopt where a % begins nothing.
PROXYCOMMON_API std::optional<std::string> percentDecoded(std::string_view text);

// Whether a decoded path is one that httpd can compare: no dot segments, no query or fragment, nothing encoded.
PROXYCOMMON_API bool isNormalPath(std::string_view decoded);

// The part of `encoded` that stands behind the first `prefixLength` characters of `decoded`, where `encoded` really is
// a percent-encoded form of `decoded`; nullopt where it is not. `decoded` may hold "%2F" undecoded
// (httpd's AllowEncodedSlashes NoDecode).
PROXYCOMMON_API std::optional<std::string_view> encodedRemainder(std::string_view encoded, std::string_view decoded,
                                                                 std::size_t prefixLength);

}  // namespace proxycommon
