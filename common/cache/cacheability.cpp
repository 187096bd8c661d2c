// Whether a response may be stored (RFC 9111 3).
#include "common/cache/cacheability.h"

#include <algorithm>
#include <array>

#include "common/base/text.h"
#include "common/cache/byte_ranges.h"
#include "common/cache/cache_control.h"
#include "common/cache/cache_tags.h"
#include "common/cache/freshness.h"
#include "common/cache/invalidation.h"
#include "common/cache/preconditions.h"
#include "common/cache/revalidation.h"
#include "common/cache/serving.h"
#include "common/cache/vary.h"

namespace proxycommon {
namespace {

// RFC 9110 15.1.
constexpr std::array kHeuristicallyCacheable = {200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501};
// What RFC 9110 15, RFC 5842 and RFC 7725 say of storing these is what is done here.
constexpr std::array kUnderstood = {200, 201, 202, 203, 204, 205, 206, 300, 301, 302, 303, 305, 307, 308,
                                    400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413,
                                    414, 415, 416, 417, 421, 422, 426, 451, 500, 501, 502, 503, 504, 505};
// RFC 6585 3 to 6: MUST NOT be stored.
constexpr std::array kNeverStored = {428, 429, 431, 511};

template <class List>
bool lists(const List& list, int status) {
  return std::find(list.begin(), list.end(), status) != list.end();
}

bool isGetOrHead(std::string_view method) {
  return method == "GET" || method == "HEAD";
}

// RFC 9110 9.3.3: explicit freshness, and a Content-Location that is the target itself.
bool isReusablePost(const CacheRequest& request, const CacheResponse& response, const CacheControl& control,
                    WallTime now) {
  if (request.method != "POST" || response.status / 100 != 2 || response.status == 206) return false;
  if (!explicitLifetime(response, control, now)) return false;
  const HeaderField* location = findField(response.fields, "Content-Location");
  return location && resolvedOnOrigin(request, trimmed(location->value)) == request.target;
}

bool isStorableStatus(int status, const CacheControl& control) {
  if (status < 200 || status > 999 || status == 304 || lists(kNeverStored, status)) return false;
  // It speaks of the range that was asked for, and the key does not have that (RFC 9110 15.5.17).
  if (status == 416) return false;
  // RFC 9111 5.2.2.3.
  return !control.mustUnderstand || lists(kUnderstood, status);
}

// What control says against it, RFC 9111 5.2.2.5, 5.2.2.7, 3.5.
Storable permission(const CacheRequest& request, const CacheControl& control) {
  // With must-understand, which is understood here, no-store is for other caches (5.2.2.3).
  if (control.noStore && !control.mustUnderstand) return Storable::kNoStore;
  if (control.isPrivate) return Storable::kPrivate;
  const bool mayShareAuthorized = control.mustRevalidate || control.isPublic || control.sharedMaxAge;
  if (isAuthorized(request) && !mayShareAuthorized) return Storable::kAuthorization;
  return Storable::kYes;
}

// What is left out of the store does not hinder (RFC 9111 3.1).
bool bringsCookie(const CacheResponse& response, const CacheControl& control) {
  const HeaderFields stored = storedFields(response.fields, control);
  return findField(stored, "Set-Cookie") || findField(stored, "Set-Cookie2");
}

// RFC 9111 3.3, 3.4: only by a strong validator is it known what a part is a part of. It answers one range, and says of
// how much that is.
bool isUsablePart(const CacheRequest& request, const CacheResponse& response) {
  const HeaderField* tag = findField(response.fields, "ETag");
  if (!tag || !isStrongEntityTag(trimmed(tag->value))) return false;
  const auto part = partOf(response);
  if (!part || !part->completeLength || !askedRange(request, part->completeLength)) return false;
  const HeaderField* length = findField(response.fields, "Content-Length");
  return !length || parseNumber(trimmed(length->value), UINT64_MAX) == lengthOfPart(response);
}

// The last part of RFC 9111 3.
Storable freshness(const CacheResponse& response, const CacheControl& control, const CachePolicy& policy,
                   WallTime now) {
  const auto lifetime = explicitLifetime(response, control, now);
  const bool mayGuess = isHeuristicallyCacheable(response.status) || control.isPublic;
  if (!lifetime && !mayGuess) return Storable::kNoFreshness;
  if (hasValidator(response.fields)) return Storable::kYes;
  if (!lifetime) return Storable::kNoFreshness;  // no Last-Modified: nothing to guess from
  if (control.noCache) return Storable::kNoUse;
  const bool mayGoStale = control.staleIfError || control.staleWhileRevalidate || policy.staleIfError.count() > 0;
  if (*lifetime > currentAge(response.fields, now, now, now) || (mayGoStale && !control.forbidsStale()))
    return Storable::kYes;
  return Storable::kNoUse;
}

}  // namespace

std::string_view nameOf(Storable storable) {
  static constexpr std::array<std::string_view, 15> kNames = {
      "storable", "method",  "status",       "request-no-store", "no-store", "private",   "authorization", "cookie",
      "vary-any", "partial", "no-freshness", "no-use",           "tags",     "too-large", "vary-added"};
  return kNames[static_cast<std::size_t>(storable)];
}

Storable mayStore(const CacheRequest& request, const CacheResponse& response, const CachePolicy& policy, WallTime now) {
  const CacheControl control = responseControl(response.fields, policy);
  if (!isGetOrHead(request.method) && !isReusablePost(request, response, control, now)) return Storable::kMethod;
  if (!isStorableStatus(response.status, control)) return Storable::kStatus;
  if (requestControl(request.fields).noStore) return Storable::kRequestNoStore;
  if (const Storable said = permission(request, control); said != Storable::kYes) return said;
  if (!policy.storesSetCookie && bringsCookie(response, control)) return Storable::kSetCookie;
  if (varyNames(response.fields).isAny) return Storable::kVaryAny;
  if (response.status == 206 && !isUsablePart(request, response)) return Storable::kPartial;
  if (cacheTags(response.fields).isCut) return Storable::kTags;
  return freshness(response, control, policy, now);
}

bool isOfResource(Storable storable, int status) {
  // What has gone wrong may be well again, and these speak of one client: of its request, its rights, its conditions.
  static constexpr std::array kOfOneClient = {304, 400, 401, 403, 407, 408, 412, 416, 417, 421, 428, 429, 431};
  if (isServerError(status) || lists(kOfOneClient, status)) return false;
  switch (storable) {
    case Storable::kYes:
    case Storable::kMethod:
    case Storable::kRequestNoStore:
    case Storable::kAuthorization:
    case Storable::kPartial:
      return false;
    case Storable::kStatus:
    case Storable::kNoStore:
    case Storable::kPrivate:
    case Storable::kSetCookie:
    case Storable::kVaryAny:
    case Storable::kNoFreshness:
    case Storable::kNoUse:
    case Storable::kTags:
    case Storable::kTooLarge:
    case Storable::kVaryAdded:
      break;
  }
  return true;
}

bool isAuthorized(const CacheRequest& request) {
  return request.isOfUser || findField(request.fields, "Authorization");
}

bool mayLookUp(const CacheRequest& request) {
  return isGetOrHead(request.method);
}

bool isHeuristicallyCacheable(int status) {
  return lists(kHeuristicallyCacheable, status);
}

}  // namespace proxycommon
