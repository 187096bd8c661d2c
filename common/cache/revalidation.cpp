// Validation (RFC 9111 4.3).
#include "common/cache/revalidation.h"

#include <algorithm>
#include <array>
#include <optional>

#include "common/base/text.h"
#include "common/cache/cache_tags.h"
#include "common/cache/cacheability.h"
#include "common/cache/preconditions.h"
#include "common/cache/vary.h"

namespace proxycommon {
namespace {

constexpr std::array<std::string_view, 2> kReplaced = {"if-none-match", "if-modified-since"};
// What asks for a part of it.
constexpr std::array<std::string_view, 2> kOfRanges = {"if-range", "range"};
// What is true of one message's bytes, of which a 304 has none: that does not change with it (RFC 9111 3.2).
constexpr std::array<std::string_view, 4> kOfTheBytes = {"content-length", "content-md5", "content-digest",
                                                         "content-range"};
// What was true of the old exchange alone: the age of a response is counted anew.
constexpr std::array<std::string_view, 2> kOfTheExchange = {"age", "date"};

template <class List>
bool lists(const List& list, std::string_view name) {
  return std::any_of(list.begin(), list.end(),
                     [name](std::string_view member) { return equalsIgnoringCase(member, name); });
}

std::optional<std::string_view> valueOf(std::span<const HeaderField> fields, std::string_view name) {
  const HeaderField* field = findField(fields, name);
  return field ? std::optional(trimmed(field->value)) : std::nullopt;
}

}  // namespace

bool hasValidator(std::span<const HeaderField> response) {
  return findField(response, "ETag") || findField(response, "Last-Modified");
}

HeaderFields conditionalFields(std::span<const HeaderField> request, const StoredResponse& stored) {
  HeaderFields fields;
  fields.reserve(request.size() + 2);
  for (const HeaderField& field : request)
    if (!lists(kReplaced, field.name) && (stored.part || !lists(kOfRanges, field.name))) fields.push_back(field);
  if (const auto tag = valueOf(stored.fields, "ETag")) fields.push_back({"If-None-Match", *tag});
  // RFC 9111 4.3.1: not where the request is for a part.
  if (stored.part) return fields;
  if (const auto modified = valueOf(stored.fields, "Last-Modified")) fields.push_back({"If-Modified-Since", *modified});
  return fields;
}

bool selects(std::span<const HeaderField> notModified, const StoredResponse& stored) {
  const auto tag = valueOf(notModified, "ETag");
  const auto storedTag = valueOf(stored.fields, "ETag");
  if (tag && isStrongEntityTag(*tag)) return storedTag && equalsStrongly(*tag, *storedTag);
  if (tag) return storedTag && equalsWeakly(*tag, *storedTag);
  if (const auto modified = valueOf(notModified, "Last-Modified"))
    return modified == valueOf(stored.fields, "Last-Modified");
  // Many origins send nothing back but the status. One question was asked, with this response's validators alone.
  return true;
}

StoredResponse freshened(const StoredResponse& stored, std::span<const HeaderField> update, const CachePolicy& policy,
                         WallTime requestTime, WallTime responseTime) {
  const HeaderFields received = storedFields(update, responseControl(update, policy));
  StoredResponse fresh = stored;
  fresh.requestTime = requestTime;
  fresh.responseTime = responseTime;
  std::erase_if(fresh.fields, [&](const HeaderField& field) {
    return lists(kOfTheExchange, field.name) || (!lists(kOfTheBytes, field.name) && findField(update, field.name));
  });
  for (const HeaderField& field : received)
    if (!lists(kOfTheBytes, field.name)) fresh.fields.push_back(field);
  // What the new directives withhold may have been stored before.
  fresh.fields = storedFields(fresh.fields, responseControl(fresh.fields, policy));
  return fresh;
}

Freshening judgeFreshened(const CacheRequest& request, const StoredResponse& stored, const StoredResponse& fresh,
                          const CachePolicy& policy, WallTime now) {
  // What its request had in these fields is not known.
  if (varyNames(fresh.fields).names != varyNames(stored.fields).names) return Freshening::kRemoves;
  // Stores find it by the tags that it was put with.
  if (cacheTags(fresh.fields).tags != cacheTags(stored.fields).tags) return Freshening::kRemoves;
  const CacheResponse response{fresh.status, fresh.fields};
  if (mayStore(request, response, policy, now) == Storable::kYes) return Freshening::kReplaces;
  if (isAuthorized(request)) return Freshening::kStays;
  const CacheRequest plain{request.method, request.scheme, request.host, request.target, {}};
  return mayStore(plain, response, policy, now) == Storable::kYes ? Freshening::kStays : Freshening::kRemoves;
}

HeadFreshening judgeHead(const StoredResponse& stored, const CacheResponse& response) {
  if (response.status != 200 || stored.status != 200) return HeadFreshening::kNothing;
  for (const std::string_view name : {"ETag", "Last-Modified"}) {
    const auto received = valueOf(response.fields, name);
    if (received && received != valueOf(stored.fields, name)) return HeadFreshening::kStale;
  }
  const auto length = valueOf(response.fields, "Content-Length");
  if (!length) return HeadFreshening::kUpdates;
  // What came in chunks has no such field.
  const auto before = valueOf(stored.fields, "Content-Length");
  if (before && *length != *before) return HeadFreshening::kStale;
  if (!stored.part && *length != std::to_string(stored.bodyLength)) return HeadFreshening::kStale;
  return HeadFreshening::kUpdates;
}

}  // namespace proxycommon
