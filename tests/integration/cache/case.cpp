// See case.h.
#include "tests/integration/cache/case.h"

#include <utility>

namespace proxytest::cache {
namespace {

constexpr const char* kTag = "ETag: \"kept\"";

// As many more of them as there were.
void append(Fields& to, const Fields& more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace

Answer Answer::saying(std::string text) const {
  Answer copy = *this;
  copy.body = std::move(text);
  return copy;
}

Answer Answer::framed(Framing how) const {
  Answer copy = *this;
  copy.framing = how;
  return copy;
}

Answer Answer::with(Fields more) const {
  Answer copy = *this;
  append(copy.fields, more);
  return copy;
}

Answer ok(Fields fields) {
  return {.status = "200 OK", .fields = std::move(fields)};
}

Answer says(std::string status, Fields fields) {
  return {.status = std::move(status), .fields = std::move(fields)};
}

Answer notModified(Fields fields) {
  return {.status = "304 Not Modified", .fields = std::move(fields)};
}

Answer silence() {
  return Answer{}.framed(Answer::Framing::kNothing);
}

Step Step::at(std::string place) const {
  Step copy = *this;
  copy.path = std::move(place);
  return copy;
}

Step Step::answered(Answer answer) const {
  Step copy = *this;
  copy.origin = std::move(answer);
  return copy;
}

Step Step::askedAgain(Answer answer) const {
  Step copy = *this;
  copy.unconditional = std::move(answer);
  return copy;
}

Step Step::hit(std::size_t step) const {
  Step copy = *this;
  copy.way = Way::kStored;
  copy.from = step;
  return copy;
}

Step Step::stale(std::size_t step) const {
  Step copy = *this;
  copy.way = Way::kStale;
  copy.from = step;
  return copy;
}

Step Step::behind(std::size_t step) const {
  Step copy = *this;
  copy.way = Way::kBehind;
  copy.from = step;
  return copy;
}

Step Step::eventually(std::size_t step) const {
  Step copy = *this;
  copy.way = Way::kEventually;
  copy.from = step;
  return copy;
}

Step Step::validated(Fields conditions, std::size_t step) const {
  Step copy = *this;
  copy.way = Way::kValidated;
  copy.from = step;
  append(copy.originSees, conditions);
  if (copy.origin.status == "200 OK") copy.origin = notModified();
  return copy;
}

Step Step::own(int code) const {
  Step copy = *this;
  copy.way = Way::kOwn;
  copy.status = code;
  return copy;
}

Step Step::broken() const {
  Step copy = *this;
  copy.way = Way::kBroken;
  return copy;
}

Step Step::error() const {
  Step copy = *this;
  copy.way = Way::kError;
  return copy;
}

Step Step::sees(Fields fields) const {
  Step copy = *this;
  append(copy.seen, fields);
  return copy;
}

Step Step::tells(Fields fields) const {
  Step copy = *this;
  append(copy.originSees, fields);
  return copy;
}

Step Step::code(int code) const {
  Step copy = *this;
  copy.status = code;
  return copy;
}

Step Step::text(std::string body) const {
  Step copy = *this;
  copy.seenBody = std::move(body);
  return copy;
}

Step Step::holds(Fields parts) const {
  Step copy = *this;
  append(copy.bodyParts, parts);
  return copy;
}

Step Step::later() const {
  Step copy = *this;
  copy.afterExpiry = true;
  return copy;
}

Step get(Fields request) {
  return {.method = "GET", .request = std::move(request)};
}

Step asked(std::string method, Fields request, std::string body) {
  return {.method = std::move(method), .request = std::move(request), .body = std::move(body)};
}

Step first(Fields answer, Fields request) {
  return get(std::move(request)).answered(ok(std::move(answer)));
}

Case reused(std::string section, std::string name, std::string quote, Answer answer, Fields request) {
  const Step asking = get(std::move(request));
  return {std::move(section), std::move(name), std::move(quote), {asking.answered(answer.with({kTag})), asking.hit()}};
}

Case notStored(std::string section, std::string name, std::string quote, Answer answer, Fields request) {
  const Step asking = get(std::move(request));
  return {std::move(section),
          std::move(name),
          std::move(quote),
          {asking.answered(answer.with({kTag})), asking.tells({"!If-None-Match", "!If-Modified-Since"})}};
}

Case askedAgain(std::string section, std::string name, std::string quote, Answer answer, Fields request) {
  const Step asking = get(std::move(request));
  return {std::move(section), std::move(name), std::move(quote), {asking.answered(answer.with({kTag})), asking}};
}

Case validatedAlways(std::string section, std::string name, std::string quote, Answer answer, Fields request) {
  const Step asking = get(std::move(request));
  return {std::move(section),
          std::move(name),
          std::move(quote),
          {asking.answered(answer.with({kTag})), asking.validated({"If-None-Match: \"kept\""})}};
}

Cases joined(std::initializer_list<Cases> parts) {
  Cases all;
  for (const Cases& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Cases allCases() {
  return joined({storingCases(), statusCases(), partialCases(), storedPartCases(), reuseCases(), freshnessCases(),
                 staleCases(), validationCases(), invalidationCases(), requestControlCases(), controlCases(),
                 targetedCases(), statusFieldCases()});
}

}  // namespace proxytest::cache
