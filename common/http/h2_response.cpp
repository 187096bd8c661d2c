// The response of one stream as far as it has come.
#include "common/http/h2_response.h"

#include <utility>

#include "common/base/text.h"
#include "common/http/header_rules.h"

namespace proxycommon {
namespace {

// What a field counts for beside its bytes (RFC 9113 6.5.2).
constexpr std::size_t kOverhead = 32;

}  // namespace

Error H2Response::wrong(std::string detail) const {
  return failure(headPassed_ ? ErrorKind::kBrokenBody : ErrorKind::kMalformedResponse, std::move(detail));
}

void H2Response::beginFields() {
  text_.clear();
  places_.clear();
  status_ = 0;
}

Outcome H2Response::addField(std::string_view name, std::string_view value) {
  if (name == ":status") {
    status_ = static_cast<int>(parseNumber(value, 999).value_or(0));
    return {};
  }
  const std::string limit = places_.size() == limits_.fields ? std::to_string(limits_.fields) + " fields"
                                                             : std::to_string(limits_.bytes) + " bytes";
  const std::size_t size = text_.size() + name.size() + value.size() + kOverhead * (places_.size() + 1);
  if (places_.size() == limits_.fields || size > limits_.bytes)
    return failure(headPassed_ ? ErrorKind::kBrokenBody : ErrorKind::kOversizedHead,
                   (headPassed_ ? "the trailers have more than " : "the response head has more than ") + limit);
  if (!isToken(name)) return wrong("a field is named \"" + printable(name) + "\"");
  if (!isFieldValue(value)) return wrong("a control character in field " + printable(name));
  places_.push_back({text_.size(), name.size(), value.size()});
  text_.append(name).append(value);
  return {};
}

Outcome H2Response::passFields(H2StreamEvents& events, bool ends) {
  ResponseHead head;
  const std::string_view text = text_;
  for (const Place& place : places_)
    head.fields.push_back(
        {text.substr(place.start, place.nameLength), text.substr(place.start + place.nameLength, place.valueLength)});
  if (headPassed_) {
    std::erase_if(head.fields, [](const HeaderField& field) { return !isTrailer(field.name); });
    events.onTrailers(head.fields);
    return {};
  }
  head.status = status_;
  head.version = 20;
  if (status_ < 100 || status_ == 101) return wrong("status " + std::to_string(status_));
  if (head.isInterim() && ++interimCount_ > HeadLimits::kMostInterim)
    return wrong("more than " + std::to_string(HeadLimits::kMostInterim) + " interim responses");
  headPassed_ = !head.isInterim();
  events.onHead(head, ends);
  return {};
}

Error H2Response::brokenBy(const char* code) const {
  return wrong(std::string{"the response "} +
               (headPassed_ ? "has not the length that its head announces, or is framed wrongly (" : "is malformed (") +
               code + ")");
}

void H2OpenStream::fail(Error error) const {
  error.seen = response.hasBegun() ? Seen::kRan : sent ? Seen::kMaybeRan : Seen::kNothing;
  events->onFailed(std::move(error));
}

}  // namespace proxycommon
