// Any Set-Cookie: its attributes stay as many and as they are, but for the Domain and Path that a rule speaks of.
#include "common/http/set_cookie.h"

#include <vector>

#include "common/base/text.h"
#include "tests/fuzz/require.h"

namespace {

using namespace proxycommon;

const std::vector<CookieRule> kDomains = {{"b.test", "www.test"}};
const std::vector<CookieRule> kPaths = {{"/base", "/app"}, {"/base/deep/", "/"}};

std::vector<std::string_view> attributesOf(std::string_view value) {
  std::vector<std::string_view> attributes;
  for (;;) {
    const auto end = value.find(';');
    attributes.push_back(value.substr(0, end));
    if (end == std::string_view::npos) return attributes;
    value.remove_prefix(end + 1);
  }
}

// Whether a client reads it as that (RFC 6265 5.2).
bool isNamed(std::string_view attribute, std::string_view name) {
  return equalsIgnoringCase(trimmed(attribute.substr(0, attribute.find('='))), name);
}

std::string_view given(std::string_view attribute) {
  const auto equals = attribute.find('=');
  return equals == std::string_view::npos ? "" : trimmed(attribute.substr(equals + 1));
}

void requireMapped(std::string_view before, std::string_view after) {
  const bool isDomain = isNamed(before, "domain") &&
                        (equalsIgnoringCase(given(before), "b.test") || equalsIgnoringCase(given(before), ".b.test"));
  const bool isPath = isNamed(before, "path") && (given(before) == "/base" || given(before).starts_with("/base/"));
  if (!isDomain && !isPath) {
    REQUIRE(before == after);
    return;
  }
  const std::size_t name = before.find('=') + 1;
  REQUIRE(before.substr(0, name) == after.substr(0, name));
  if (isDomain) REQUIRE(given(after) == "www.test");
  if (!isPath) return;
  const bool isDeep = given(before).starts_with("/base/deep/");
  REQUIRE(given(after).starts_with(isDeep ? "/" : "/app"));
  const std::string_view rest = given(before).substr(isDeep ? 11 : 5);
  REQUIRE(given(after).ends_with(rest.starts_with('/') ? rest.substr(1) : rest));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  const auto mapped = mappedSetCookie(value, kDomains, kPaths);
  const auto before = attributesOf(value);
  const auto after = attributesOf(mapped ? *mapped : value);
  REQUIRE(before.size() == after.size());
  REQUIRE(before.front() == after.front());
  for (std::size_t place = 1; place < before.size(); ++place) requireMapped(before[place], after[place]);
  return 0;
}
