// Any fields of request and response, a line each: nothing that the cache reads of them breaks it, and its rules hold
// together: what must not be stored is not, what forbids stale responses gives none.
#include <vector>

#include "common/cache/byte_ranges.h"
#include "common/cache/cache_key.h"
#include "common/cache/cache_status.h"
#include "common/cache/cache_tags.h"
#include "common/cache/cacheability.h"
#include "common/cache/http_date.h"
#include "common/cache/invalidation.h"
#include "common/cache/preconditions.h"
#include "common/cache/revalidation.h"
#include "common/cache/serving.h"
#include "common/cache/vary.h"
#include "tests/fuzz/lines.h"
#include "tests/fuzz/require.h"

namespace {

using namespace proxycommon;

constexpr WallTime kNow{std::chrono::seconds{1'000'000'000}};

// Up to an empty line.
HeaderFields takeFields(std::string_view& rest) {
  HeaderFields fields;
  for (auto line = proxytest::nextLine(rest); !line.empty(); line = proxytest::nextLine(rest)) {
    const auto colon = std::min(line.find(':'), line.size());
    fields.push_back({line.substr(0, colon), line.substr(std::min(colon + 1, line.size()))});
  }
  return fields;
}

void requireConsistent(const CacheRequest& request, const StoredResponse& stored) {
  const CachePolicy policy;
  const CacheResponse response{stored.status, stored.fields};
  const CacheControl control = responseControl(stored.fields, policy);
  const Storable storable = mayStore(request, response, policy, kNow);
  if (control.noStore && !control.mustUnderstand) REQUIRE(storable != Storable::kYes);
  if (control.isPrivate) REQUIRE(storable != Storable::kYes);
  for (const int later : {0, 30, 4000}) {
    const Serving serving = judge(request, stored, policy, kNow + Seconds{later});
    if (serving.verdict == Verdict::kFresh) REQUIRE(serving.ttl > Seconds{0});
    if (serving.verdict == Verdict::kStale || serving.verdict == Verdict::kStaleWhileRevalidate)
      REQUIRE(!control.forbidsStale());
    if (control.noCache) REQUIRE(!mayServeOnError(request, stored, policy, kNow + Seconds{later}));
  }
  evaluatePreconditions(request, stored);
  REQUIRE(matches(stored, request.fields));
  for (const HeaderField& field : conditionalFields(request.fields, stored))
    REQUIRE(!equalsIgnoringCase(field.name, "Range"));
  for (const std::string& target : invalidatedTargets({"POST", "http", "a", "/", {}}, response))
    REQUIRE(target[0] == '/');
}

void requireDates(std::string_view text) {
  const auto date = parseHttpDate(text, kNow);
  if (date) REQUIRE(parseHttpDate(formatHttpDate(*date), kNow) == date);
}

void requireRanges(const CacheRequest& request, std::string_view text) {
  if (const auto range = parseContentRange(text)) REQUIRE(parseContentRange(formatContentRange(*range)) == range);
  if (const auto asked = askedRange(request, 1000)) REQUIRE(asked->first <= asked->last && asked->last < 1000);
}

StoredResponse partFrom(const HeaderFields& fields) {
  StoredResponse response;
  response.status = 206;
  response.fields = fields;
  response.part = partOf({response.status, fields});
  response.bodyLength = lengthOfPart({response.status, fields}).value_or(0);
  return response;
}

// What is put together is of these two, without a gap, and no more than there is.
void requireParts(const CacheRequest& request, const HeaderFields& one, const HeaderFields& other) {
  const StoredResponse old = partFrom(one);
  const StoredResponse brought = partFrom(other);
  if (old.part)
    if (const auto range = rangeFromPart(request, old))
      REQUIRE(range->first >= old.part->first && range->last < old.part->first + old.bodyLength);
  const auto combination = combine(old, brought);
  if (!combination) return;
  std::uint64_t length = 0;
  for (const auto& [isNew, offset, bytes] : combination->pieces) {
    REQUIRE(offset + bytes <= (isNew ? brought : old).bodyLength);
    length += bytes;
  }
  REQUIRE(length == combination->length && length <= old.bodyLength + brought.bodyLength);
  REQUIRE(!findField(combinedFields(old, brought), "Content-Range"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const HeaderFields asked = takeFields(rest);
  const HeaderFields answered = takeFields(rest);
  const HeaderFields update = takeFields(rest);
  const CacheRequest request{"GET", "http", "a", "/b?c", asked};
  const VaryNames vary = varyNames(answered);
  const std::string selection = selectionOf(vary.names, asked);
  StoredResponse stored;
  stored.status = 200;
  stored.fields = storedFields(answered, responseControl(answered, {}));
  stored.requestTime = stored.responseTime = kNow;
  stored.selection = selection;
  requireConsistent(request, stored);
  requireConsistent(request, freshened(stored, update, {}, kNow, kNow));
  requireDates(rest);
  requireRanges(request, rest);
  requireParts(request, answered, update);
  for (const std::string& tag : cacheTags(asked).tags) REQUIRE(tag.size() <= kMostTagLength);
  const std::string status = cacheStatusValue({.cache = rest, .key = rest, .detail = rest});
  REQUIRE(status.find_first_of("\r\n") == std::string::npos);
  cacheKeyText("site", "http", rest, rest);
  return 0;
}
