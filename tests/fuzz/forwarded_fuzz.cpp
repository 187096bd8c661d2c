// Forwarded: whatever a client says of itself, its element stays one, and a list that is appended to stays a list.
#include "common/http/forwarded.h"

#include "common/base/text.h"
#include "common/http/header_rules.h"
#include "tests/fuzz/lines.h"
#include "tests/fuzz/require.h"

namespace {

using namespace proxycommon;

// The pairs of an element as a reader takes them (RFC 7239 4), their values without quotes.
std::vector<std::pair<std::string, std::string>> pairsOf(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!text.empty()) {
    auto& [name, value] = pairs.emplace_back();
    for (; !text.empty() && text.front() != '='; text.remove_prefix(1)) name.push_back(text.front());
    REQUIRE(isToken(name) && text.size() > 1);
    text.remove_prefix(1);
    const bool isQuoted = text.front() == '"';
    if (isQuoted) text.remove_prefix(1);
    for (; !text.empty() && text.front() != (isQuoted ? '"' : ';'); text.remove_prefix(1)) {
      if (isQuoted && text.front() == '\\') text.remove_prefix(1);
      REQUIRE(!text.empty());
      value.push_back(text.front());
    }
    REQUIRE(isQuoted || isToken(value));
    REQUIRE(!isQuoted || !text.empty());
    if (isQuoted) text.remove_prefix(1);
    REQUIRE(text.empty() || text.front() == ';');
    if (!text.empty()) text.remove_prefix(1);
  }
  return pairs;
}

}  // namespace

// The client's address, the scheme and a list that has come, a line each; the rest is the Host.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view address = proxytest::nextLine(rest);
  const std::string_view proto = proxytest::nextLine(rest);
  const std::string_view received = proxytest::nextLine(rest);
  const ForwardedElement element = {{address, {}}, ForwardedNode{address, 443}, rest, proto};
  const std::string text = toString(element);
  REQUIRE(isForwardedList(text) && isFieldValue(text));
  const auto pairs = pairsOf(text);
  REQUIRE(pairs.size() == 2U + (rest.empty() ? 0 : 1) + (isToken(proto) ? 1 : 0));
  REQUIRE(pairs[0].first == "for" && pairs[1].first == "by");
  REQUIRE(pairs[1].second == pairs[0].second + ":443");
  std::string host{rest};
  std::erase_if(host, [](char c) { return !isFieldValue({&c, 1}); });
  if (!rest.empty()) REQUIRE(pairs[2] == std::pair(std::string("host"), host));
  if (isToken(proto)) REQUIRE(pairs.back() == std::pair(std::string("proto"), std::string(proto)));
  if (isForwardedList(received)) REQUIRE(isForwardedList(std::string{received} + ", " + text));
  return 0;
}
