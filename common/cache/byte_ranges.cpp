// Ranges of stored parts, and how parts become more.
#include "common/cache/byte_ranges.h"

#include <algorithm>
#include <array>

#include "common/base/text.h"
#include "common/cache/http_date.h"
#include "common/cache/preconditions.h"
#include "common/cache/revalidation.h"

namespace proxycommon {
namespace {

// Sums of two stay far from overflow.
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 60;

std::optional<std::string_view> afterUnit(std::string_view text, char separator) {
  if (!startsWithIgnoringCase(text, "bytes") || text.size() < 6 || text[5] != separator) return std::nullopt;
  return trimmed(text.substr(6));
}

// What is larger than all there is counts as that.
std::optional<std::uint64_t> clamped(std::string_view digits) {
  const bool isNumber = !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
  return isNumber ? std::optional(parseNumber(digits, kMostBytes).value_or(kMostBytes)) : std::nullopt;
}

std::optional<ByteRange> parsePositions(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parseNumber(text.substr(0, dash), kMostBytes);
  const auto last = parseNumber(text.substr(dash + 1), kMostBytes);
  if (!first || !last || *first > *last) return std::nullopt;
  return ByteRange{*first, *last};
}

// "-500": the last ones.
std::optional<ByteRange> suffixRange(std::string_view digits, std::optional<std::uint64_t> completeLength) {
  const auto count = clamped(digits);
  if (!count || *count == 0 || !completeLength || *completeLength == 0) return std::nullopt;
  return ByteRange{*completeLength - std::min(*count, *completeLength), *completeLength - 1};
}

std::string_view strongTag(const StoredResponse& stored) {
  const HeaderField* tag = findField(stored.fields, "ETag");
  const std::string_view text = tag ? trimmed(tag->value) : std::string_view{};
  return isStrongEntityTag(text) ? text : std::string_view{};
}

// RFC 9110 8.8.2.2: as a shared cache may know it: Date is a second later at least.
bool isStrongDate(const StoredResponse& stored, WallTime modified) {
  const auto date = dateField(stored.fields, "Date");
  return date && *date - modified >= std::chrono::seconds{1};
}

// A stored 200 is a part, too: all of it.
StoredPart partOrWhole(const StoredResponse& stored) {
  return stored.part.value_or(StoredPart{0, stored.bodyLength});
}

bool isField(const HeaderField& field, std::string_view name) {
  return equalsIgnoringCase(field.name, name);
}

template <class List>
bool lists(const List& list, std::string_view name) {
  return std::any_of(list.begin(), list.end(),
                     [name](std::string_view member) { return equalsIgnoringCase(member, name); });
}

// What tells of the bytes in one message, and not of the representation (RFC 9110 8.6, 14.4; RFC 9530 2).
constexpr std::array<std::string_view, 4> kOfTheMessage = {"content-range", "content-length", "content-md5",
                                                           "content-digest"};
// What was true of the old exchange alone: the age of a response is counted anew.
constexpr std::array<std::string_view, 2> kOfTheExchange = {"age", "date"};

// What RFC 9111 3.4 speaks of: an error's body, say, is no piece of the representation, whatever its ETag is.
bool isOfTheRepresentation(const StoredResponse& response) {
  return response.status == (response.part ? 206 : 200);
}

// RFC 9110 15.3.7.2: the places stand in the body.
bool isMultipart(const CacheResponse& response) {
  const HeaderField* type = findField(response.fields, "Content-Type");
  return type && startsWithIgnoringCase(trimmed(type->value), "multipart/byteranges");
}

std::size_t countOf(std::span<const HeaderField> fields, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(fields.begin(), fields.end(), [name](const HeaderField& field) { return isField(field, name); }));
}

// The one Content-Range of a 206, with a range in it.
std::optional<ContentRange> rangeOf206(const CacheResponse& response) {
  if (response.status != 206 || isMultipart(response) || countOf(response.fields, "Content-Range") != 1)
    return std::nullopt;
  auto range = parseContentRange(findField(response.fields, "Content-Range")->value);
  return range && range->range ? range : std::nullopt;
}

}  // namespace

std::optional<ContentRange> parseContentRange(std::string_view text) {
  const auto rest = afterUnit(trimmed(text), ' ');
  const auto slash = rest ? rest->find('/') : std::string_view::npos;
  if (slash == std::string_view::npos) return std::nullopt;
  ContentRange range;
  if (const std::string_view length = rest->substr(slash + 1); length != "*") {
    range.completeLength = parseNumber(length, kMostBytes);
    if (!range.completeLength) return std::nullopt;
  }
  const std::string_view positions = rest->substr(0, slash);
  if (positions == "*") return range.completeLength ? std::optional(range) : std::nullopt;
  range.range = parsePositions(positions);
  if (!range.range || (range.completeLength && range.range->last >= *range.completeLength)) return std::nullopt;
  return range;
}

std::string formatContentRange(const ContentRange& range) {
  std::string text = "bytes ";
  if (range.range) {
    text.append(std::to_string(range.range->first)).append("-").append(std::to_string(range.range->last));
  } else {
    text.push_back('*');
  }
  text.push_back('/');
  return text.append(range.completeLength ? std::to_string(*range.completeLength) : "*");
}

std::optional<ByteRange> askedRange(const CacheRequest& request, std::optional<std::uint64_t> completeLength) {
  const HeaderField* field = findField(request.fields, "Range");
  // RFC 9110 14.2: of no meaning for other methods.
  if (!field || request.method != "GET") return std::nullopt;
  if (countOf(request.fields, "Range") > 1) return std::nullopt;
  const auto ranges = afterUnit(trimmed(field->value), '=');
  if (!ranges || ranges->find(',') != std::string_view::npos) return std::nullopt;
  if (ranges->starts_with('-')) return suffixRange(ranges->substr(1), completeLength);
  const auto dash = ranges->find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = clamped(ranges->substr(0, dash));
  if (!first || (completeLength && *first >= *completeLength)) return std::nullopt;
  if (dash + 1 < ranges->size()) {
    const auto last = clamped(ranges->substr(dash + 1));
    if (!last || *first > *last) return std::nullopt;
    return ByteRange{*first, completeLength ? std::min(*last, *completeLength - 1) : *last};
  }
  return completeLength ? std::optional(ByteRange{*first, *completeLength - 1}) : std::nullopt;
}

bool isUnsatisfiable(const CacheRequest& request, std::uint64_t completeLength) {
  const HeaderField* field = findField(request.fields, "Range");
  const auto ranges = field ? afterUnit(trimmed(field->value), '=') : std::nullopt;
  if (!ranges || ranges->find(',') != std::string_view::npos) return false;
  if (ranges->starts_with('-')) {
    const auto count = clamped(ranges->substr(1));
    return count && (*count == 0 || completeLength == 0);
  }
  const auto dash = ranges->find('-');
  if (dash == std::string_view::npos) return false;
  const auto first = clamped(ranges->substr(0, dash));
  const std::string_view behind = ranges->substr(dash + 1);
  const auto last = behind.empty() ? first : clamped(behind);
  return first && last && *first <= *last && *first >= completeLength;
}

bool ifRangeHolds(const CacheRequest& request, const StoredResponse& stored) {
  const HeaderField* field = findField(request.fields, "If-Range");
  if (!field) return true;
  const std::string_view value = trimmed(field->value);
  if (value.starts_with('"') || value.starts_with("W/")) return equalsStrongly(value, strongTag(stored));
  const auto given = dateField(request.fields, "If-Range");
  const auto modified = dateField(stored.fields, "Last-Modified");
  return given && modified && *given == *modified && isStrongDate(stored, *modified);
}

std::optional<ByteRange> rangeFromPart(const CacheRequest& request, const StoredResponse& stored) {
  if (!stored.part || stored.bodyLength == 0 || !ifRangeHolds(request, stored)) return std::nullopt;
  const auto range = askedRange(request, stored.part->completeLength);
  const std::uint64_t end = stored.part->first + stored.bodyLength;
  if (!range || range->first < stored.part->first || range->last >= end) return std::nullopt;
  return range;
}

std::optional<StoredPart> partOf(const CacheResponse& response) {
  const auto range = rangeOf206(response);
  return range ? std::optional(StoredPart{range->range->first, range->completeLength}) : std::nullopt;
}

std::optional<std::uint64_t> lengthOfPart(const CacheResponse& response) {
  const auto range = rangeOf206(response);
  return range ? std::optional(range->range->length()) : std::nullopt;
}

std::optional<Combination> combine(const StoredResponse& stored, const StoredResponse& brought) {
  if (!isOfTheRepresentation(stored) || !isOfTheRepresentation(brought)) return std::nullopt;
  // RFC 9111 3.4: all must share the same strong validator.
  if (!equalsStrongly(strongTag(stored), strongTag(brought))) return std::nullopt;
  const StoredPart old = partOrWhole(stored);
  const StoredPart fresh = partOrWhole(brought);
  if (old.completeLength && fresh.completeLength && old.completeLength != fresh.completeLength) return std::nullopt;
  const std::uint64_t oldEnd = old.first + stored.bodyLength;
  const std::uint64_t freshEnd = fresh.first + brought.bodyLength;
  if (fresh.first > oldEnd || old.first > freshEnd) return std::nullopt;
  Combination combination;
  const auto append = [&combination](bool isNew, std::uint64_t offset, std::uint64_t length) {
    if (length > 0) combination.pieces.push_back({isNew, offset, length});
    combination.length += length;
  };
  if (old.first < fresh.first) append(false, 0, fresh.first - old.first);
  append(true, 0, brought.bodyLength);
  if (oldEnd > freshEnd) append(false, freshEnd - old.first, oldEnd - freshEnd);
  combination.part = {std::min(old.first, fresh.first),
                      fresh.completeLength ? fresh.completeLength : old.completeLength};
  const auto& complete = combination.part.completeLength;
  if (complete && combination.part.first + combination.length > *complete) return std::nullopt;
  return combination;
}

HeaderFields combinedFields(const StoredResponse& stored, const StoredResponse& brought) {
  HeaderFields fields = brought.fields;
  for (const HeaderField& field : stored.fields)
    if (!findField(brought.fields, field.name) && !lists(kOfTheExchange, field.name)) fields.push_back(field);
  std::erase_if(fields, [](const HeaderField& field) { return lists(kOfTheMessage, field.name); });
  return fields;
}

}  // namespace proxycommon
