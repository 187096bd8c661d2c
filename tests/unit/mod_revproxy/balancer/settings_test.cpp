// The keys of RevProxySet in a <RevProxyBalancer>: each one's values, and what is said of what is none.
#include "mod_revproxy/balancer/settings.h"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "mod_revproxy/balancer.h"

namespace proxytest {

using namespace revproxy;

BOOST_AUTO_TEST_SUITE(balancer_settings)

namespace {

BalancerSettings settingsWith(std::string_view assignment) {
  BalancerSettings settings;
  const auto known = settings.set(assignment);
  BOOST_TEST((known && *known), assignment);
  return settings;
}

std::string refusal(std::string_view assignment) {
  BalancerSettings settings;
  const auto known = settings.set(assignment);
  return known ? "" : known.error().detail;
}

struct Spans {
  std::string_view key;
  milliseconds (*of)(const BalancerSettings&);
  std::string_view says;
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_not_said_is_as_it_is_documented) {
  const BalancerSettings settings;
  BOOST_TEST(settings.method == "byrequests");
  BOOST_TEST(settings.hash == "");
  BOOST_TEST(settings.balanceFactor == 0u);
  BOOST_TEST(!settings.maxAttempts.isSet());
  BOOST_TEST(settings.retryBudget == 20u);
  BOOST_TEST(settings.ejection.errors == 5u);
  BOOST_TEST(settings.ejection.ratio == 50u);
  BOOST_TEST(settings.ejection.volume == 20u);
  BOOST_TEST(settings.ejection.window.count() == 10'000);
  BOOST_TEST(settings.ejection.base.count() == 100);
  BOOST_TEST(settings.ejection.longest.count() == 30'000);
  BOOST_TEST(!settings.failsOn(503));
  BOOST_TEST(!settings.failOnTimeout);
  BOOST_TEST(settings.limit == 0u);
  BOOST_TEST(settings.queue == 1000u);
  BOOST_TEST(settings.queueTimeout.count() == 5000);
  BOOST_TEST(settings.slowStart.count() == 0);
  BOOST_TEST(settings.resolveFloor.count() == 1000);
  BOOST_TEST(settings.resolveCeiling.count() == 60'000);
  BOOST_TEST(!settings.sticky.any());
}

BOOST_AUTO_TEST_CASE(words_are_kept_as_they_are_written) {
  BOOST_TEST(settingsWith("method=leastconn").method == "leastconn");
  BOOST_TEST(settingsWith("LBMethod=bytraffic").method == "bytraffic");
  BOOST_TEST(settingsWith("hash=%{REQUEST_URI}=x").hash == "%{REQUEST_URI}=x");
  BOOST_TEST(refusal("method=") == "method= takes the name of a method, not \"\"");
  BOOST_TEST(refusal("lbmethod=") == "lbmethod= takes the name of a method, not \"\"");
  BOOST_TEST(refusal("hash=") == "hash= takes an expression, such as %{REQUEST_URI}, not \"\"");
}

// The first and the last value that each takes, and what lies beyond.
BOOST_AUTO_TEST_CASE(numbers_have_bounds) {
  struct Row {
    std::string_view key;
    std::uint64_t least;
    std::uint64_t most;
    std::uint64_t (*of)(const BalancerSettings&);
    std::string_view says;
    std::uint64_t isMore = 0;  // what is kept, than what is written
  };
  const Row rows[] = {
      {"hash-balance-factor", 101, 10'000, [](const BalancerSettings& s) -> std::uint64_t { return s.balanceFactor; },
       "percent from 101 to 10000"},
      {"maxattempts", 0, 100, [](const BalancerSettings& s) -> std::uint64_t { return s.maxAttempts.value(); },
       "a number of further members from 0 to 100", 1},
      {"retry-budget", 0, 100, [](const BalancerSettings& s) -> std::uint64_t { return s.retryBudget; },
       "percent of requests from 0 to 100"},
      {"eject-errors", 1, 1000, [](const BalancerSettings& s) -> std::uint64_t { return s.ejection.errors; },
       "failures in a row from 1 to 1000, or Off"},
      {"eject-ratio", 1, 100, [](const BalancerSettings& s) -> std::uint64_t { return s.ejection.ratio; },
       "percent from 1 to 100, or Off"},
      {"eject-volume", 1, 100'000, [](const BalancerSettings& s) -> std::uint64_t { return s.ejection.volume; },
       "a number of requests from 1 to 100000"},
      {"limit", 1, 65'536, [](const BalancerSettings& s) -> std::uint64_t { return s.limit; },
       "a number of requests in flight from 1 to 65536"},
      {"queue", 0, 10'000, [](const BalancerSettings& s) -> std::uint64_t { return s.queue; },
       "a number of waiting requests from 0 to 10000"},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.key) {
      const std::string key = std::string{row.key} + "=";
      for (const std::uint64_t value : {row.least, row.most})
        BOOST_TEST(row.of(settingsWith(key + std::to_string(value))) == value + row.isMore);
      std::vector<std::string> wrong{"", "-1", "x", "1.5", "1 ", std::to_string(row.most + 1), "99999999999999999999"};
      if (row.least > 0) wrong.push_back(std::to_string(row.least - 1));
      for (const std::string& text : wrong)
        BOOST_TEST(refusal(key + text) == key + " takes " + std::string{row.says} + ", not \"" + text + "\"");
    }
}

BOOST_AUTO_TEST_CASE(ejection_may_be_off) {
  BOOST_TEST(settingsWith("eject-errors=Off").ejection.errors == 0u);
  BOOST_TEST(settingsWith("eject-ratio=off").ejection.ratio == 0u);
  BOOST_TEST(refusal("eject-volume=Off") == "eject-volume= takes a number of requests from 1 to 100000, not \"Off\"");
  for (const std::string key : {"hash-balance-factor", "maxattempts", "retry-budget", "limit", "queue"})
    BOOST_TEST(refusal(key + "=Off") != "", key);
}

BOOST_AUTO_TEST_CASE(spans_have_units) {
  constexpr std::string_view kDuration = "a duration such as 500ms or 10s";
  const Spans rows[] = {
      {"eject-window", [](const BalancerSettings& s) { return s.ejection.window; }, kDuration},
      {"eject-time", [](const BalancerSettings& s) { return s.ejection.base; }, kDuration},
      {"eject-max-time", [](const BalancerSettings& s) { return s.ejection.longest; }, kDuration},
      {"queue-timeout", [](const BalancerSettings& s) { return s.queueTimeout; }, kDuration},
      {"slowstart", [](const BalancerSettings& s) { return s.slowStart; }, "a duration such as 30s, or Off"},
      {"resolve-floor", [](const BalancerSettings& s) { return s.resolveFloor; }, kDuration},
      {"resolve-ceiling", [](const BalancerSettings& s) { return s.resolveCeiling; }, kDuration},
  };
  for (const Spans& row : rows) BOOST_TEST_CONTEXT(row.key) {
      const std::string key = std::string{row.key} + "=";
      BOOST_TEST(row.of(settingsWith(key + "1500ms")).count() == 1500);
      BOOST_TEST(row.of(settingsWith(key + "7")).count() == 7000);
      for (const std::string text : {"", "0", "-1", "1.5s", "soon", "5 s", "On"})
        BOOST_TEST(refusal(key + text) == key + " takes " + std::string{row.says} + ", not \"" + text + "\"");
    }
  BOOST_TEST(settingsWith("slowstart=Off").slowStart.count() == 0);
  BOOST_TEST(refusal("eject-window=Off") != "");
}

BOOST_AUTO_TEST_CASE(statuses_and_timeouts_may_be_failures) {
  const BalancerSettings settings = settingsWith("failonstatus=500,502-504");
  for (const int status : {500, 502, 503, 504}) BOOST_TEST(settings.failsOn(status), status);
  for (const int status : {200, 499, 501, 505}) BOOST_TEST(!settings.failsOn(status), status);
  for (const std::string text : {"", "5xx", "99", "600", "504-502", "500-", "500;502"})
    BOOST_TEST(refusal("failonstatus=" + text) ==
               "failonstatus= takes status codes such as 500,502-504, not \"" + text + "\"");
  BOOST_TEST(settingsWith("failontimeout=ON").failOnTimeout);
  BOOST_TEST(!settingsWith("failontimeout=off").failOnTimeout);
  for (const std::string text : {"", "1", "yes"})
    BOOST_TEST(refusal("failontimeout=" + text) == "failontimeout= takes On or Off, not \"" + text + "\"");
}

BOOST_AUTO_TEST_CASE(keys_have_no_case_need_a_value_and_the_last_one_holds) {
  BalancerSettings settings;
  BOOST_TEST_REQUIRE(static_cast<bool>(settings.set("LIMIT=5")));
  BOOST_TEST_REQUIRE(static_cast<bool>(settings.set("limit=6")));
  BOOST_TEST(settings.limit == 6u);
  std::string names = BalancerSettings::names() + ", ";
  int count = 0;
  for (auto comma = names.find(", "); comma != std::string::npos; comma = names.find(", ")) {
    const std::string key = names.substr(0, comma);
    names.erase(0, comma + 2);
    ++count;
    BOOST_TEST(refusal(key).starts_with(key + "= takes "), key);
    BOOST_TEST(refusal(key).ends_with("not \"\""), key);
  }
  BOOST_TEST(count == 20);
}

// The key alone turns a switch on, and is a mistake of all else: not the name "on".
BOOST_AUTO_TEST_CASE(of_sessions_switches_alone_need_no_value) {
  BOOST_TEST(settingsWith("nofailover").sticky.noFailover.value());
  BOOST_TEST(settingsWith("sticky-httponly").sticky.httpOnly.value());
  BOOST_TEST(settingsWith("scolonpathdelim").sticky.semicolonDelimits.value());
  BOOST_TEST((settingsWith("sticky-secure").sticky.secure.value() == StickySettings::Secure::kOn));
  for (const std::string key :
       {"sticky", "stickysession", "sticky-samesite", "sticky-path", "sticky-max-age", "stickysessionsep"}) {
    BOOST_TEST(refusal(key).starts_with(key + "= takes "), key);
    BOOST_TEST(refusal(key).ends_with("not \"\""), key);
  }
}

BOOST_AUTO_TEST_CASE(a_balancer_takes_what_its_members_take_but_no_protocol) {
  Balancer balancer;
  BOOST_TEST(static_cast<bool>(balancer.set("timeout=5")));
  BOOST_TEST(balancer.parameters.timeout.value().count() == 5000);
  BOOST_TEST(static_cast<bool>(balancer.set("nocanon")));
  BOOST_TEST(balancer.parameters.noCanon.value());
  for (const std::string text : {"alpn=h2", "ALPN=h2"}) {
    const auto refused = balancer.set(text);
    BOOST_TEST_REQUIRE(!refused);
    BOOST_TEST(refused.error().detail.find("write it behind the URL of RevProxyMember") != std::string::npos);
  }
  for (const std::string text : {"colour=blue", "weight=2", "=", "route=a", "timeou=5"}) {
    const auto refused = balancer.set(text);
    BOOST_TEST_REQUIRE(!refused);
    BOOST_TEST(
        refused.error().detail.starts_with("\"" + text + "\" is no parameter of a balancer: write KEY=VALUE with " +
                                           BalancerSettings::names() + ", " + StickySettings::names() + ", or "));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
