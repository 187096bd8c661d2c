// Set-Cookie: where a backend's cookies belong, on the client's side.
#include "common/http/set_cookie.h"

#include <boost/test/unit_test.hpp>
#include <vector>

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(set_cookie)

namespace {

const std::vector<CookieRule> kDomains = {{"backend.internal", "www.test"}, {".other.internal", ".other.test"}};
const std::vector<CookieRule> kPaths = {{"/base", "/app"}, {"/base/deep", "/deep/"}, {"/slash/", "/s"}};
constexpr std::string_view kUnchanged = "(unchanged)";

std::string mapped(std::string_view value, std::span<const CookieRule> domains = kDomains,
                   std::span<const CookieRule> paths = kPaths) {
  return mappedSetCookie(value, domains, paths).value_or(std::string{kUnchanged});
}

struct Row {
  std::string_view value;
  std::string_view expected;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_domain_is_mapped_whole_and_without_case) {
  const Row rows[] = {
      {"a=b; Domain=backend.internal", "a=b; Domain=www.test"},
      {"a=b;domain=BACKEND.Internal;Secure", "a=b;domain=www.test;Secure"},
      {"a=b; DOMAIN = .backend.internal ; HttpOnly", "a=b; DOMAIN =www.test; HttpOnly"},
      {"a=b; Domain=other.internal; Max-Age=1; SameSite=Lax", "a=b; Domain=.other.test; Max-Age=1; SameSite=Lax"},
      {"a=b; Domain=sub.backend.internal", kUnchanged},
      {"a=b; Domain=notbackend.internal", kUnchanged},
      {"a=b; Domain=backend.internal.test", kUnchanged},
      {"a=b; Domain=", kUnchanged},
      {"a=b; Domain", kUnchanged},
      // Neither the cookie itself, whatever its name, nor what only ends so.
      {"domain=backend.internal", kUnchanged},
      {"Domain=backend.internal; Domain=backend.internal", "Domain=backend.internal; Domain=www.test"},
      {"a=b; MyDomain=backend.internal", kUnchanged},
      {"a=b; x=Domain=backend.internal", kUnchanged},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.value) {
      BOOST_TEST(mapped(row.value) == row.expected);
    }
}

BOOST_AUTO_TEST_CASE(of_a_path_the_first_segments_are_mapped) {
  const Row rows[] = {
      {"a=b; Path=/base", "a=b; Path=/app"},
      {"a=b; path=/base/", "a=b; path=/app/"},
      {"a=b; PATH=/base/x;Secure", "a=b; PATH=/app/x;Secure"},
      {"a=b; Path=/base/deep/x", "a=b; Path=/deep/x"},
      {"a=b; Path=/base/deep", "a=b; Path=/deep/"},
      {"a=b; Path=/slash/", "a=b; Path=/s"},
      {"a=b; Path=/slash/x", "a=b; Path=/s/x"},
      {"a=b; Path=/based", kUnchanged},
      {"a=b; Path=/Base", kUnchanged},
      {"a=b; Path=/", kUnchanged},
      {"a=b; Path=/other/base", kUnchanged},
      {"path=/base", kUnchanged},
      {"a=/base; XPath=/base", kUnchanged},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.value) {
      BOOST_TEST(mapped(row.value) == row.expected);
    }
  const std::vector<CookieRule> root = {{"/", "/app"}};
  BOOST_TEST(mapped("a=b; Path=/", {}, root) == "a=b; Path=/app");
  BOOST_TEST(mapped("a=b; Path=/x", {}, root) == "a=b; Path=/app/x");
  const std::vector<CookieRule> back = {{"/base", "/"}};
  BOOST_TEST(mapped("a=b; Path=/base", {}, back) == "a=b; Path=/");
  BOOST_TEST(mapped("a=b; Path=/base/", {}, back) == "a=b; Path=/");
  BOOST_TEST(mapped("a=b; Path=/base/x", {}, back) == "a=b; Path=/x");
}

BOOST_AUTO_TEST_CASE(both_are_mapped_and_all_else_stays) {
  BOOST_TEST(
      mapped("id=\"a b\"; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/base; Domain=backend.internal;; Secure; x") ==
      "id=\"a b\"; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/app; Domain=www.test;; Secure; x");
  for (const std::string_view value : {"", ";", ";;", "=", "a", "a;", "a; =", "a;=;", "; Secure"})
    BOOST_TEST(mapped(value) == kUnchanged, value);
  const std::string longValue = "a=" + std::string(100'000, 'x') + "; Path=/base/";
  BOOST_TEST(mapped(longValue + std::string(100'000, 'y')) ==
             "a=" + std::string(100'000, 'x') + "; Path=/app/" + std::string(100'000, 'y'));
  BOOST_TEST(mapped("a=b; Path=/base", {}, {}) == kUnchanged);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
