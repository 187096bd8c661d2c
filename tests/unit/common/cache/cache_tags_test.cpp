// Tags of responses, and of requests that purge.
#include "common/cache/cache_tags.h"

#include <boost/test/unit_test.hpp>

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(cache_tags)

namespace {

std::string tagged(const HeaderFields& fields) {
  const CacheTags found = cacheTags(fields);
  std::string text = found.isCut ? "(cut)" : "";
  for (const std::string& tag : found.tags) text.append("[").append(tag).append("]");
  return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(both_fields_are_read_each_by_its_own_separator) {
  BOOST_TEST(tagged({{"Cache-Tag", "a, b,c"}}) == "[a][b][c]");
  BOOST_TEST(tagged({{"cache-tag", ",, a ,"}}) == "[a]");
  BOOST_TEST(tagged({{"Surrogate-Key", "a b\tc"}}) == "[a][b][c]");
  BOOST_TEST(tagged({{"Surrogate-Key", "  a,b  c "}}) == "[a,b][c]");
  BOOST_TEST(tagged({{"Cache-Tag", "a"}, {"Cache-Tag", "b"}, {"Surrogate-Key", "c a"}}) == "[a][b][c]");
  BOOST_TEST(tagged({{"Cache-Tag", "A, a"}}) == "[A][a]");
  BOOST_TEST(tagged({{"Cache-Tag", ""}, {"X-Cache-Tag", "a"}}) == "");
}

BOOST_AUTO_TEST_CASE(what_is_no_tag_is_left_out_and_told) {
  BOOST_TEST(tagged({{"Cache-Tag", "a b, c"}}) == "(cut)[c]");
  BOOST_TEST(tagged({{"Surrogate-Key", "a\x80 b"}}) == "(cut)[b]");
  BOOST_TEST(tagged({{"Surrogate-Key", "a\x01 b"}}) == "(cut)[b]");
  const std::string longest(kMostTagLength, 'x');
  BOOST_TEST(tagged({{"Cache-Tag", longest}}) == "[" + longest + "]");
  const std::string longer = longest + "x";
  BOOST_TEST(tagged({{"Cache-Tag", longer}}) == "(cut)");
}

BOOST_AUTO_TEST_CASE(their_number_is_bounded) {
  std::string many;
  for (std::size_t number = 0; number <= kMostTags; ++number) many.append(std::to_string(number)).append(" ");
  const CacheTags found = cacheTags(HeaderFields{{"Surrogate-Key", many}});
  BOOST_TEST(found.tags.size() == kMostTags);
  BOOST_CHECK(found.isCut);
  many.resize(many.rfind(' ', many.size() - 2));
  BOOST_CHECK(!cacheTags(HeaderFields{{"Surrogate-Key", many}}).isCut);
}

BOOST_AUTO_TEST_CASE(a_tag_of_one_site_is_no_others) {
  const CacheTags tags = cacheTags(HeaderFields{{"Cache-Tag", "a, b"}});
  BOOST_CHECK((tagsOfSite("www:80", tags) == std::vector<std::string>{"www:80 a", "www:80 b"}));
  BOOST_CHECK(tagsOfSite("www:80", {}).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
