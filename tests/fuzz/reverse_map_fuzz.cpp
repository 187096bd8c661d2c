// URLs in a response, from any backend and by any rule: what is mapped leads to this server alone, and all else of the
// field is as it came.
#include "mod_revproxy/reverse_map.h"

#include <vector>

#include "common/base/text.h"
#include "common/http/url.h"
#include "tests/fuzz/lines.h"
#include "tests/fuzz/require.h"

namespace {

using namespace revproxy;

constexpr std::string_view kOwn = "https://www.test";

// What a client makes of it (WHATWG URL 4.4): tabs are left out, and a backslash is a slash.
bool namesHost(std::string_view url) {
  std::string seen;
  for (const char c : url)
    if (c != '\t') seen.push_back(c == '\\' ? '/' : c);
  return !seen.starts_with('/') || seen.starts_with("//");
}

void requireOwn(std::string_view url, std::string_view path, std::string_view value) {
  if (url.starts_with(kOwn)) {
    url.remove_prefix(kOwn.size());
  } else {
    REQUIRE(!namesHost(url));
  }
  REQUIRE(url.starts_with(path));
  url.remove_prefix(path.size());
  REQUIRE(value.ends_with(url) || (url.starts_with('/') && value.ends_with(url.substr(1))));
}

void requireMapped(std::string_view field, std::string_view value, std::span<const ReverseRule> rules) {
  const auto mapped = reverseMapped(field, value, rules, kOwn);
  if (!mapped) return;
  std::size_t start = 0;
  if (field == "Refresh") start = proxycommon::lowered(value).find("url=") + 4;
  REQUIRE(start <= value.size() && value.substr(0, start) == std::string_view(*mapped).substr(0, start));
  requireOwn(std::string_view(*mapped).substr(start), rules.front().path, value);
  REQUIRE(mapped->size() <= value.size() + kOwn.size() + rules.front().path.size() + 1);
}

}  // namespace

// The first two lines are a rule, as far as the directive takes it, the rest is what the backend says.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::string path = "/" + std::string{proxytest::nextLine(rest)};
  const std::string url{proxytest::nextLine(rest)};
  std::vector<ReverseRule> rules = {{"/", "http://b/base"}};
  if (namesHost(path)) path = "/";
  requireMapped("Location", rest, rules);
  requireMapped("Refresh", rest, rules);
  if (!proxycommon::parseUrl(url)) return 0;
  rules = {{path, url}};
  requireMapped("Location", rest, rules);
  requireMapped("Refresh", rest, rules);
  return 0;
}
