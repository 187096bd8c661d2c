// From a store to a client.
#include "common/httpd/stored_answer.h"

#include <cstring>

#include "common/cache/byte_ranges.h"
#include "common/cache/cache_status.h"
#include "common/cache/preconditions.h"
#include "common/httpd/relay_body.h"

namespace proxycommon {
namespace {

// More would make httpd's core filter block the thread on a slow client.
constexpr std::size_t kAtOnce = 60 * 1024;

std::string_view pooled(const request_rec& request, std::string_view text) {
  return {apr_pstrmemdup(request.pool, text.data(), text.size()), text.size()};
}

void drop(HeaderFields& fields, std::string_view name) {
  std::erase_if(fields, [&](const HeaderField& field) { return equalsIgnoringCase(field.name, name); });
}

std::string receivedStatus(const HeaderFields& fields) {
  std::string all;
  for (const HeaderField& field : fields)
    if (equalsIgnoringCase(field.name, "Cache-Status")) all.append(all.empty() ? "" : ", ").append(field.value);
  return all;
}

void addOwnFields(const request_rec& request, const StoredAnswerPlan& plan, HeaderFields& fields) {
  drop(fields, "Age");
  fields.push_back({"Age", pooled(request, plan.age)});
  const std::string before = receivedStatus(fields);
  if (!before.empty()) drop(fields, "Cache-Status");
  fields.push_back(
      {"Cache-Status", pooled(request, before.empty() ? plan.cacheStatus : before + ", " + plan.cacheStatus)});
}

// httpd's filter for several ranges does not know the spaces that may stand between them (RFC 9110 14.1.1, 5.6.1).
void closeUpRange(request_rec& request) {
  const char* range = apr_table_get(request.headers_in, "Range");
  if (!range || !std::strpbrk(range, " \t")) return;
  std::string closed(range);
  std::erase_if(closed, [](char character) { return character == ' ' || character == '\t'; });
  apr_table_set(request.headers_in, "Range", closed.c_str());
}

bool mayHaveRange(const CacheRequest& request, const StoredResponse& stored) {
  return stored.status == HTTP_OK && request.method == "GET" && ifRangeHolds(request, stored);
}

// The one range of a whole that is asked for; where it is several, or none that can be, httpd's own filter answers.
std::optional<ByteRange> rangeOfWhole(const CacheRequest& request, const StoredResponse& stored) {
  if (!mayHaveRange(request, stored)) return std::nullopt;
  return askedRange(request, stored.bodyLength);
}

void setRange(const request_rec& request, const ByteRange& range, std::optional<std::uint64_t> completeLength,
              const StoredResponse& stored, StoredHead& result) {
  result.head.fields = stored.fields;
  drop(result.head.fields, "Content-Range");
  drop(result.head.fields, "Content-Length");
  // RFC 9530 2: of other bytes than these.
  if (range.length() != stored.bodyLength) {
    drop(result.head.fields, "Content-Digest");
    drop(result.head.fields, "Content-MD5");
  }
  result.first = range.first;
  result.length = range.length();
  result.head.fields.push_back({"Content-Range", pooled(request, formatContentRange({range, completeLength}))});
  result.head.fields.push_back({"Content-Length", pooled(request, std::to_string(result.length))});
}

// A stored whole has a length, whatever framing it came in, and whatever a store that is not ours alone says of it: the
// next response would begin where that ends (RFC 9112 6.3). A HEAD's tells of a body that is not here.
void setLength(const request_rec& request, std::uint64_t length, HeaderFields& fields) {
  const HeaderField* stored = findField(fields, "Content-Length");
  if (stored && parseNumber(stored->value, UINT64_MAX) == length) return;
  drop(fields, "Content-Length");
  fields.push_back({"Content-Length", pooled(request, std::to_string(length))});
}

milliseconds clientTimeout(const request_rec& request) {
  return milliseconds{apr_time_as_msec(request.server->timeout)};
}

Outcome sendInMemory(ClientResponse& response, std::string_view body) {
  const std::span<char> block = response.readBuffer();
  std::memcpy(block.data(), body.data(), body.size());
  return response.body(block.first(body.size()));
}

// Piece by piece, and what the client does not take at once is kept.
Task<Outcome> sendLarge(ClientResponse& response, std::string_view body, RequestWaiter& waiter, milliseconds timeout) {
  response.holdAtLeast(body.size());
  while (!body.empty()) {
    const std::span<char> block = response.readBuffer();
    const std::string_view piece = body.substr(0, block.size());
    std::memcpy(block.data(), piece.data(), piece.size());
    if (auto sent = response.body(block.first(piece.size())); !sent) co_return sent;
    if (auto pushed = response.push(); !pushed) co_return pushed;
    body.remove_prefix(piece.size());
  }
  ExchangeLimits limits{};
  limits.client = timeout;
  co_return co_await finishResponse(response, limits, waiter);
}

// A mapping, held as long as there is the request.
std::string_view heldBytes(const request_rec& request, std::shared_ptr<const MappedFile> file) {
  using Held = std::shared_ptr<const MappedFile>;
  const std::string_view bytes = file->bytes();
  apr_pool_cleanup_register(
      request.pool, new Held(std::move(file)),
      [](void* held) {
        delete static_cast<Held*>(held);
        return apr_status_t{APR_SUCCESS};
      },
      apr_pool_cleanup_null);
  return bytes;
}

Outcome sendFile(ClientResponse& response, FoundEntry& entry, const StoredHead& start) {
  if (auto added = response.file(entry.file.get(), entry.bodyOffset + start.first, start.length); !added) return added;
  return response.finish();
}

// Not copied, as long as the client takes it.
Task<Outcome> sendMapped(const request_rec& request, ClientResponse& response, const FoundEntry& entry,
                         const StoredHead& start, RequestWaiter& waiter) {
  std::string_view rest = heldBytes(request, entry.mapped).substr(entry.bodyOffset + start.first, start.length);
  // httpd's filter cuts several ranges out of a whole alone.
  const bool isCut = start.head.status == HTTP_OK && apr_table_get(request.headers_in, "Range");
  while (!isCut && rest.size() > kAtOnce) {
    response.lasting(rest.substr(0, kAtOnce));
    rest.remove_prefix(kAtOnce);
    auto taken = response.isTaken();
    if (!taken) co_return std::move(taken.error());
    if (!*taken) co_return co_await sendLarge(response, rest, waiter, clientTimeout(request));
  }
  response.lasting(rest);
  co_return response.finish();
}

}  // namespace

StoredHead storedHead(request_rec& request, const StoredResponse& stored, const StoredAnswerPlan& plan) {
  StoredHead result;
  result.head.version = stored.version;
  result.head.status = stored.status;
  result.head.reason = stored.reason;
  result.length = stored.bodyLength;
  if (evaluatePreconditions(plan.request, stored) == Precondition::kNotModified) {
    result.head.status = HTTP_NOT_MODIFIED;
    result.head.reason = "Not Modified";
    result.head.fields = notModifiedFields(stored);
    result.hasBody = false;
  } else if (stored.part) {
    const auto range = rangeFromPart(plan.request, stored);
    const ByteRange whole{stored.part->first, stored.part->first + stored.bodyLength - 1};
    setRange(request, range.value_or(whole), stored.part->completeLength, stored, result);
    result.first -= stored.part->first;
  } else if (mayHaveRange(plan.request, stored) && isUnsatisfiable(plan.request, stored.bodyLength)) {
    result.head.status = HTTP_RANGE_NOT_SATISFIABLE;
    result.head.reason = "Range Not Satisfiable";
    result.head.fields = {{"Content-Range", pooled(request, formatContentRange({std::nullopt, stored.bodyLength}))},
                          {"Content-Length", "0"}};
    result.hasBody = false;
  } else if (const auto range = rangeOfWhole(plan.request, stored)) {
    setRange(request, *range, stored.bodyLength, stored, result);
    result.head.status = HTTP_PARTIAL_CONTENT;
    result.head.reason = "Partial Content";
  } else {
    result.head.fields = stored.fields;
    if (stored.status != HTTP_NO_CONTENT) setLength(request, stored.bodyLength, result.head.fields);
  }
  addOwnFields(request, plan, result.head.fields);
  if (request.header_only) result.hasBody = false;
  return result;
}

Task<Outcome> sendStored(request_rec& request, FoundEntry& entry, const StoredResponse& stored,
                         const StoredAnswerPlan& plan, RequestWaiter& waiter) {
  closeUpRange(request);
  StoredHead start = storedHead(request, stored, plan);
  ClientResponse response(request, plan.edit);
  if (auto told = response.head(start.head, true); !told) co_return told;
  if (!start.hasBody || start.length == 0) co_return response.finish();
  if (entry.mapped) co_return co_await sendMapped(request, response, entry, start, waiter);
  if (entry.file) co_return sendFile(response, entry, start);
  const std::string_view body = entry.memory().substr(start.first, start.length);
  if (body.size() <= kAtOnce) {
    if (auto sent = sendInMemory(response, body); !sent) co_return sent;
    co_return response.finish();
  }
  co_return co_await sendLarge(response, body, waiter, clientTimeout(request));
}

}  // namespace proxycommon
