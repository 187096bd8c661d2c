// A response as the parser understands it, fed in pieces of any size: for tables of expectations, and for comparing one
// way of feeding with another. Knows nothing of a test framework, so that fuzz targets use it too.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>

#include "common/http/response_parser.h"

namespace proxytest {

struct ParsedResponse {
  std::string error;  // the name of the error's kind; empty where all was good
  int status = 0;
  int version = 0;
  std::string reason;
  std::string fields;  // "name: value", one a line
  std::string body;
  std::string trailers;  // as fields
  bool bodyWasInsideFedBytes = true;
  bool reusable = false;
  std::string unconsumed;

  bool operator==(const ParsedResponse&) const = default;
};

class ResponseRecorder final : public proxycommon::ResponseEvents {
 public:
  ParsedResponse parsed;
  std::string pending;  // what has been fed and not been used

  proxycommon::Outcome onHead(proxycommon::ResponseHead& head) override {
    parsed.status = head.status;
    parsed.version = head.version;
    parsed.reason = head.reason;
    for (const auto& field : head.fields)
      parsed.fields.append(field.name).append(": ").append(field.value).append("\n");
    return {};
  }

  proxycommon::Outcome onBody(std::span<const char> bytes) override {
    const std::less_equal<const char*> notBehind;
    const bool inside = notBehind(pending.data(), bytes.data()) &&
                        notBehind(bytes.data() + bytes.size(), pending.data() + pending.size());
    parsed.bodyWasInsideFedBytes = parsed.bodyWasInsideFedBytes && inside;
    parsed.body.append(bytes.data(), bytes.size());
    return {};
  }

  proxycommon::Outcome onTrailers(const proxycommon::HeaderFields& fields) override {
    for (const auto& field : fields) parsed.trailers.append(field.name).append(": ").append(field.value).append("\n");
    return {};
  }
};

// Feeds `bytes` in pieces, of the sizes that `nextSize` gives, each behind what was left of the one before; then the
// end of the connection, unless the response has ended by itself.
template <class NextSize>
ParsedResponse parseResponse(std::string_view bytes, bool toHead, NextSize nextSize) {
  ResponseRecorder recorder;
  proxycommon::ResponseParser parser(toHead, recorder);
  const auto failed = [&](const proxycommon::Error& error) {
    recorder.parsed.error = proxycommon::traitsOf(error.kind).name;
    return recorder.parsed;
  };
  while (!bytes.empty() && !parser.isDone()) {
    const std::size_t size = std::clamp<std::size_t>(nextSize(), 1, bytes.size());
    recorder.pending.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
    const auto used = parser.feed(recorder.pending);
    if (!used) return failed(used.error());
    recorder.pending.erase(0, *used);
  }
  if (!parser.isDone())
    if (const auto ended = parser.feedEnd(); !ended) return failed(ended.error());
  recorder.parsed.reusable = parser.keepsConnection();
  recorder.parsed.unconsumed = recorder.pending.append(bytes);
  return recorder.parsed;
}

inline ParsedResponse parseWhole(std::string_view bytes, bool toHead = false) {
  return parseResponse(bytes, toHead, [&] { return bytes.size(); });
}
inline ParsedResponse parseInPieces(std::string_view bytes, std::size_t size, bool toHead = false) {
  return parseResponse(bytes, toHead, [size] { return size; });
}

}  // namespace proxytest
