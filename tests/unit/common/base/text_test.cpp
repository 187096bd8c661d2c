// Text helpers: ASCII case, trimming, lists, strict numbers and durations, and text that is safe in a log line.
#include "common/base/text.h"

#include <boost/test/unit_test.hpp>
#include <vector>

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(text)

namespace {

constexpr std::uint64_t kLargest = UINT64_MAX;
constexpr long kNone = -1;

std::vector<std::string_view> membersOf(std::string_view list) {
  std::vector<std::string_view> members;
  while (const auto member = nextListMember(list)) members.push_back(*member);
  return members;
}

}  // namespace

BOOST_AUTO_TEST_CASE(names_compare_without_the_case_of_ascii_letters_alone) {
  BOOST_TEST(equalsIgnoringCase("Content-Length", "cONTENT-lENGTH"));
  BOOST_TEST(equalsIgnoringCase("", ""));
  BOOST_TEST(!equalsIgnoringCase("Content-Length", "Content-Lengt"));
  BOOST_TEST(!equalsIgnoringCase("@[`{", "`{@["));
  BOOST_TEST(!equalsIgnoringCase("\xc4", "\xe4"));
  BOOST_TEST(startsWithIgnoringCase("X-Forwarded-For", "x-forwarded-"));
  BOOST_TEST(!startsWithIgnoringCase("X-Forwarded", "x-forwarded-"));
  BOOST_TEST(lowered("AZaz09[\xc4") == "azaz09[\xc4");
}

BOOST_AUTO_TEST_CASE(trimming_takes_spaces_and_tabs_and_nothing_else) {
  BOOST_TEST(trimmed(" \t a b\t ") == "a b");
  BOOST_TEST(trimmed(" \t ").empty());
  BOOST_TEST(trimmed("").empty());
  BOOST_TEST(trimmed("\va\r\n") == "\va\r\n");
}

BOOST_AUTO_TEST_CASE(a_list_gives_its_members_trimmed_and_skips_empty_ones) {
  const std::vector<std::string_view> three{"a", "b c", "d"};
  BOOST_TEST(membersOf("a,b c,d") == three, boost::test_tools::per_element());
  BOOST_TEST(membersOf(",, a\t,,\tb c ,d, ,") == three, boost::test_tools::per_element());
  BOOST_TEST(membersOf("").empty());
  BOOST_TEST(membersOf(" , ,\t,").empty());
}

BOOST_AUTO_TEST_CASE(a_list_contains_its_members_without_case_and_nothing_else) {
  BOOST_TEST(listContains("a, Upgrade ,c", "upgrade"));
  BOOST_TEST(listContains("keep-alive", "Keep-Alive"));
  BOOST_TEST(listContains(",,\tx", "x"));
  BOOST_TEST(!listContains("", ""));
  BOOST_TEST(!listContains("a,,b", ""));
  BOOST_TEST(!listContains("upgrades, xupgrade, up grade", "upgrade"));
  BOOST_TEST(!listContains("websocket/13", "websocket"));
  BOOST_TEST(!listContains("a, b", "a, b"));
}

BOOST_AUTO_TEST_CASE(a_number_is_digits_alone_and_never_past_its_maximum) {
  struct Row {
    std::string_view text;
    std::uint64_t maximum;
    std::optional<std::uint64_t> expected;
  };
  const Row rows[] = {
      {"0", 0, 0},
      {"1", 0, {}},
      {"00042", 42, 42},
      {"43", 42, {}},
      {"9", 5, {}},
      {"50", 5, {}},
      {"65535", 65535, 65535},
      {"65536", 65535, {}},
      {"18446744073709551615", kLargest, kLargest},
      {"18446744073709551616", kLargest, {}},
      {"18446744073709551620", kLargest, {}},
      {"99999999999999999999999", kLargest, {}},
      {"18446744073709551615", kLargest - 1, {}},
      {"", kLargest, {}},
      {"+1", kLargest, {}},
      {"-1", kLargest, {}},
      {" 1", kLargest, {}},
      {"1 ", kLargest, {}},
      {"0x1", kLargest, {}},
      {"1e3", kLargest, {}},
      {std::string_view("1\0", 2), kLargest, {}},
      {"\xd9\xa1", kLargest, {}},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT("\"" << row.text << "\" up to " << row.maximum) {
      const auto parsed = parseNumber(row.text, row.maximum);
      BOOST_TEST(parsed.has_value() == row.expected.has_value());
      BOOST_TEST(parsed.value_or(0) == row.expected.value_or(0));
    }
}

BOOST_AUTO_TEST_CASE(a_duration_is_a_positive_number_with_a_unit_or_of_seconds) {
  struct Row {
    std::string_view text;
    long milliseconds;
  };
  constexpr long kTenYears = 10L * 365 * 24 * 3'600'000;
  const Row rows[] = {
      {"5", 5000},
      {"500ms", 500},
      {"2s", 2000},
      {"3min", 180'000},
      {"1h", 3'600'000},
      {"1H", 3'600'000},
      {"87600h", kTenYears},
      {"87601h", kNone},
      {"315360000001ms", kNone},
      {"315360000000ms", kTenYears},
      {"18446744073709551615h", kNone},
      {"99999999999999999999999", kNone},
      {"0", kNone},
      {"0ms", kNone},
      {"", kNone},
      {"s", kNone},
      {"-1", kNone},
      {"+1", kNone},
      {"1.5s", kNone},
      {"1 s", kNone},
      {"1s ", kNone},
      {"1m", kNone},
      {"1d", kNone},
      {"1ss", kNone},
      {"s1", kNone},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT("\"" << row.text << "\"") {
      BOOST_TEST(parseDuration(row.text).value_or(milliseconds{kNone}).count() == row.milliseconds);
    }
}

BOOST_AUTO_TEST_CASE(a_size_is_a_positive_number_of_bytes_or_of_a_unit) {
  struct Row {
    std::string_view text;
    std::optional<std::uint64_t> expected;
  };
  constexpr std::uint64_t kMost = std::uint64_t{1} << 40;
  const Row rows[] = {
      {"100", 100},
      {"1", 1},
      {"64k", 65'536},
      {"64K", 65'536},
      {"1M", 1'048'576},
      {"2g", 2'147'483'648},
      {"1024G", kMost},
      {"1025G", {}},
      {"1099511627776", kMost},
      {"1099511627777", {}},
      {"1073741824k", kMost},
      {"1073741825k", {}},
      {"18446744073709551616", {}},
      {"99999999999999999999999k", {}},
      {"0", {}},
      {"0k", {}},
      {"", {}},
      {"k", {}},
      {"1kk", {}},
      {"1kb", {}},
      {"1T", {}},
      {"1 k", {}},
      {" 1", {}},
      {"-1", {}},
      {"+1", {}},
      {"1.5M", {}},
      {"k1", {}},
      {"0x10", {}},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT("\"" << row.text << "\"") {
      const auto parsed = parseSize(row.text);
      BOOST_TEST(parsed.has_value() == row.expected.has_value());
      BOOST_TEST(parsed.value_or(0) == row.expected.value_or(0));
    }
}

BOOST_AUTO_TEST_CASE(printable_text_cannot_write_log_lines_of_its_own) {
  BOOST_TEST(printable("plain ~ text") == "plain ~ text");
  BOOST_TEST(printable("a\r\nb\t\x7f") == "a\\x0d\\x0ab\\x09\\x7f");
  BOOST_TEST(printable("\\x0a") == "\\x5cx0a");
  BOOST_TEST(printable("\xc3\xa4\x1b[2J") == "\\xc3\\xa4\\x1b[2J");
  BOOST_TEST(printable(std::string_view("\0", 1)) == "\\x00");
}

BOOST_AUTO_TEST_CASE(printable_text_is_cut_and_says_so) {
  BOOST_TEST(printable("12345", 5) == "12345");
  BOOST_TEST(printable("123456", 5) == "12345…");
  BOOST_TEST(printable(std::string(1'000'000, '\n')).size() < 1000u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
