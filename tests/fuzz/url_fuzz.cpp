// URLs and paths from anywhere: what is accepted has one meaning, and what is escaped can stand in a request line.
#include "common/http/url.h"

#include <algorithm>

#include "common/http/header_rules.h"
#include "common/net/ip_address.h"
#include "tests/fuzz/require.h"

namespace {

using namespace proxycommon;

void requireOneMeaning(const Authority& authority) {
  REQUIRE(!authority.host.empty() && authority.host.size() <= 253);
  REQUIRE(authority.port.value_or(1) != 0);
  const bool isV6 = authority.host.find(':') != std::string::npos;
  if (isV6) {
    REQUIRE(IpAddress::parse(authority.host).has_value());
  } else {
    REQUIRE(authority.host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-._") == std::string::npos);
    REQUIRE(!authority.host.ends_with('.'));
  }
  const auto again = parseAuthority(authority.toString(0));
  REQUIRE(again && again->host == authority.host && again->port == authority.port);
}

std::string unescaped(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'A' + 10; };
  std::string result;
  for (; !text.empty(); text.remove_prefix(1)) {
    if (text.front() != '%') {
      result.push_back(text.front());
      continue;
    }
    REQUIRE(text.size() >= 3);
    result.push_back(static_cast<char>(digit(text[1]) * 16 + digit(text[2])));
    text.remove_prefix(2);
  }
  return result;
}

void requireGoodEscapes(std::string_view text) {
  const std::string target = escapedTarget(text);
  const std::string path = escapedPath(text);
  REQUIRE(text.empty() || isRequestTarget(target));
  REQUIRE(text.empty() || isRequestTarget(path));
  REQUIRE(escapedTarget(target) == target);
  REQUIRE(unescaped(path) == text);
  const std::size_t half = text.size() / 2;
  const auto remainder = encodedRemainder(path, text, half);
  REQUIRE(remainder && unescaped(*remainder) == text.substr(half));
}

// Any two texts: what comes is the end of the first, and nothing comes for a prefix that is not there.
void requireRemainderIsAnEnd(std::string_view text) {
  const std::size_t middle = std::min(text.find('\n'), text.size());
  const std::string_view encoded = text.substr(0, middle);
  const std::string_view decoded = text.substr(std::min(middle + 1, text.size()));
  for (std::size_t length = 0; length <= decoded.size() + 1; length += 1 + decoded.size() / 4) {
    const auto remainder = encodedRemainder(encoded, decoded, length);
    if (!remainder) continue;
    REQUIRE(length <= decoded.size());
    REQUIRE(remainder->data() + remainder->size() == encoded.data() + encoded.size());
    REQUIRE(remainder->size() >= decoded.size() - length);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto authority = parseAuthority(text)) requireOneMeaning(*authority);
  if (const auto url = parseUrl(text)) {
    requireOneMeaning(url->authority);
    REQUIRE(url->target.starts_with('/'));
    REQUIRE(isRequestTarget(escapedTarget(url->target)));
  }
  requireGoodEscapes(text);
  requireRemainderIsAnEnd(text);
  return 0;
}
