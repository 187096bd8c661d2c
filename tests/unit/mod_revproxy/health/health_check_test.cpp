// What RevProxyHealth takes, and what it says of what it does not take.
#include "mod_revproxy/health/health_check.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace revproxy;

BOOST_AUTO_TEST_SUITE(health_check)

namespace {

using Words = std::vector<std::string>;

std::string mistakeIn(const Words& words) {
  const auto check = HealthCheck::parse(words);
  return check ? "" : check.error().detail;
}

}  // namespace

BOOST_AUTO_TEST_CASE(without_words_it_asks_for_the_root_every_two_seconds) {
  const auto check = HealthCheck::parse({});
  BOOST_REQUIRE_EQUAL(outcomeOf(check), "done");
  BOOST_TEST((check->method == HealthCheck::Method::kGet));
  BOOST_TEST(check->uri == "/");
  BOOST_TEST(shown(check->expect) == "200-399");
  BOOST_TEST(check->interval.count() == 2000);
  BOOST_TEST(check->limit().count() == 2000);
  BOOST_TEST(check->rise == 2u);
  BOOST_TEST(check->fall == 3u);
  BOOST_TEST(!check->body);
}

BOOST_AUTO_TEST_CASE(every_word_is_taken) {
  const auto check =
      HealthCheck::parse(Words{"interval=500ms", "uri=/healthz?deep=1", "expect=200-204,301", "body=~\"\\bok\\b\"",
                               "rise=1", "fall=5", "method=GET", "timeout=1s", "host=app.test:8080"});
  BOOST_REQUIRE_EQUAL(outcomeOf(check), "done");
  BOOST_TEST(check->interval.count() == 500);
  BOOST_TEST(check->uri == "/healthz?deep=1");
  BOOST_TEST(shown(check->expect) == "200-204,301");
  BOOST_REQUIRE(check->body);
  BOOST_TEST(check->body->text() == "\\bok\\b");
  BOOST_TEST(check->rise == 1u);
  BOOST_TEST(check->fall == 5u);
  BOOST_TEST(check->limit().count() == 1000);
  BOOST_TEST(check->host == "app.test:8080");
}

// How httpd splits a line depends on where the quotes stand.
BOOST_AUTO_TEST_CASE(a_pattern_may_come_with_its_quotes_or_without) {
  for (const char* word : {"body=~\"all ok\"", "body=~all ok"}) {
    const auto check = HealthCheck::parse(Words{word});
    BOOST_REQUIRE_EQUAL(outcomeOf(check), "done");
    BOOST_TEST(check->body->text() == "all ok");
  }
}

BOOST_AUTO_TEST_CASE(a_check_lasts_five_seconds_at_most_unless_it_is_told_otherwise) {
  BOOST_TEST(HealthCheck::parse(Words{"interval=1min"})->limit().count() == 5000);
  BOOST_TEST(HealthCheck::parse(Words{"interval=1min", "timeout=20s"})->limit().count() == 20'000);
}

BOOST_AUTO_TEST_CASE(statuses_within_any_range_are_expected) {
  const auto check = HealthCheck::parse(Words{"expect=200-204,301"});
  BOOST_REQUIRE_EQUAL(outcomeOf(check), "done");
  struct Row {
    unsigned status;
    bool expected;
  };
  for (const auto& [status, expected] :
       {Row{199, false}, Row{200, true}, Row{204, true}, Row{205, false}, Row{301, true}, Row{302, false}})
    BOOST_TEST(check->expects(status) == expected, status);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_told) {
  struct Row {
    Words words;
    const char* told;  // a part of it
  };
  const Row rows[] = {
      {{"often"}, "write KEY=VALUE with one of interval, timeout, uri"},
      {{"path=/x"}, "\"path=/x\" is no setting of a check"},
      {{"uri=/a", "uri=/b"}, "uri= is given twice"},
      {{"interval=0"}, "interval=: \"0\" is no such time"},
      {{"interval=9ms"}, "10ms at least"},
      {{"timeout=soon"}, "timeout=: \"soon\" is no such time"},
      {{"uri=healthz"}, "is no path: write /healthz"},
      {{"uri=/a b"}, "is no path"},
      {{"uri=/a\r\nX: y"}, "is no path"},
      {{"host="}, "is no host"},
      {{"host=a b"}, "is no host"},
      {{"expect="}, "has no status"},
      {{"expect=99"}, "is no range of statuses"},
      {{"expect=200-600"}, "is no range of statuses"},
      {{"expect=300-200"}, "is no range of statuses"},
      {{"expect=200,x"}, "\"x\" is no range of statuses"},
      {{"body=ok"}, "write body=~\"PATTERN\""},
      {{"body=~"}, "the pattern is empty"},
      {{"body=~\"\""}, "the pattern is empty"},
      {{"body=~\"all"}, "write \"body=~PATTERN\""},
      {{"body=~(ok"}, "is no regular expression: missing closing parenthesis, at byte 3"},
      {{"rise=0"}, "rise=: \"0\" is no number from 1"},
      {{"fall=-1"}, "fall=: \"-1\" is no number from 1"},
      {{"fall=1001"}, "is no number from 1 to 1000"},
      {{"method=POST"}, "method=: \"POST\" is none of GET, HEAD, TCP"},
      {{"method=HEAD", "body=~ok"}, "body= needs method=GET"},
      {{"body=~ok", "method=HEAD"}, "body= needs method=GET"},
      {{"method=TCP", "body=~ok"}, "body= needs method=GET or HEAD"},
      {{"method=TCP", "uri=/"}, "uri= needs method=GET or HEAD"},
      {{"method=TCP", "expect=200"}, "expect= needs method=GET or HEAD"},
      {{"method=TCP", "host=a"}, "host= needs method=GET or HEAD"},
  };
  for (const Row& row : rows) {
    const std::string told = mistakeIn(row.words);
    BOOST_TEST(told.find(row.told) != std::string::npos, row.words.back() + ": " + told);
  }
}

BOOST_AUTO_TEST_CASE(a_pattern_is_found_anywhere_in_bytes_of_any_kind) {
  const auto pattern = BodyPattern::compile("\"status\":\\s*\"(up|ok)\"");
  BOOST_REQUIRE_EQUAL(outcomeOf(pattern), "done");
  struct Row {
    std::string body;
    bool found;
  };
  const Row rows[] = {{"{\"status\": \"up\"}", true},
                      {"{\"status\":\n\"ok\", \"x\": 1}", true},
                      {std::string{"\0\xff\xfe\"status\":\"ok\"", 16}, true},
                      {"{\"status\": \"down\"}", false},
                      {"", false}};
  for (const Row& row : rows) {
    const auto found = (*pattern)->isIn(row.body);
    BOOST_REQUIRE_EQUAL(outcomeOf(found), "done");
    BOOST_TEST(*found == row.found, row.body);
  }
}

// A pattern that backtracks for ever on what a member sends must not hold a loop.
BOOST_AUTO_TEST_CASE(a_search_that_costs_too_much_is_given_up) {
  const auto pattern = BodyPattern::compile("(a+)+\\d");
  BOOST_REQUIRE_EQUAL(outcomeOf(pattern), "done");
  const auto found = (*pattern)->isIn("1" + std::string(64 * 1024, 'a') + "!");
  BOOST_REQUIRE(!found);
  BOOST_TEST(found.error().detail.find("ended without a result") != std::string::npos, found.error().detail);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
