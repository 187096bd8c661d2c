// The keys of RevProxySet about sessions, and the cookie that comes of them.
#include <boost/test/unit_test.hpp>
#include <vector>

#include "mod_revproxy/balancer/sticky.h"
#include "tests/unit/support/sticky_settings.h"

namespace proxytest {

using namespace revproxy;

BOOST_AUTO_TEST_SUITE(sticky_settings)

BOOST_AUTO_TEST_CASE(keys_are_known_without_case_and_no_others_are) {
  StickySettings settings;
  for (const char* key : {"sticky-", "stick", "stickysession2", "timeout", "", "method"}) {
    const auto known = settings.set(key, "x");
    BOOST_TEST_REQUIRE(static_cast<bool>(known));
    BOOST_TEST(!*known, key);
  }
  const auto known = settings.set("StickySession", "A");
  BOOST_TEST((known && *known));
  BOOST_TEST(settings.any());
  BOOST_TEST(!StickySettings{}.any());
}

BOOST_AUTO_TEST_CASE(values_are_taken_as_they_are_meant) {
  const StickySettings settings = settingsOf({{"sticky", "ROUTE"},
                                              {"sticky-secure", "ON"},
                                              {"sticky-httponly", "off"},
                                              {"sticky-samesite", "strict"},
                                              {"sticky-path", "/app/"},
                                              {"sticky-max-age", "8h"},
                                              {"stickysession", "JSESSIONID|jsessionid"},
                                              {"stickysessionsep", "!"},
                                              {"scolonpathdelim", "Off"},
                                              {"nofailover", "On"}});
  BOOST_TEST(settings.cookie.value() == "ROUTE");
  BOOST_TEST((settings.secure.value() == StickySettings::Secure::kOn));
  BOOST_TEST(!settings.httpOnly.value());
  BOOST_TEST(settings.sameSite.value() == "Strict");
  BOOST_TEST(settings.path.value() == "/app/");
  BOOST_TEST((settings.maxAge.value() == std::chrono::hours(8)));
  BOOST_TEST(settings.session.value() == "JSESSIONID");
  BOOST_TEST(settings.sessionParameter.value() == "jsessionid");
  BOOST_TEST(settings.separator.value() == '!');
  BOOST_TEST(!settings.semicolonDelimits.value());
  BOOST_TEST(settings.noFailover.value());
  const StickySettings plain = settingsOf({{"stickysession", "SID"}, {"stickysessionsep", "off"}});
  BOOST_TEST(plain.session.value() == "SID");
  BOOST_TEST(plain.sessionParameter.value() == "SID");
  BOOST_TEST(plain.separator.value() == '\0');
}

BOOST_AUTO_TEST_CASE(what_would_break_a_field_is_refused_with_what_to_write) {
  struct Row {
    std::string_view key;
    std::vector<std::string_view> values;
    std::string_view says;
  };
  const Row rows[] = {
      {"sticky", {"", "a b", "a;b", "a=b", "a,b", "a\"", "\xc3\xa4", "a\r\nSet-Cookie:", "a\x7f"}, "ROUTE"},
      {"sticky-secure", {"", "yes", "1"}, "Auto, On or Off"},
      {"sticky-httponly", {"", "auto"}, "On or Off"},
      {"sticky-samesite", {"", "Off", "Lax; Secure"}, "Lax, Strict or None"},
      {"sticky-path", {"", "app", "/a b", "/a;b", "/a,b", "/a\r", "/a\"", "/\xc3\xa4", "/\\"}, "begins with a slash"},
      {"sticky-max-age", {"", "0", "-1", "500ms", "999ms", "forever", "1d"}, "one second"},
      {"stickysession",
       {"", "|", "a|", "|b", "a|b|c", "a b", "a=b", "a;b", "a|b/c", "a|b&c", "a|b?", "a&b"},
       "JSESSIONID"},
      {"stickysessionsep", {"", "..", ";", ",", " ", "\"", "\\", "\n", "\xe4"}, "one character"},
      {"scolonpathdelim", {"", "2"}, "On or Off"},
      {"nofailover", {"", "on "}, "On or Off"},
  };
  for (const Row& row : rows) {
    for (const std::string_view value : row.values) {
      StickySettings settings;
      const auto known = settings.set(row.key, value);
      BOOST_TEST_REQUIRE(!known, row.key << "=" << value);
      const std::string& detail = known.error().detail;
      BOOST_TEST(detail.find(std::string{row.key} + "= takes ") == 0u, detail);
      BOOST_TEST(detail.find(row.says) != std::string::npos, detail);
      BOOST_TEST(detail.find_first_of("\r\n") == std::string::npos, detail);
      BOOST_TEST(!settings.any());
    }
  }
}

BOOST_AUTO_TEST_CASE(what_browsers_refuse_is_said) {
  struct Row {
    std::initializer_list<Assignment> pairs;
    std::string_view says;  // empty: it is fine
  };
  const Row rows[] = {
      {{}, ""},
      {{{"sticky", "R"}}, ""},
      {{{"stickysession", "S"}, {"nofailover", "on"}}, ""},
      {{{"sticky", "R"}, {"stickysession", "S"}}, ""},
      {{{"sticky", "S"}, {"stickysession", "S|s"}}, "another name"},
      {{{"sticky", "s"}, {"stickysession", "S|s"}}, ""},
      {{{"sticky-secure", "on"}}, "sticky=NAME"},
      {{{"stickysession", "S"}, {"sticky-max-age", "1h"}}, "sticky=NAME"},
      {{{"sticky", "R"}, {"sticky-samesite", "None"}}, ""},
      {{{"sticky", "R"}, {"sticky-samesite", "None"}, {"sticky-secure", "on"}}, ""},
      {{{"sticky", "R"}, {"sticky-secure", "off"}, {"sticky-samesite", "None"}}, "sticky-secure=On"},
      {{{"sticky", "R"}, {"sticky-secure", "off"}, {"sticky-samesite", "Lax"}}, ""},
      {{{"sticky", "__Secure-R"}}, "sticky-secure=On"},
      {{{"sticky", "__secure-R"}, {"sticky-secure", "off"}}, "sticky-secure=On"},
      {{{"sticky", "__Secure-R"}, {"sticky-secure", "on"}, {"sticky-path", "/a"}}, ""},
      {{{"sticky", "__Host-R"}}, "sticky-secure=On"},
      {{{"sticky", "__Host-R"}, {"sticky-secure", "on"}}, ""},
      {{{"sticky", "__Host-R"}, {"sticky-secure", "on"}, {"sticky-path", "/a"}}, "sticky-path="},
  };
  for (const Row& row : rows) {
    const Outcome fits = settingsOf(row.pairs).check();
    if (row.says.empty()) {
      BOOST_TEST(static_cast<bool>(fits));
      continue;
    }
    BOOST_TEST_REQUIRE(!fits, row.says);
    BOOST_TEST(fits.error().detail.find(row.says) != std::string::npos, fits.error().detail);
  }
}

BOOST_AUTO_TEST_CASE(the_cookie_says_what_is_configured) {
  struct Row {
    std::initializer_list<Assignment> pairs;
    std::string_view clear;
    std::string_view tls;
  };
  const Row rows[] = {
      {{}, "R=v; Path=/; HttpOnly; SameSite=Lax", "R=v; Path=/; Secure; HttpOnly; SameSite=Lax"},
      {{{"sticky-secure", "auto"}, {"sticky-path", "/app"}},
       "R=v; Path=/app; HttpOnly; SameSite=Lax",
       "R=v; Path=/app; Secure; HttpOnly; SameSite=Lax"},
      {{{"sticky-secure", "on"}, {"sticky-httponly", "off"}, {"sticky-samesite", "strict"}},
       "R=v; Path=/; Secure; SameSite=Strict",
       "R=v; Path=/; Secure; SameSite=Strict"},
      {{{"sticky-secure", "off"}, {"sticky-max-age", "90min"}},
       "R=v; Path=/; Max-Age=5400; HttpOnly; SameSite=Lax",
       "R=v; Path=/; Max-Age=5400; HttpOnly; SameSite=Lax"},
      {{{"sticky-max-age", "1500ms"}},
       "R=v; Path=/; Max-Age=1; HttpOnly; SameSite=Lax",
       "R=v; Path=/; Max-Age=1; Secure; HttpOnly; SameSite=Lax"},
      {{{"sticky-samesite", "none"}}, "R=v; Path=/; HttpOnly", "R=v; Path=/; Secure; HttpOnly; SameSite=None"},
      {{{"sticky-samesite", "none"}, {"sticky-secure", "on"}},
       "R=v; Path=/; Secure; HttpOnly; SameSite=None",
       "R=v; Path=/; Secure; HttpOnly; SameSite=None"},
  };
  Endpoint endpoint{};
  endpoint.cookieValue = "v";
  for (const Row& row : rows) {
    StickySettings settings = settingsOf(row.pairs);
    settings.cookie = std::string("R");
    BOOST_TEST(stickyCookie(settings, endpoint, false) == row.clear);
    BOOST_TEST(stickyCookie(settings, endpoint, true) == row.tls);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
