// Whatever a backend sends: the same events however it comes in, and nothing in them that could leave as more than it
// is.
#include "common/http/response_parser.h"

#include <iterator>

#include "common/http/header_rules.h"
#include "tests/fuzz/lines.h"
#include "tests/fuzz/same_events.h"

using proxytest::ParsedResponse;

namespace {

// Where a response begins; the fuzzer goes on from there.
constexpr std::string_view kBeginnings[] = {
    "",
    "HTTP/1.1 ",
    "HTTP/1.0 200 OK\r\n",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: ",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: ",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
    "HTTP/1.1 200 OK\r\nConnection: ",
    "HTTP/1.1 204 No Content\r\nA: b\r\n ",
};

void requireHarmless(const ParsedResponse& parsed, std::string_view bytes) {
  REQUIRE(parsed.status >= 100 && parsed.status <= 999);
  REQUIRE(parsed.version == 10 || parsed.version == 11);
  REQUIRE(parsed.reason.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  REQUIRE(parsed.fields.find_first_of(std::string_view("\r\0", 2)) == std::string::npos);
  REQUIRE(parsed.trailers.find_first_of(std::string_view("\r\0", 2)) == std::string::npos);
  for (std::string_view rest = parsed.trailers; !rest.empty();) {
    const std::string_view line = proxytest::nextLine(rest);
    REQUIRE(proxycommon::isTrailer(line.substr(0, line.find(':'))));
  }
  REQUIRE(bytes.ends_with(parsed.unconsumed));
  REQUIRE(parsed.body.size() + parsed.unconsumed.size() <= bytes.size());
}

}  // namespace

// The first byte says how the response begins, and whether the request was a HEAD.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool toHead = data[0] % 2 != 0;
  std::string bytes{kBeginnings[data[0] / 2 % std::size(kBeginnings)]};
  bytes.append(reinterpret_cast<const char*>(data) + 1, size - 1);
  const ParsedResponse parsed = proxytest::requireSameEvents(bytes, toHead);
  if (!parsed.error.empty()) return 0;
  requireHarmless(parsed, bytes);
  if (toHead) REQUIRE(parsed.body.empty());
  return 0;
}
