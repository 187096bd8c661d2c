// Whether a stored response may answer a request (RFC 9111 4).
#include "common/cache/serving.h"

#include "common/cache/byte_ranges.h"
#include "common/cache/cacheability.h"
#include "common/cache/vary.h"

namespace proxycommon {
namespace {

// kNone: it is a response for that request, be it fresh or not.
ServingReason unfitness(const CacheRequest& request, const StoredResponse& stored, const CacheControl& control) {
  if (!mayLookUp(request)) return ServingReason::kMethod;
  if (stored.isHead && request.method != "HEAD") return ServingReason::kHeadOnly;
  if (stored.selection != request.selection && !matches(stored, request.fields)) return ServingReason::kVary;
  // RFC 9111 3.5; a 304 may have taken away what permitted it.
  const bool mayShareAuthorized = control.mustRevalidate || control.isPublic || control.sharedMaxAge;
  if (stored.isAuthorized && !mayShareAuthorized) return ServingReason::kAuthorization;
  if (stored.part && !rangeFromPart(request, stored)) return ServingReason::kPart;
  return ServingReason::kNone;
}

// What the request asks for beyond what the response says (RFC 9111 5.2.1).
ServingReason objection(const CacheControl& asked, Seconds age, Seconds ttl) {
  if (asked.noCache) return ServingReason::kRequestNoCache;
  if (asked.maxAge && age > *asked.maxAge + asked.maxStale.value_or(Seconds{0})) return ServingReason::kRequestMaxAge;
  if (asked.minFresh && ttl < *asked.minFresh) return ServingReason::kRequestMinFresh;
  return ServingReason::kNone;
}

// RFC 9111 4.2.4.
Verdict staleVerdict(const CacheControl& control, const CacheControl& asked, Seconds staleness) {
  if (control.forbidsStale()) return Verdict::kRevalidate;
  if (control.staleWhileRevalidate && staleness < *control.staleWhileRevalidate) return Verdict::kStaleWhileRevalidate;
  if (asked.maxStale && staleness <= *asked.maxStale) return Verdict::kStale;
  return Verdict::kRevalidate;
}

}  // namespace

Serving judge(const CacheRequest& request, const StoredResponse& stored, const CachePolicy& policy, WallTime now) {
  const CacheControl control = responseControl(stored.fields, policy);
  Serving serving;
  serving.age = currentAge(stored, now);
  serving.ttl = freshnessLifetime(stored, control, policy) - serving.age;
  serving.reason = unfitness(request, stored, control);
  if (serving.reason != ServingReason::kNone) return serving;
  const CacheControl asked = requestControl(request.fields);
  serving.verdict = Verdict::kRevalidate;
  serving.reason = control.noCache ? ServingReason::kNoCache : objection(asked, serving.age, serving.ttl);
  if (serving.reason != ServingReason::kNone) return serving;
  if (serving.ttl > Seconds{0}) {
    serving.verdict = Verdict::kFresh;
    return serving;
  }
  serving.reason = ServingReason::kExpired;
  serving.verdict = staleVerdict(control, asked, -serving.ttl);
  return serving;
}

bool isReusable(const StoredResponse& stored, const CachePolicy& policy, WallTime now) {
  const CacheControl control = responseControl(stored.fields, policy);
  if (control.noCache) return false;
  const Seconds ttl = freshnessLifetime(stored, control, policy) - currentAge(stored, now);
  return ttl > Seconds{0} || staleVerdict(control, {}, -ttl) != Verdict::kRevalidate;
}

bool mayServeOnError(const CacheRequest& request, const StoredResponse& stored, const CachePolicy& policy,
                     WallTime now) {
  const CacheControl control = responseControl(stored.fields, policy);
  if (unfitness(request, stored, control) != ServingReason::kNone) return false;
  const CacheControl asked = requestControl(request.fields);
  if (control.noCache || asked.noCache) return false;
  const Seconds staleness = currentAge(stored, now) - freshnessLifetime(stored, control, policy);
  if (staleness < Seconds{0}) return true;
  if (control.forbidsStale()) return false;
  milliseconds permitted = control.staleIfError ? milliseconds{*control.staleIfError} : policy.staleIfError;
  permitted = std::max<milliseconds>(permitted, asked.staleIfError.value_or(Seconds{0}));
  return staleness < permitted;
}

bool isServerError(int status) {
  return status == 500 || status == 502 || status == 503 || status == 504;
}

bool isOnlyIfCached(const CacheRequest& request) {
  return requestControl(request.fields).onlyIfCached;
}

ForwardReason forwardReason(ServingReason reason) {
  switch (reason) {
    case ServingReason::kRequestNoCache:
    case ServingReason::kRequestMaxAge:
    case ServingReason::kRequestMinFresh:
      return ForwardReason::kRequest;
    case ServingReason::kVary:
      return ForwardReason::kVaryMiss;
    case ServingReason::kPart:
      return ForwardReason::kPartial;
    case ServingReason::kMethod:
      return ForwardReason::kMethod;
    case ServingReason::kAuthorization:
    case ServingReason::kHeadOnly:
      return ForwardReason::kMiss;
    case ServingReason::kNone:
    case ServingReason::kExpired:
    case ServingReason::kNoCache:
      break;
  }
  return ForwardReason::kStale;
}

}  // namespace proxycommon
