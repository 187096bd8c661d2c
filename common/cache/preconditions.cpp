// A client's preconditions against a stored response.
#include "common/cache/preconditions.h"

#include <algorithm>
#include <array>
#include <optional>

#include "common/base/text.h"
#include "common/cache/http_date.h"

namespace proxycommon {
namespace {

// What describes the representation, and does not guide caches (RFC 9110 8, 15.4.5).
constexpr std::array<std::string_view, 6> kRepresentation = {"content-encoding", "content-language", "content-length",
                                                             "content-md5",      "content-range",    "content-type"};

std::string_view opaquePart(std::string_view tag) {
  return tag.starts_with("W/") ? tag.substr(2) : tag;
}

// Takes the next entity tag off a list; a comma may stand in one. What is none ends the list.
std::optional<std::string_view> nextTag(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t,"), rest.size()));
  const std::size_t start = rest.starts_with("W/") ? 2 : 0;
  if (rest.size() <= start || rest[start] != '"') return std::nullopt;
  const auto end = rest.find('"', start + 1);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view tag = rest.substr(0, end + 1);
  rest.remove_prefix(end + 1);
  return tag;
}

// RFC 9110 13.1.2: the condition is false, and the stored response is what the client has.
bool listsTag(std::span<const HeaderField> fields, std::string_view stored) {
  for (const HeaderField& field : fields) {
    if (!equalsIgnoringCase(field.name, "If-None-Match")) continue;
    std::string_view rest = field.value;
    if (trimmed(rest) == "*") return true;
    while (const auto tag = nextTag(rest))
      if (equalsWeakly(*tag, stored)) return true;
  }
  return false;
}

// RFC 9111 4.3.2: without Last-Modified, Date is what counts, without that the time it came.
bool isUnmodifiedSince(const StoredResponse& stored, WallTime since) {
  if (const auto modified = dateField(stored.fields, "Last-Modified")) return *modified <= since;
  if (const auto date = dateField(stored.fields, "Date")) return *date <= since;
  return stored.responseTime <= since;
}

}  // namespace

Precondition evaluatePreconditions(const CacheRequest& request, const StoredResponse& stored) {
  // RFC 9110 13.2.1: only where the answer would be a success.
  if (stored.status / 100 != 2 || (request.method != "GET" && request.method != "HEAD")) return Precondition::kNone;
  if (findField(request.fields, "If-None-Match")) {
    const HeaderField* tag = findField(stored.fields, "ETag");
    const bool isSame = listsTag(request.fields, tag ? trimmed(tag->value) : std::string_view{});
    return isSame ? Precondition::kNotModified : Precondition::kNone;
  }
  const auto since = dateField(request.fields, "If-Modified-Since");
  return since && isUnmodifiedSince(stored, *since) ? Precondition::kNotModified : Precondition::kNone;
}

bool isForOrigin(const CacheRequest& request) {
  return findField(request.fields, "If-Match") || findField(request.fields, "If-Unmodified-Since");
}

HeaderFields notModifiedFields(const StoredResponse& stored) {
  const bool hasTag = findField(stored.fields, "ETag");
  HeaderFields fields;
  fields.reserve(stored.fields.size());
  for (const HeaderField& field : stored.fields) {
    const bool describes = std::any_of(kRepresentation.begin(), kRepresentation.end(),
                                       [&](std::string_view name) { return equalsIgnoringCase(name, field.name); });
    if (!describes && !(hasTag && equalsIgnoringCase(field.name, "Last-Modified"))) fields.push_back(field);
  }
  return fields;
}

bool isEntityTag(std::string_view text) {
  const std::string_view opaque = opaquePart(text);
  if (opaque.size() < 2 || opaque.front() != '"' || opaque.back() != '"') return false;
  const std::string_view inner = opaque.substr(1, opaque.size() - 2);
  return std::all_of(inner.begin(), inner.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != '"' && byte != 0x7f;
  });
}
bool isStrongEntityTag(std::string_view text) {
  return isEntityTag(text) && !text.starts_with("W/");
}
bool equalsWeakly(std::string_view left, std::string_view right) {
  return isEntityTag(left) && isEntityTag(right) && opaquePart(left) == opaquePart(right);
}
bool equalsStrongly(std::string_view left, std::string_view right) {
  return isStrongEntityTag(left) && left == right;
}

}  // namespace proxycommon
