// StoredResponse and its record.
#include "common/cache/stored_response.h"

#include <algorithm>
#include <cstring>

#include "common/base/text.h"
#include "common/cache/http_date.h"
#include "common/cache/record_bytes.h"
#include "common/http/header_rules.h"

namespace proxycommon {
namespace {

// The kind of a record, and the version of its form: another form needs another number.
constexpr std::uint8_t kResponseRecord = 0x11;
constexpr std::uint8_t kVariantsRecord = 0x21;

constexpr std::uint8_t kAuthorized = 1;
constexpr std::uint8_t kHead = 2;
constexpr std::uint8_t kPart = 4;
constexpr std::uint8_t kCompleteLength = 8;
constexpr std::uint8_t kAllFlags = 15;

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 60;
constexpr std::uint64_t kLatest = 253'402'300'799'999;  // milliseconds to the end of the year 9999

// What is between two hops beside what is in isHopByHop(), or is the proxy's own (RFC 9111 3.1).
constexpr std::array<std::string_view, 2> kNeverStored = {"proxy-authentication-info", "trailer"};

template <class List>
bool lists(const List& list, std::string_view name) {
  return std::any_of(list.begin(), list.end(),
                     [name](std::string_view member) { return equalsIgnoringCase(member, name); });
}

std::uint64_t stamp(WallTime time) {
  const auto count = time.time_since_epoch().count();
  return count < 0 ? 0 : std::min(static_cast<std::uint64_t>(count), kLatest);
}
WallTime timeOf(std::uint64_t stamp) {
  return WallTime{milliseconds{static_cast<milliseconds::rep>(stamp)}};
}

constexpr std::uint64_t eachByte(unsigned char byte) {
  return std::uint64_t{0x0101010101010101} * byte;
}

// Eight bytes at once, for a hit looks at all of its fields: none is a control character, for these could split a
// response (RFC 9112 11.1). Only what this finds suspicious, a tab among it, is looked at byte by byte.
bool isCleanValue(std::string_view value) {
  std::size_t place = 0;
  std::uint64_t suspicious = 0;
  for (; place + 8 <= value.size(); place += 8) {
    std::uint64_t word;
    std::memcpy(&word, value.data() + place, sizeof word);
    const std::uint64_t del = word ^ eachByte(0x7f);
    suspicious |= ((word - eachByte(0x20)) & ~word) | ((del - eachByte(1)) & ~del);
  }
  if ((suspicious & eachByte(0x80)) != 0) return isFieldValue(value);
  return isFieldValue(value.substr(place));
}

bool readFields(RecordReader& reader, HeaderFields& fields) {
  const auto count = reader.number<std::uint32_t>();
  // Each takes eight bytes at least: nobody makes us reserve more than he has sent.
  if (count > reader.left() / 8) return false;
  fields.reserve(count);
  for (std::uint32_t place = 0; place < count; ++place) {
    const std::string_view name = reader.text();
    const std::string_view value = reader.text();
    if (!reader.isGood() || !isToken(name) || !isCleanValue(value)) return false;
    fields.push_back({name, value});
  }
  return true;
}

bool isSound(const StoredResponse& response, std::uint64_t requestTime, std::uint64_t responseTime) {
  if (response.status < 200 || response.status > 999) return false;
  if (response.version != 10 && response.version != 11 && response.version != 20) return false;
  if (requestTime > kLatest || responseTime > kLatest || response.bodyLength > kMostBytes) return false;
  if (!isCleanValue(response.reason)) return false;
  if (!response.part) return true;
  if (response.part->first > kMostBytes) return false;
  const auto& complete = response.part->completeLength;
  return !complete || (*complete <= kMostBytes && response.part->first + response.bodyLength <= *complete);
}

std::optional<StoredResponse> readResponse(RecordReader& reader) {
  StoredResponse response;
  const auto flags = reader.number<std::uint8_t>();
  response.version = reader.number<std::uint8_t>();
  response.status = reader.number<std::uint16_t>();
  const auto requestTime = reader.number<std::uint64_t>();
  const auto responseTime = reader.number<std::uint64_t>();
  response.bodyLength = reader.number<std::uint64_t>();
  const auto first = reader.number<std::uint64_t>();
  const auto completeLength = reader.number<std::uint64_t>();
  if (flags > kAllFlags) return std::nullopt;
  response.isAuthorized = flags & kAuthorized;
  response.isHead = flags & kHead;
  if (flags & kPart) response.part = StoredPart{first, std::nullopt};
  if (response.part && flags & kCompleteLength) response.part->completeLength = completeLength;
  response.reason = reader.text();
  response.selection = reader.text();
  if (!reader.isGood() || !isSound(response, requestTime, responseTime)) return std::nullopt;
  response.requestTime = timeOf(requestTime);
  response.responseTime = timeOf(responseTime);
  if (!readFields(reader, response.fields) || !reader.isGood() || !reader.isAtEnd()) return std::nullopt;
  return response;
}

void appendFields(std::string& record, const StoredResponse& response) {
  const bool isDated = findField(response.fields, "Date") != nullptr;
  appendNumber(record, static_cast<std::uint32_t>(response.fields.size() + (isDated ? 0 : 1)));
  for (const HeaderField& field : response.fields) {
    appendText(record, field.name);
    appendText(record, field.value);
  }
  if (isDated) return;
  appendText(record, "Date");
  appendText(record, formatHttpDate(response.responseTime));
}

std::optional<VaryMarker> readVariants(RecordReader& reader) {
  VaryMarker marker;
  const std::string_view salt = reader.take(marker.salt.size());
  const auto count = reader.number<std::uint32_t>();
  if (!reader.isGood() || count > reader.left() / 4) return std::nullopt;
  std::copy(salt.begin(), salt.end(), marker.salt.begin());
  marker.names.reserve(count);
  for (std::uint32_t place = 0; place < count; ++place) {
    const std::string_view name = reader.text();
    if (!reader.isGood() || !isToken(name)) return std::nullopt;
    if (!marker.names.empty() && marker.names.back() >= name) return std::nullopt;
    marker.names.emplace_back(name);
  }
  return reader.isAtEnd() ? std::optional(std::move(marker)) : std::nullopt;
}

}  // namespace

HeaderFields storedFields(std::span<const HeaderField> received, const CacheControl& control) {
  const ConnectionOptions connection(received);
  HeaderFields stored;
  stored.reserve(received.size());
  for (const HeaderField& field : received) {
    const std::string_view name = field.name;
    if (isHopByHop(name) || connection.removes(name) || lists(kNeverStored, name)) continue;
    if (lists(control.noCacheFields, name) || lists(control.privateFields, name)) continue;
    stored.push_back(field);
  }
  return stored;
}

std::string encodeResponse(const StoredResponse& response) {
  std::size_t size = 112 + response.reason.size() + response.selection.size();
  for (const HeaderField& field : response.fields) size += 8 + field.name.size() + field.value.size();
  std::string record;
  record.reserve(size);
  std::uint8_t flags = 0;
  if (response.isAuthorized) flags |= kAuthorized;
  if (response.isHead) flags |= kHead;
  if (response.part) flags |= kPart;
  if (response.part && response.part->completeLength) flags |= kCompleteLength;
  const StoredPart part = response.part.value_or(StoredPart{});
  appendNumber(record, kResponseRecord);
  appendNumber(record, flags);
  appendNumber(record, static_cast<std::uint8_t>(response.version));
  appendNumber(record, static_cast<std::uint16_t>(response.status));
  appendNumber(record, stamp(response.requestTime));
  appendNumber(record, stamp(response.responseTime));
  appendNumber(record, response.bodyLength);
  appendNumber(record, part.first);
  appendNumber(record, part.completeLength.value_or(0));
  appendText(record, response.reason);
  appendText(record, response.selection);
  appendFields(record, response);
  return record;
}

std::string encodeVariants(const VaryMarker& marker) {
  std::string record;
  appendNumber(record, kVariantsRecord);
  record.append(reinterpret_cast<const char*>(marker.salt.data()), marker.salt.size());
  appendNumber(record, static_cast<std::uint32_t>(marker.names.size()));
  for (const std::string& name : marker.names) appendText(record, name);
  return record;
}

std::optional<std::variant<StoredResponse, VaryMarker>> decodeRecord(std::string_view record) {
  RecordReader reader(record);
  const auto kind = reader.number<std::uint8_t>();
  if (kind == kResponseRecord)
    if (auto response = readResponse(reader)) return std::move(*response);
  if (kind == kVariantsRecord)
    if (auto marker = readVariants(reader)) return std::move(*marker);
  return std::nullopt;
}

}  // namespace proxycommon
