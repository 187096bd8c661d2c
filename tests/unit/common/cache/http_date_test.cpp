// RFC 9110 5.6.7: dates of HTTP.
#include "common/cache/http_date.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/common/cache/messages.h"

namespace proxytest {

using namespace proxycommon;
using std::chrono::seconds;

BOOST_AUTO_TEST_SUITE(http_date)

BOOST_AUTO_TEST_CASE(all_three_forms_are_read) {
  const struct {
    std::string_view text;
    long time;
  } rows[] = {
      {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
      {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
      {"Sun Nov  6 08:49:37 1994", 784111777},
      {"Wed Nov 16 08:49:37 1994", 784975777},
      {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
      {"Wed, 31 Dec 1969 23:59:59 GMT", -1},
      {"Tue, 29 Feb 2000 00:00:00 GMT", 951782400},
      {"Thu, 29 Feb 2024 12:00:00 GMT", 1709208000},
      {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800},  // a leap second
      {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
  };
  for (const auto& [text, time] : rows) {
    BOOST_TEST_CONTEXT(text) {
      const auto read = parseHttpDate(text, kNow);
      BOOST_REQUIRE(read);
      BOOST_CHECK(*read == WallTime{seconds{time}});
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_date_is_none) {
  for (const std::string_view text : {"",
                                      "0",
                                      "-1",
                                      "now",
                                      "Sun, 06 Nov 1994 08:49:37",
                                      "Sun, 06 Nov 1994 08:49:37 UTC",
                                      "Sun, 06 Nov 1994 08:49:37 GMT+1",
                                      "Sun, 6 Nov 1994 08:49:37 GMT",
                                      "Sun, 30 Feb 1994 08:49:37 GMT",
                                      "Wed, 29 Feb 2023 12:00:00 GMT",
                                      "Sun, 06 Nov 1994 24:00:00 GMT",
                                      "Sun, 06 Nov 1994 08:60:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:61 GMT",
                                      "Sun, 00 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 94 08:49:37 GMT",
                                      "Sun,  06 Nov 1994 08:49:37 GMT",
                                      "Sun Nov 6 08:49:37 1994",
                                      "Sun Nov 06  08:49:37 1994",
                                      "Sunday, 06-Nov-1994 08:49:37 GMT",
                                      "Someday, 06-Nov-94 08:49:37 GMT",
                                      "1994-11-06T08:49:37Z",
                                      "784111777",
                                      "Sun, 06 Nov 1994 08:49:37 GMT, Mon, 07 Nov 1994 08:49:37 GMT"})
    BOOST_CHECK_MESSAGE(!parseHttpDate(text, kNow), text);
}

// RFC 9110 5.6.7: more than 50 years in the future is the past.
BOOST_AUTO_TEST_CASE(years_of_two_digits_are_of_the_century_that_fits) {
  const struct {
    std::string_view text;
    std::string_view means;
  } rows[] = {
      {"Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"},
      {"Sunday, 06-Nov-05 08:49:37 GMT", "Sun, 06 Nov 2005 08:49:37 GMT"},
      {"Wednesday, 06-Nov-50 08:49:37 GMT", "Sun, 06 Nov 2050 08:49:37 GMT"},
      {"Tuesday, 06-Nov-52 08:49:37 GMT", "Thu, 06 Nov 1952 08:49:37 GMT"},
      {"Monday, 06-Nov-00 08:49:37 GMT", "Mon, 06 Nov 2000 08:49:37 GMT"},
  };
  for (const auto& [text, means] : rows) {
    BOOST_TEST_CONTEXT(text) {
      const auto read = parseHttpDate(text, kNow);
      BOOST_REQUIRE(read);
      BOOST_TEST(formatHttpDate(*read) == means);
    }
  }
}

BOOST_AUTO_TEST_CASE(one_form_is_written) {
  BOOST_TEST(formatHttpDate(kNow) == kNowText);
  BOOST_TEST(formatHttpDate(kNow + milliseconds{999}) == kNowText);
  BOOST_TEST(formatHttpDate(WallTime{milliseconds{-1}}) == "Wed, 31 Dec 1969 23:59:59 GMT");
  BOOST_TEST(formatHttpDate(WallTime::max()) == "Fri, 31 Dec 9999 23:59:59 GMT");
  BOOST_TEST(formatHttpDate(WallTime::min()) == "Mon, 01 Jan 0001 00:00:00 GMT");
}

BOOST_AUTO_TEST_CASE(two_lines_that_differ_are_no_date) {
  const HeaderField date{"date", " Sun, 09 Sep 2001 01:46:40 GMT "};
  const HeaderField other{"Date", "Sun, 09 Sep 2001 01:46:41 GMT"};
  BOOST_CHECK(dateField(HeaderFields{date}, "Date") == kNow);
  BOOST_CHECK(dateField(HeaderFields{date, date}, "Date") == kNow);
  BOOST_CHECK(!dateField(HeaderFields{date, other}, "Date"));
  BOOST_CHECK(!dateField(HeaderFields{date}, "Expires"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
