// Chunked bodies: the same events however they come in, and what RequestWriter has framed is read back as it was.
#include <algorithm>

#include "common/http/request_writer.h"
#include "tests/fuzz/same_events.h"

namespace {

using proxycommon::BodyFraming;
using proxycommon::RequestWriter;

constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

// A body in pieces as long as its own bytes say.
std::string framed(std::string_view body) {
  RequestWriter writer(std::string{kHead}, {BodyFraming::Kind::kChunked, 0});
  std::string bytes;
  while (!writer.isDone()) {
    bytes.append(writer.first().data(), writer.first().size()).append(writer.second().data(), writer.second().size());
    writer.take(writer.first().size() + writer.second().size());
    if (!writer.wantsPiece()) continue;
    if (body.empty()) {
      writer.end();
      continue;
    }
    const std::size_t size = std::min<std::size_t>(body.size(), 1 + static_cast<unsigned char>(body.front()));
    writer.add(body.substr(0, size));
    body.remove_prefix(size);
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  proxytest::requireSameEvents(std::string{kHead}.append(bytes), false);
  const proxytest::ParsedResponse readBack = proxytest::requireSameEvents(framed(bytes), false);
  REQUIRE(readBack.error.empty());
  REQUIRE(readBack.body == bytes);
  REQUIRE(readBack.reusable && readBack.unconsumed.empty());
  return 0;
}
