// RFC 9213: fields that take the place of Cache-Control for some caches.
#include <boost/test/unit_test.hpp>

#include "common/cache/cache_control.h"
#include "common/cache/structured_dictionary.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(targeted_control)

namespace {

constexpr std::string_view kName = "CDN-Cache-Control";

// Seconds of max-age; -1: it has none; -2: the field is to be ignored.
long maxAgeOf(std::string_view value) {
  const auto control = parseTargetedControl(HeaderFields{{kName, value}}, kName);
  if (!control) return -2;
  return control->maxAge ? static_cast<long>(control->maxAge->count()) : -1;
}

}  // namespace

// RFC 9213 2.1, RFC 8941 4.2.
BOOST_AUTO_TEST_CASE(it_is_a_dictionary) {
  const struct {
    std::string_view value;
    long expected;
  } rows[] = {
      {"max-age=60", 60},
      {"  max-age=60  ", 60},
      {"a, max-age=60", 60},
      {"max-age=60;foo=bar;b", 60},
      {"max-age=60\t,\t b", 60},
      {"max-age=1, max-age=60", 60},
      {"a=(1 2;x \"y\");z, max-age=60", 60},
      {"a=:YWJj:, max-age=60", 60},
      {"a=*tok/en:x, max-age=60", 60},
      {"a=\"q\\\"\\\\\", max-age=60", 60},
      {"a=?1, b=?0, max-age=60", 60},
      {"a=-1.5, max-age=60", 60},
      {"max-age=99999999999", 2147483648L},
      {"max-age=-5", -2},
      {"max-age=1.5", -2},
      {"max-age=60.0", -2},
      {"max-age=\"60\"", -2},
      {"max-age=sixty", -2},
      {"max-age=(60)", -2},
      {"max-age=?0", -2},
      {"max-age", -2},
      {"max-age=x, max-age=60", 60},
      {"max-age=60, s-maxage=\"5\"", -2},
      {"max-age=60, stale-if-error=5.5", -2},
      {"max-age=60, stale-while-revalidate", -2},
      {"max-age=60, max-stale, min-fresh=x", 60},
      {"no-store", -1},
      {"", -2},
      {"   ", -2},
      {"Max-Age=60", -2},
      {"max-age=60,", -2},
      {"max-age=60,,b", -2},
      {"max-age =60", -2},
      {"max-age= 60", -2},
      {"max-age=60 b", -2},
      {"max-age=60;", -2},
      {"max-age=1234567890123456", -2},
      {"max-age=1.2345", -2},
      {"max-age=1.", -2},
      {"max-age=-", -2},
      {"a=\"open, max-age=60", -2},
      {"a=\"\\x\", max-age=60", -2},
      {"a=(1 2, max-age=60", -2},
      {"a=(1,2), max-age=60", -2},
      {"a=:YW, max-age=60", -2},
      {"a=?2, max-age=60", -2},
      {"&, max-age=60", -2},
  };
  for (const auto& [value, expected] : rows) BOOST_TEST_CONTEXT(value) BOOST_TEST(maxAgeOf(value) == expected);
}

BOOST_AUTO_TEST_CASE(directives_mean_what_they_mean_elsewhere) {
  const HeaderFields fields{{kName, "private=\"x-a\", no-cache=?0, must-revalidate"}, {kName, "s-maxage=5, no-store"}};
  const auto control = parseTargetedControl(fields, kName);
  BOOST_REQUIRE(control);
  BOOST_CHECK(control->isTargeted && control->mustRevalidate && control->noStore);
  BOOST_CHECK(!control->noCache && !control->isPrivate);
  BOOST_CHECK((control->privateFields == std::vector<std::string_view>{"x-a"}));
  BOOST_CHECK(control->sharedMaxAge == Seconds{5});
}

// RFC 9213 2.2.
BOOST_AUTO_TEST_CASE(the_first_valid_target_wins) {
  const CachePolicy policy{.targets = {"Our-Cache-Control", "CDN-Cache-Control"}};
  const HeaderField own{"our-cache-control", "max-age=1"};
  const HeaderField cdn{"CDN-Cache-Control", "max-age=2"};
  const HeaderField usual{"Cache-Control", "max-age=3"};
  const auto chosen = [&](const HeaderFields& fields) { return responseControl(fields, policy).maxAge->count(); };
  BOOST_TEST(chosen({usual, cdn, own}) == 1);
  BOOST_TEST(chosen({usual, cdn}) == 2);
  BOOST_TEST(chosen({usual}) == 3);
  BOOST_TEST(chosen({usual, cdn, {"Our-Cache-Control", ""}}) == 2);
  BOOST_TEST(chosen({usual, cdn, {"Our-Cache-Control", "?"}}) == 2);
  BOOST_TEST(responseControl(HeaderFields{usual, cdn}, {.targets = {}}).maxAge->count() == 3);
}

BOOST_AUTO_TEST_CASE(a_damaged_line_spoils_all_lines) {
  const HeaderFields fields{{kName, "max-age=60"}, {kName, "="}};
  BOOST_CHECK(!parseTargetedControl(fields, kName));
  BOOST_CHECK(parseDictionary({}, kName)->empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
