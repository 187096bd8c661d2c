// See case_origin.h.
#include "tests/integration/cache/case_origin.h"

#include <array>
#include <cstdio>
#include <utility>

namespace proxytest::cache {
namespace {

std::string hexadecimal(std::size_t number) {
  std::array<char, 20> text{};
  std::snprintf(text.data(), text.size(), "%zx", number);
  return text.data();
}

std::string headOf(const Answer& answer, const std::string& framing) {
  std::string head = "HTTP/1.1 " + answer.status + "\r\n";
  for (const std::string& field : answer.fields) head += field + "\r\n";
  return head + framing + "\r\n";
}

bool hasNoBody(const Answer& answer) {
  return answer.status.starts_with("204") || answer.status.starts_with("304") || answer.status.starts_with("1");
}

std::string bytesOf(const Answer& answer, bool headOnly) {
  const std::string body = answer.body.value_or("");
  const std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n";
  const std::string chunk = hexadecimal(body.size()) + "\r\n" + body + "\r\n";
  if (hasNoBody(answer)) return headOf(answer, "");
  if (headOnly) return headOf(answer, length);
  switch (answer.framing) {
    case Answer::Framing::kChunked:
      return headOf(answer, "Transfer-Encoding: chunked\r\n") + chunk + "0\r\n\r\n";
    case Answer::Framing::kInterim:
      return "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n" + headOf(answer, length) + body;
    case Answer::Framing::kTrailers:
      return headOf(answer, "Transfer-Encoding: chunked\r\nTrailer: X-Trailer\r\n") + chunk +
             "0\r\nX-Trailer: behind\r\n\r\n";
    case Answer::Framing::kCutChunks:
      return headOf(answer, "Transfer-Encoding: chunked\r\n") + chunk;
    case Answer::Framing::kUntilClose:
      return headOf(answer, "Connection: close\r\n") + body;
    case Answer::Framing::kCut:
      return headOf(answer, length) + body.substr(0, body.size() / 2);
    case Answer::Framing::kNothing:
      return "";
    default:
      return headOf(answer, length) + body;
  }
}

bool staysOpen(const Answer& answer) {
  using Framing = Answer::Framing;
  return answer.framing == Framing::kLength || answer.framing == Framing::kChunked ||
         answer.framing == Framing::kTrailers || answer.framing == Framing::kInterim;
}

// The first segment of the path.
std::string baseOf(const std::string& target) {
  return target.substr(0, target.find_first_of("/?", 1));
}

bool isConditional(const OriginRequest& request) {
  return headerValue(request.headers(), "If-None-Match") || headerValue(request.headers(), "If-Modified-Since");
}

}  // namespace

CaseOrigin::CaseOrigin() : origin_([this](OriginConnection& connection) { serve(connection); }) {}

void CaseOrigin::prepare(const std::string& base, Answer answer, Answer unconditional) {
  const std::lock_guard lock(mutex_);
  places_[base] = {std::move(answer), std::move(unconditional), {}};
}

std::vector<OriginRequest> CaseOrigin::seen(const std::string& base) const {
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(base);
  return place == places_.end() ? std::vector<OriginRequest>{} : place->second.requests;
}

Answer CaseOrigin::answerTo(const OriginRequest& request) {
  const std::lock_guard lock(mutex_);
  Place& place = places_[baseOf(request.target())];
  place.requests.push_back(request);
  return isConditional(request) ? place.answer : place.unconditional;
}

void CaseOrigin::serve(OriginConnection& connection) {
  while (const auto request = connection.readRequest()) {
    const Answer answer = answerTo(*request);
    connection.write(bytesOf(answer, request->method() == "HEAD"));
    if (!staysOpen(answer)) return;
  }
}

}  // namespace proxytest::cache
