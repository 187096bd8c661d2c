// Cache-Control (RFC 9111 5.2) of requests and responses, its extensions (RFC 5861, RFC 8246), and fields that take its
// place for some caches only (RFC 9213). Pure.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/base/export.h"
#include "common/cache/cache_policy.h"
#include "common/http/headers.h"

namespace proxycommon {

using Seconds = std::chrono::seconds;

// What is larger counts as this (RFC 9111 1.2.2).
inline constexpr Seconds kMostSeconds{std::int64_t{1} << 31};

// Directives of either direction; each is of use in the one that has it. A number that is none, or that is given twice
// and differs, is 0 (RFC 9111 4.2.1: stale), for min-fresh it is kMostSeconds. Views into the fields.
struct CacheControl {
  bool noStore = false;
  bool noCache = false;                         // without field names
  bool isPrivate = false;                       // without field names
  std::vector<std::string_view> noCacheFields;  // of no-cache="a, b"
  std::vector<std::string_view> privateFields;  // of private="a, b"
  bool isPublic = false;
  bool mustRevalidate = false;
  bool proxyRevalidate = false;
  bool mustUnderstand = false;
  bool noTransform = false;
  bool immutable = false;     // RFC 8246
  bool onlyIfCached = false;  // request
  bool isTargeted = false;    // of a targeted field: Cache-Control, Expires and Pragma do not count (RFC 9213 2.2)
  bool isPresent = false;     // there was such a field
  std::optional<Seconds> maxAge;
  std::optional<Seconds> sharedMaxAge;          // s-maxage
  std::optional<Seconds> minFresh;              // request
  std::optional<Seconds> maxStale;              // request; kMostSeconds where it has no number
  std::optional<Seconds> staleWhileRevalidate;  // RFC 5861 3
  std::optional<Seconds> staleIfError;          // RFC 5861 4, either direction

  // No stale response may be served, whoever permits it (RFC 9111 4.2.4, 5.2.2.2, 5.2.2.4, 5.2.2.8, 5.2.2.10).
  bool forbidsStale() const { return noCache || mustRevalidate || proxyRevalidate || sharedMaxAge.has_value(); }
};

// All lines of that field together (RFC 9111 5.2). Names without case, arguments as token or quoted string.
PROXYCOMMON_API CacheControl parseCacheControl(std::span<const HeaderField> fields,
                                               std::string_view name = "Cache-Control");

// Of a request: where it has no Cache-Control, Pragma: no-cache counts as no-cache (RFC 9111 5.4).
PROXYCOMMON_API CacheControl requestControl(std::span<const HeaderField> fields);

// A targeted field: a Dictionary of structured fields (RFC 9213 2.1, RFC 8941 3.2). nullopt: there is none, it is
// empty, it cannot be parsed, or what should be a number of seconds is none; then it is to be ignored.
PROXYCOMMON_API std::optional<CacheControl> parseTargetedControl(std::span<const HeaderField> fields,
                                                                 std::string_view name);

// Of a response, for this cache: the first target of the policy that is valid, else Cache-Control (RFC 9213 2.2).
PROXYCOMMON_API CacheControl responseControl(std::span<const HeaderField> fields, const CachePolicy& policy);

}  // namespace proxycommon
