// Fields from any peer: of one hop's none goes on, what goes on can be written, and promises of time are bounded.
#include "common/http/header_rules.h"

#include <vector>

#include "common/http/h2_request.h"
#include "common/http/request_head.h"
#include "tests/fuzz/lines.h"
#include "tests/fuzz/require.h"

namespace {

using namespace proxycommon;

HeaderFields fieldsOf(std::string_view text) {
  HeaderFields fields;
  while (!text.empty()) {
    const std::string_view line = proxytest::nextLine(text);
    const auto colon = std::min(line.find(':'), line.size());
    fields.push_back({line.substr(0, colon), trimmed(line.substr(std::min(colon + 1, line.size())))});
  }
  return fields;
}

void requireForwardable(const HeaderFields& received, const HeaderFields& forwarded) {
  const ConnectionOptions options(received);
  const HeaderField* te = findField(forwarded, "TE");
  const std::size_t added = te ? 2 : 0;  // TE, and the Connection that names it
  if (te) REQUIRE(te->value == "trailers" && te + 2 == forwarded.data() + forwarded.size());
  for (const HeaderField& field : std::span(forwarded).first(forwarded.size() - added)) {
    REQUIRE(!isHopByHop(field.name) && !options.removes(field.name));
    REQUIRE(!equalsIgnoringCase(field.name, "content-length"));
  }
  // Who asks, and of whom, stays.
  for (const HeaderField& field : received)
    if (equalsIgnoringCase(field.name, "authorization")) REQUIRE(findField(forwarded, "authorization"));
}

// One line for each field, or nothing at all.
void requireOneLineEach(const HeaderFields& fields) {
  std::string head;
  if (!appendRequestHead({"GET", "/", fields, {}}, head)) return;
  std::size_t lines = 0;
  for (std::string_view rest = head; !rest.empty(); ++lines) {
    const std::string_view line = proxytest::nextLine(rest);
    REQUIRE(line.ends_with('\r') && line.find('\r') == line.size() - 1);
  }
  REQUIRE(lines == fields.size() + 2);
}

// HTTP/2 takes what HTTP/1.1 takes, without what it must not carry (RFC 9113 8.2).
void requireSameOverH2(const HeaderFields& fields) {
  std::string head;
  const auto made = makeH2Request({"GET", "/", fields, {}}, "http");
  REQUIRE(static_cast<bool>(made) == static_cast<bool>(appendRequestHead({"GET", "/", fields, {}}, head)));
  if (!made) return;
  for (const H2Field& field : made->fields) {
    REQUIRE(field.name == lowered(field.name) && isFieldValue(field.value) && trimmed(field.value) == field.value);
    REQUIRE(!isHopByHop(field.name) || (field.name == "te" && field.value == "trailers"));
    REQUIRE(field.name != "host");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const HeaderFields received = fieldsOf(text);
  const HeaderFields forwarded = forwardableFields(received);
  requireForwardable(received, forwarded);
  requireOneLineEach(forwarded);
  requireSameOverH2(received);
  requireSameOverH2(forwarded);
  const HeaderField keepAlive[] = {{"Keep-Alive", text}};
  for (const auto promised : {promisedIdleTime(received), promisedIdleTime(keepAlive)})
    if (promised) REQUIRE(*promised >= milliseconds{0} && *promised <= std::chrono::hours{24});
  return 0;
}
