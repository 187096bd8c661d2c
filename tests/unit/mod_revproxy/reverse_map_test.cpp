// URLs in a backend's response, mapped back to the proxy's own.
#include "mod_revproxy/reverse_map.h"

#include <boost/test/unit_test.hpp>
#include <vector>

namespace proxytest {

using namespace revproxy;

BOOST_AUTO_TEST_SUITE(reverse_map)

namespace {

constexpr std::string_view kOwn = "https://www.test";
constexpr std::string_view kUnchanged = "(unchanged)";

std::string mapped(const std::vector<ReverseRule>& rules, std::string_view value, std::string_view field = "Location") {
  return reverseMapped(field, value, rules, kOwn).value_or(std::string{kUnchanged});
}

}  // namespace

BOOST_AUTO_TEST_CASE(fields_that_carry_a_url_are_known_without_case) {
  for (const char* name : {"Location", "content-LOCATION", "URI", "Destination", "Refresh"})
    BOOST_TEST(carriesUrl(name), name);
  for (const char* name : {"Locations", "Link", "Set-Cookie", "Host", ""}) BOOST_TEST(!carriesUrl(name), name);
}

BOOST_AUTO_TEST_CASE(a_url_of_the_backend_becomes_one_of_the_proxy) {
  struct Row {
    std::string_view path;
    std::string_view url;
    std::string_view value;
    std::string_view expected;
  };
  const Row rows[] = {
      {"/app", "http://b:8080", "http://b:8080/x?y#z", "https://www.test/app/x?y#z"},
      {"/app", "http://b:8080", "http://b:8080", "https://www.test/app"},
      {"/app", "http://b:8080", "http://b:8080?y", "https://www.test/app?y"},
      {"/app", "http://b/", "http://b/x", "https://www.test/app/x"},
      {"/app", "http://b/", "http://b/", "https://www.test/app/"},
      {"/app/", "http://b", "http://b/x", "https://www.test/app/x"},
      {"/app/", "http://b/", "http://b/x", "https://www.test/app/x"},
      {"/", "http://b/base/", "http://b/base/x", "https://www.test/x"},
      {"/", "http://b/base", "http://b/base/x", "https://www.test/x"},
      {"/", "http://b/base", "http://b/base", "https://www.test/"},
      {"/app", "http://b/Base", "HTTP://B/Base/x", "https://www.test/app/x"},
      {"/app", "http://b/Base", "http://b/base/x", kUnchanged},
      {"/app", "http://b/base", "http://b/based", kUnchanged},
      {"/app", "http://b", "http://b.evil.test/", kUnchanged},
      {"/app", "http://b", "http://b:81/", kUnchanged},
      {"/app", "http://b", "http://b@evil.test/", kUnchanged},
      {"/app", "http://b", "http://bb/", kUnchanged},
      {"/app", "http://b", "https://b/", kUnchanged},
      {"/app", "http://b", "http://other/?u=http://b/", kUnchanged},
      {"/app", "http://b", "", kUnchanged},
      // A port that is the scheme's own says nothing.
      {"/app", "http://b/", "http://b:80/x", "https://www.test/app/x"},
      {"/app", "http://b:80/", "http://b/x", "https://www.test/app/x"},
      {"/app", "http://b:80", "http://B", "https://www.test/app"},
      {"/app", "http://b", "http://b:80?y", "https://www.test/app?y"},
      {"/app", "http://b", "http://b:/x", "https://www.test/app/x"},
      {"/app", "https://b:443/base", "HTTPS://b/base/x", "https://www.test/app/x"},
      {"/app", "https://b/", "https://b:443/x", "https://www.test/app/x"},
      {"/app", "http://[2001:db8::80]/", "http://[2001:db8::80]:80/x", "https://www.test/app/x"},
      {"/app", "http://[2001:db8::80]/", "http://[2001:db8:]/x", kUnchanged},
      {"/app", "http://b/", "http://b:443/x", kUnchanged},
      {"/app", "https://b/", "https://b:80/x", kUnchanged},
      {"/app", "http://b/", "https://b:80/x", kUnchanged},
      {"/app", "http://b/", "http://b:8080/x", kUnchanged},
      {"/app", "http://b/", "http://b:80@evil.test/x", kUnchanged},
      {"/app", "http://b/", "ftp://b:80/x", kUnchanged},
      // Paths stay paths.
      {"/app", "http://b", "/x", "/app/x"},
      {"/app", "http://b", "/", "/app/"},
      {"/app", "http://b/base", "/base/x?y", "/app/x?y"},
      {"/app", "http://b/base", "/base", "/app"},
      {"/app", "http://b/base", "/based", kUnchanged},
      {"/app", "http://b/base", "/other", kUnchanged},
      {"/app", "http://b/base", "x/y", kUnchanged},
      // A path with two slashes in front is another host's URL.
      {"/app", "http://b", "//b/x", kUnchanged},
      {"/app", "http://b", "//evil.test/x", kUnchanged},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.value << " by " << row.path << " " << row.url) {
      BOOST_TEST(mapped({{std::string{row.path}, std::string{row.url}}}, row.value) == row.expected);
    }
}

BOOST_AUTO_TEST_CASE(of_several_rules_the_longest_url_is_meant) {
  const std::vector<ReverseRule> rules = {{"/a", "http://b"}, {"/c", "http://b/deep/"}, {"/d", "http://b/deep/er"}};
  BOOST_TEST(mapped(rules, "http://b/x") == "https://www.test/a/x");
  BOOST_TEST(mapped(rules, "http://b/deep/x") == "https://www.test/c/x");
  BOOST_TEST(mapped(rules, "http://b/deep/er/x") == "https://www.test/d/x");
  BOOST_TEST(mapped(rules, "/deep/er") == "/d");
  BOOST_TEST(mapped({}, "http://b/x") == kUnchanged);
}

// Clients take "//host", and what they make the same of, for the URL of a host.
BOOST_AUTO_TEST_CASE(a_path_never_becomes_the_url_of_another_host) {
  const std::vector<ReverseRule> rules = {{"/", "http://b/base"}};
  BOOST_TEST(mapped(rules, "/base/x//y") == "/x//y");
  BOOST_TEST(mapped(rules, "/base/\tx") == "/\tx");
  for (const char* path : {"//evil.test/x", "/\\evil.test/x", "/\t/evil.test/x", "/\t\t\\evil.test/x", "///evil.test"})
    BOOST_TEST(mapped(rules, std::string{"/base"} + path) == std::string{"https://www.test"} + path);
  BOOST_TEST(mapped(rules, "0;url=/base//evil.test", "Refresh") == "0;url=https://www.test//evil.test");
  BOOST_TEST(mapped({{"/", "http://b/base/"}}, "/base//evil.test") == "/evil.test");
}

BOOST_AUTO_TEST_CASE(refresh_carries_its_url_behind_a_delay) {
  const std::vector<ReverseRule> rules = {{"/app", "http://b"}};
  BOOST_TEST(mapped(rules, "5; url=http://b/x", "Refresh") == "5; url=https://www.test/app/x");
  BOOST_TEST(mapped(rules, "0;URL=/x", "refresh") == "0;URL=/app/x");
  BOOST_TEST(mapped(rules, "5", "Refresh") == kUnchanged);
  BOOST_TEST(mapped(rules, "", "Refresh") == kUnchanged);
  BOOST_TEST(mapped(rules, "5; url=", "Refresh") == kUnchanged);
  BOOST_TEST(mapped(rules, "5; url=http://other/", "Refresh") == kUnchanged);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
