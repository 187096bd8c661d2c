// A response on its way into a store.
#include "common/httpd/response_storing.h"

#include <memory>
#include <utility>
#include <variant>

#include "common/base/text.h"
#include "common/cache/byte_ranges.h"

namespace proxycommon {
namespace {

// Whether that many bytes are what its fields have said.
bool isAllOf(const StoredResponse& response, std::uint64_t bytes) {
  if (response.part) return lengthOfPart({response.status, response.fields}) == bytes;
  const HeaderField* length = findField(response.fields, "Content-Length");
  return !length || parseNumber(length->value, UINT64_MAX) == bytes;
}

}  // namespace

ResponseStoring::ResponseStoring(ChildStore& store, RequestFlight& flight, NewResponse what)
    : store_(store), flight_(flight), what_(std::move(what)), record_(encodeResponse(what_.response)) {
  // The head's bytes are the connection's, and go with it.
  if (auto decoded = decodeRecord(record_)) what_.response = std::move(std::get<StoredResponse>(*decoded));
  body_ = std::make_unique<IncomingBody>(store_.store().workFolder(), record_);
}

void ResponseStoring::grew() {
  if (body_->isInFile()) flight_.grew();
}

Outcome ResponseStoring::paused() {
  if (!flight_.leads()) return {};
  // Nobody wakes a leader for who comes while it waits: what has come of the body lies ready for them.
  if (body_->size() == 0 && !flight_.isAwaited()) return {};
  if (!body_->isInFile())
    if (auto moved = body_->moveToFile(); !moved) return moved;
  flight_.stream(body_->path());
  return {};
}

bool ResponseStoring::finish() {
  if (!isAllOf(what_.response, body_->size()) || !body_->finish()) return false;
  what_.response.bodyLength = body_->size();
  return true;
}

void ResponseStoring::put(const PartTerms& terms, std::function<void(bool)> done) {
  OwnedEntry entry{encodeResponse(what_.response), what_.url, what_.tags, what_.begun, what_.useUntil};
  if (!what_.response.part) return putIn(store_, what_.key, std::move(entry), std::move(body_), std::move(done));
  putPartIn(store_, what_.key, std::move(entry), std::move(body_), terms, std::move(done));
}

}  // namespace proxycommon
