// RFC 9111 2: keys of the cache, and their digests.
#include "common/cache/cache_key.h"

#include <boost/test/unit_test.hpp>

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(cache_key)

namespace {

std::string keyOf(std::string_view scheme, std::string_view host, std::string_view target) {
  return cacheKeyText("site:80", scheme, host, target);
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_told_of_a_digest_are_its_first_digits) {
  const Digest digest = digestOf("site:80 http://www.test/");
  const auto brief = digest.brief();
  BOOST_TEST(std::string(brief.data(), brief.size()) == digest.hex().substr(0, 16));
}

BOOST_AUTO_TEST_CASE(a_uri_has_one_text) {
  const struct {
    std::string_view scheme;
    std::string_view host;
    std::string_view target;
    std::string_view expected;
  } rows[] = {
      {"http", "www.test", "/", "site:80 http://www.test/"},
      {"HTTP", "WWW.Test", "/A", "site:80 http://www.test/A"},
      {"http", "www.test:80", "/", "site:80 http://www.test/"},
      {"http", "www.test:", "/", "site:80 http://www.test/"},
      {"https", "www.test:443", "/", "site:80 https://www.test/"},
      {"https", "www.test:80", "/", "site:80 https://www.test:80/"},
      {"http", "www.test:8080", "/", "site:80 http://www.test:8080/"},
      {"http", "[2001:DB8::1]", "/", "site:80 http://[2001:db8::1]/"},
      {"http", "[2001:db8::80]:80", "/", "site:80 http://[2001:db8::80]/"},
      {"http", "www.test", "/a?b=C&d", "site:80 http://www.test/a?b=C&d"},
      {"http", "www.test", "/%7Ea", "site:80 http://www.test/%7Ea"},
  };
  for (const auto& row : rows)
    BOOST_TEST_CONTEXT(row.expected) BOOST_TEST(keyOf(row.scheme, row.host, row.target) == row.expected);
}

BOOST_AUTO_TEST_CASE(sites_never_share) {
  BOOST_TEST(cacheKeyText("a:80", "http", "www.test", "/") != cacheKeyText("b:80", "http", "www.test", "/"));
}

// What is purged by the front of a URL is found wherever it leads.
BOOST_AUTO_TEST_CASE(the_place_stands_behind_the_uri) {
  const std::string text = cacheKeyText("site:80", "http", "www.test", "/a", "http://inner/b/");
  BOOST_TEST(text == "site:80 http://www.test/a http://inner/b/");
  BOOST_TEST(text.starts_with(keyOf("http", "www.test", "/a")));
  BOOST_TEST(!text.starts_with(keyOf("http", "www.test", "/a/")));
}

BOOST_AUTO_TEST_CASE(variants_hang_on_resource_salt_and_selection) {
  const Digest primary = digestOf("a");
  const VaryMarker marker{{1}, {"x-a"}};
  const Digest key = variantKey(primary, marker, "one");
  BOOST_CHECK(key == variantKey(primary, marker, "one"));
  BOOST_CHECK(key != variantKey(digestOf("b"), marker, "one"));
  BOOST_CHECK(key != variantKey(primary, {{2}, {"x-a"}}, "one"));
  BOOST_CHECK(key != variantKey(primary, marker, "two"));
  BOOST_CHECK(key != primary);
}

// RFC 6234's and FIPS 180's own examples.
BOOST_AUTO_TEST_CASE(a_digest_is_the_front_of_sha_256) {
  BOOST_TEST(digestOf("abc").hex() == "ba7816bf8f01cfea414140de5dae2223");
  BOOST_TEST(digestOf("").hex() == "e3b0c44298fc1c149afbf4c8996fb924");
  BOOST_TEST(Digest{}.hex() == "00000000000000000000000000000000");
  BOOST_CHECK(digestOf("abc").word() != 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
