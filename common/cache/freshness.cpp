// Freshness (RFC 9111 4.2).
#include "common/cache/freshness.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/cache/cacheability.h"
#include "common/cache/http_date.h"
#include "common/cache/revalidation.h"

namespace proxycommon {
namespace {

constexpr Seconds kDay{86'400};

WallTime dateOf(std::span<const HeaderField> fields, WallTime received) {
  return dateField(fields, "Date").value_or(std::chrono::floor<Seconds>(received));
}

Seconds bounded(milliseconds span) {
  return std::clamp(std::chrono::floor<Seconds>(span), Seconds{0}, kMostSeconds);
}

// RFC 9111 5.1: of several the first; what is no number does not count.
Seconds ageField(std::span<const HeaderField> fields) {
  const HeaderField* field = findField(fields, "Age");
  if (!field) return Seconds{0};
  const std::string_view text = trimmed(field->value.substr(0, field->value.find(',')));
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return Seconds{0};
  const auto number = parseNumber(text, static_cast<std::uint64_t>(kMostSeconds.count()));
  return number ? Seconds{static_cast<Seconds::rep>(*number)} : kMostSeconds;
}

}  // namespace

std::optional<Seconds> explicitLifetime(const CacheResponse& response, const CacheControl& control, WallTime received) {
  if (control.sharedMaxAge) return control.sharedMaxAge;
  if (control.maxAge) return control.maxAge;
  if (control.isTargeted || !findField(response.fields, "Expires")) return std::nullopt;
  const auto expires = dateField(response.fields, "Expires");
  if (!expires) return Seconds{0};
  return bounded(*expires - dateOf(response.fields, received));
}

std::optional<Seconds> heuristicLifetime(const CacheResponse& response, const CacheControl& control,
                                         const CachePolicy& policy, WallTime received) {
  if (policy.heuristicPercent == 0) return std::nullopt;
  if (!isHeuristicallyCacheable(response.status) && !control.isPublic) return std::nullopt;
  const auto modified = dateField(response.fields, "Last-Modified");
  if (!modified) return std::nullopt;
  const Seconds since = bounded(dateOf(response.fields, received) - *modified);
  return std::min(since * policy.heuristicPercent / 100, kDay);
}

Seconds freshnessLifetime(const StoredResponse& stored, const CacheControl& control, const CachePolicy& policy) {
  const CacheResponse response{stored.status, stored.fields};
  if (const auto lifetime = explicitLifetime(response, control, stored.responseTime)) return *lifetime;
  return heuristicLifetime(response, control, policy, stored.responseTime).value_or(Seconds{0});
}

Seconds currentAge(std::span<const HeaderField> fields, WallTime requestTime, WallTime responseTime, WallTime now) {
  // A date has no parts of a second: compared with one that has, each response would be half a second old at birth.
  const WallTime received = std::chrono::floor<Seconds>(responseTime);
  const milliseconds apparentAge = std::max<milliseconds>(milliseconds{0}, received - dateOf(fields, responseTime));
  const milliseconds responseDelay = std::max(milliseconds{0}, responseTime - requestTime);
  const milliseconds correctedAge = ageField(fields) + responseDelay;
  const milliseconds residentTime = std::max(milliseconds{0}, now - responseTime);
  return bounded(std::max(apparentAge, correctedAge) + residentTime);
}

Seconds currentAge(const StoredResponse& stored, WallTime now) {
  return currentAge(stored.fields, stored.requestTime, stored.responseTime, now);
}

Seconds timeToLive(const StoredResponse& stored, const CachePolicy& policy, WallTime now) {
  return freshnessLifetime(stored, responseControl(stored.fields, policy), policy) - currentAge(stored, now);
}

WallTime usefulUntil(const StoredResponse& stored, const CachePolicy& policy) {
  if (hasValidator(stored.fields)) return WallTime::max();
  const CacheControl control = responseControl(stored.fields, policy);
  const Seconds ttl = freshnessLifetime(stored, control, policy) - currentAge(stored, stored.responseTime);
  milliseconds stale{0};
  if (!control.forbidsStale()) {
    stale = control.staleIfError ? milliseconds{*control.staleIfError} : policy.staleIfError;
    stale = std::max<milliseconds>({stale, control.staleWhileRevalidate.value_or(Seconds{0}), kDay});
  }
  return stored.responseTime + ttl + stale;
}

}  // namespace proxycommon
