// RFC 9111 4.1: which requests select the same response.
#include "common/cache/vary.h"

#include <boost/test/unit_test.hpp>

#include "common/cache/cache_key.h"
#include "tests/unit/common/cache/messages.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(vary)

namespace {

bool selectsSame(const std::vector<std::string>& names, const HeaderFields& first, const HeaderFields& second) {
  StoredResponse response = stored({});
  const std::string selection = selectionOf(names, first);
  response.selection = selection;
  const bool matched = matches(response, second);
  // A key and a comparison that disagree would store what is never found, or find what does not match.
  const VaryMarker marker{{}, names};
  const std::string wanted = selectionOf(names, second);
  BOOST_CHECK(matched == (variantKey({}, marker, selection) == variantKey({}, marker, wanted)));
  return matched;
}

struct ValueRow {
  std::string_view name;
  std::string_view first;
  std::string_view second;
  bool isSame;
};

}  // namespace

BOOST_AUTO_TEST_CASE(values_are_compared_by_their_meaning) {
  const ValueRow rows[] = {
      {"accept-encoding", "gzip, br", "gzip,br", true},
      {"accept-encoding", "gzip, br", "br, gzip", true},
      {"accept-encoding", "gzip", "GZIP", true},
      {"accept-encoding", "x-gzip", "gzip", true},
      {"accept-encoding", "gzip;q=1.0, br", "br;q=1, gzip", true},
      {"accept-encoding", "gzip;q=0.5", "gzip ; q=0.500", true},
      {"accept-encoding", "gzip;q=0.5, br", "br, gzip;Q=0.5", true},
      {"accept-encoding", "gzip, , br,", "gzip, br", true},
      {"accept-encoding", "gzip", "br", false},
      {"accept-encoding", "gzip", "gzip, br", false},
      {"accept-encoding", "gzip;q=0", "gzip", false},
      {"accept-encoding", "gzip;q=0.5, br", "gzip, br;q=0.5", false},
      {"accept-encoding", "gzip", "", false},
      {"accept-encoding", "gzip;q=2", "gzip", false},
      {"accept-encoding", "gzip;q=1.001", "gzip", false},
      {"accept-encoding", "gzip;q=x, br", "br, gzip;q=x", false},
      {"accept-encoding", "gzip;level=9", "gzip", false},
      {"accept-language", "EN, de;q=0.5", "en,de;q=0.5", true},
      {"accept-language", "de;q=0.5, en", "en, de;q=0.50", true},
      {"accept-language", "en, de", "de, en", false},
      {"accept-charset", "utf-8, latin1", "Latin1, UTF-8", true},
      {"accept", "text/html, image/png", "text/html,image/png", true},
      {"accept", "text/html ; level = 1", "text/html;level=1", true},
      {"accept", "text/html, image/png", "image/png, text/html", false},
      {"accept", "text/html;x=\"a, b\"", "text/html;x=\"a,b\"", false},
      {"user-agent", "A (b, c)", "A (b,c)", false},
      {"user-agent", "Firefox", "firefox", false},
      {"cookie", "a=b", " a=b ", true},
      {"cookie", "a=b", "a=c", false},
      {"x-feature", "a, b", "a,b", false},
      {"x-feature", "a", "A", false},
  };
  for (const ValueRow& row : rows) {
    BOOST_TEST_CONTEXT(row.name << ": " << row.first << " | " << row.second) {
      const std::vector<std::string> names{std::string{row.name}};
      BOOST_TEST(selectsSame(names, {{row.name, row.first}}, {{row.name, row.second}}) == row.isSame);
      BOOST_TEST(selectsSame(names, {{row.name, row.second}}, {{row.name, row.first}}) == row.isSame);
    }
  }
}

// "absent from a request, it can only match another request if it is also absent there".
BOOST_AUTO_TEST_CASE(absent_matches_absent_alone) {
  const std::vector<std::string> names{"x-a"};
  BOOST_CHECK(selectsSame(names, {}, {}));
  BOOST_CHECK(selectsSame(names, {}, {{"x-b", "1"}}));
  BOOST_CHECK(!selectsSame(names, {}, {{"x-a", "1"}}));
  BOOST_CHECK(!selectsSame(names, {}, {{"x-a", ""}}));
  BOOST_CHECK(!selectsSame(names, {{"x-a", "1"}}, {}));
}

BOOST_AUTO_TEST_CASE(all_fields_count_and_lines_are_combined) {
  const std::vector<std::string> names{"x-a", "x-b"};
  BOOST_CHECK(selectsSame(names, {{"X-A", "1"}, {"X-B", "2"}}, {{"x-b", "2"}, {"x-a", "1"}}));
  BOOST_CHECK(!selectsSame(names, {{"X-A", "1"}, {"X-B", "2"}}, {{"x-b", "1"}, {"x-a", "2"}}));
  BOOST_CHECK(!selectsSame(names, {{"X-A", "1"}, {"X-B", "2"}}, {{"x-a", "1"}}));
  BOOST_CHECK(selectsSame(names, {{"X-A", "1"}, {"X-A", "2"}}, {{"x-a", "1, 2"}}));
  BOOST_CHECK(!selectsSame(names, {{"X-A", "1"}, {"X-A", "2"}}, {{"x-a", "2"}, {"x-a", "1"}}));
  // Where one value ends and the next name begins is not for the client to say.
  BOOST_CHECK(!selectsSame(names, {{"X-A", "1"}, {"X-B", "23"}}, {{"x-a", "12"}, {"x-b", "3"}}));
}

BOOST_AUTO_TEST_CASE(names_are_lowered_sorted_and_stand_once) {
  const auto vary = varyNames(HeaderFields{{"Vary", "X-B, accept"}, {"vary", " x-b,,Cookie "}});
  BOOST_CHECK(!vary.isAny);
  BOOST_CHECK((vary.names == std::vector<std::string>{"accept", "cookie", "x-b"}));
  BOOST_CHECK(varyNames({}).names.empty());
}

// RFC 9110 12.5.5.
BOOST_AUTO_TEST_CASE(names_are_gathered_up_to_a_point) {
  using Names = std::vector<std::string>;
  BOOST_CHECK((joinedNames({}, {"a"}) == Names{"a"}));
  BOOST_CHECK((joinedNames({"a"}, {"a", "b"}) == Names{"a", "b"}));
  BOOST_CHECK((joinedNames({"a", "c"}, {"b"}) == Names{"a", "b", "c"}));
  BOOST_CHECK((joinedNames({"a", "b"}, {"a"}) == Names{"a", "b"}));
  Names many;
  for (int number = 0; number < 32; ++number) many.push_back("x" + std::to_string(100 + number));
  BOOST_CHECK((joinedNames(many, {"x100"}) == many));
  BOOST_CHECK((joinedNames(many, {"y"}) == Names{"y"}));
}

BOOST_AUTO_TEST_CASE(a_star_anywhere_matches_nothing) {
  for (const std::string_view value : {"*", "accept, *", " * ", "a b"})
    BOOST_CHECK_MESSAGE(varyNames(HeaderFields{{"Vary", value}}).isAny, value);
  BOOST_CHECK(varyNames(HeaderFields{{"Vary", "accept"}, {"Vary", "*"}}).isAny);
}

// What a proxy writes into a request of its own selects nothing that the client's fields could find again.
BOOST_AUTO_TEST_CASE(fields_that_changed_on_the_way_do_not_select) {
  const HeaderFields client{{"X-Kept", "1"}, {"Accept", "a, b"}, {"X-Forwarded-For", "192.0.2.1"}, {"X-Dropped", "1"}};
  const HeaderFields sent{{"Host", "inner.test"},
                          {"x-kept", "1"},
                          {"Accept", "a,b"},
                          {"X-Forwarded-For", "192.0.2.1, 192.0.2.2"},
                          {"X-Forwarded-Proto", "https"},
                          {"Forwarded", "for=192.0.2.2"},
                          {"Via", "1.1 proxy"}};
  for (const char* name : {"x-kept", "accept", "x-none", "host", "x-forwarded-proto", "x-forwarded-host", "via"})
    BOOST_CHECK_MESSAGE(selectsAsSent(std::vector<std::string>{name}, client, sent), name);
  for (const char* name : {"x-forwarded-for", "forwarded", "x-dropped"}) {
    BOOST_CHECK_MESSAGE(!selectsAsSent(std::vector<std::string>{name}, client, sent), name);
    BOOST_CHECK(!selectsAsSent(std::vector<std::string>{name, "x-kept"}, client, sent));
  }
  // Empty is not absent.
  BOOST_CHECK(!selectsAsSent(std::vector<std::string>{"x-a"}, HeaderFields{{"X-A", ""}}, {}));
  BOOST_CHECK(selectsAsSent({}, client, {}));
}

BOOST_AUTO_TEST_CASE(a_damaged_selection_matches_nothing) {
  const std::string whole = selectionOf(std::vector<std::string>{"x-a"}, HeaderFields{{"x-a", "1"}});
  StoredResponse response = stored({});
  for (std::size_t length = 1; length < whole.size(); ++length) {
    response.selection = std::string_view{whole}.substr(0, length);
    BOOST_CHECK(!matches(response, HeaderFields{{"x-a", "1"}}));
  }
  response.selection = {};
  BOOST_CHECK(matches(response, HeaderFields{{"x-a", "1"}}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
