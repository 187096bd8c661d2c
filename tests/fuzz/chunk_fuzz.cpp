// Chunked bodies: the same events however they come in, and what RequestWriter has framed is read back as it was.
#include <algorithm>

#include "common/http/request_writer.h"
#include "tests/fuzz/lines.h"
#include "tests/fuzz/same_events.h"

namespace {

using proxycommon::BodyFraming;
using proxycommon::HeaderFields;
using proxycommon::RequestWriter;

constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

// A body in pieces as long as its own bytes say.
std::string framed(std::string_view body, const HeaderFields& trailers) {
  RequestWriter writer(std::string{kHead}, {BodyFraming::Kind::kChunked, 0});
  std::string bytes;
  while (!writer.isDone()) {
    bytes.append(writer.first().data(), writer.first().size()).append(writer.second().data(), writer.second().size());
    writer.take(writer.first().size() + writer.second().size());
    if (!writer.wantsPiece()) continue;
    if (body.empty()) {
      writer.end(trailers);
      continue;
    }
    const std::size_t size = std::min<std::size_t>(body.size(), 1 + static_cast<unsigned char>(body.front()));
    writer.add(body.substr(0, size));
    body.remove_prefix(size);
  }
  return bytes;
}

// What the first bytes hold of fields, a line each.
HeaderFields trailersOf(std::string_view bytes) {
  bytes = bytes.substr(0, 200);
  HeaderFields trailers;
  while (!bytes.empty()) {
    const std::string_view line = proxytest::nextLine(bytes);
    const auto colon = std::min(line.find(':'), line.size());
    trailers.push_back({line.substr(0, colon), line.substr(std::min(colon + 1, line.size()))});
  }
  return trailers;
}

// Those that may stand there, as the recorder writes them.
std::string expected(const HeaderFields& trailers) {
  std::string text;
  for (const auto& [name, value] : trailers)
    if (proxycommon::isTrailer(name) && proxycommon::isFieldValue(value))
      text.append(name).append(": ").append(proxycommon::trimmed(value)).append("\n");
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  proxytest::requireSameEvents(std::string{kHead}.append(bytes), false);
  const HeaderFields trailers = trailersOf(bytes);
  const proxytest::ParsedResponse readBack = proxytest::requireSameEvents(framed(bytes, trailers), false);
  REQUIRE(readBack.error.empty());
  REQUIRE(readBack.body == bytes);
  REQUIRE(readBack.trailers == expected(trailers));
  REQUIRE(readBack.reusable && readBack.unconsumed.empty());
  return 0;
}
