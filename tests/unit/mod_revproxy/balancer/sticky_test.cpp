// Sticky sessions: what is found in cookies and URLs, and that sessions stay.
#include "mod_revproxy/balancer/sticky.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <deque>
#include <set>

#include "tests/unit/support/sticky_settings.h"

namespace proxytest {

using namespace revproxy;

BOOST_AUTO_TEST_SUITE(sticky)

namespace {

constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef";

// A balancer whose members are dialled by their names.
class Balanced {
 public:
  explicit Balanced(std::size_t members, std::string_view balancer = "app", std::string_view key = kKey) {
    for (std::size_t number = 0; number < members; ++number) add(number, balancer, key);
  }

  Balanced(const Balanced&) = delete;
  Balanced& operator=(const Balanced&) = delete;

  Endpoints endpoints;

 private:
  void add(std::size_t number, std::string_view balancer, std::string_view key) {
    Member& member = members_.emplace_back();
    member.route = "r" + std::to_string(number);
    Endpoint& endpoint = endpoints.emplace_back();
    endpoint.member = &member;
    endpoint.name = "http://10.0.0." + std::to_string(number) + ":8080";
    endpoint.cookieValue = stickyValue(key, balancer, endpoint.name);
  }

  std::deque<Member> members_;
};

std::string routeOf(const Session& session) {
  return session.endpoint ? session.endpoint->member->route : "";
}

bool isUrlSafe(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; });
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_cookie_is_found_by_its_whole_name) {
  struct Row {
    std::string_view cookies;
    std::string_view value;
  };
  constexpr std::string_view kNone = "(none)";
  const Row rows[] = {
      {"R=v", "v"},
      {"a=1; R=v; b=2", "v"},
      {"a=1;R=v;b=2", "v"},
      {"a=1, R=v, b=2", "v"},  // two fields, as
                               // httpd joins them
      {" \tR = v\t ", "v"},
      {"R=\"v\"", "v"},
      {"R=\"\"", ""},
      {"R=\"", "\""},
      {"R=\"v", "\"v"},
      {"R=", ""},
      {"R=; R=v", ""},
      {"R=a; R=b", "a"},
      {"R=a=b", "a=b"},
      {";;;R=v", "v"},
      {"R; R=v", "v"},
      {"=R; R=v", "v"},
      {"XR=x; R=v", "v"},
      {"R2=x; R=v", "v"},
      {"r=x; R=v", "v"},
      {"X=R=x", kNone},
      {"X R=x", kNone},
      {"R", kNone},
      {"r=v", kNone},
      {"", kNone},
      {";", kNone},
      {"=", kNone},
      {"=v", kNone},
  };
  for (const Row& row : rows) BOOST_TEST(cookieNamed(row.cookies, "R").value_or(kNone) == row.value, row.cookies);
}

BOOST_AUTO_TEST_CASE(our_cookie_binds_and_made_up_ones_are_none) {
  const Balanced app(3);
  const StickySettings settings = settingsOf({{"sticky", "ROUTE"}});
  const std::string good = app.endpoints[1].cookieValue;
  std::string forged = good;
  forged.back() = forged.back() == 'A' ? 'B' : 'A';
  struct Row {
    std::vector<std::string> fields;
    std::string_view route;
  };
  const Row rows[] = {
      {{"ROUTE=" + good}, "r1"},
      {{"ROUTE=\"" + good + "\""}, "r1"},
      {{"x=y", "ROUTE=" + good}, "r1"},
      {{"ROUTE=made-up; ROUTE=" + good}, "r1"},
      {{"ROUTE=made-up", "ROUTE=" + good}, "r1"},
      {{"ROUTE=" + good, "ROUTE=" + app.endpoints[2].cookieValue}, "r1"},
      {{"ROUTE=" + forged}, ""},
      {{"ROUTE=" + good.substr(0, 23)}, ""},
      {{"ROUTE=" + good + "A"}, ""},
      {{"route=" + good}, ""},
      {{"ROUTE="}, ""},
      {{"ROUTE=r1"}, ""},
      {{"ROUTE=x.r1"}, ""},
      {{"ROUTE=" + app.endpoints[1].name}, ""},
      {{}, ""},
  };
  for (const Row& row : rows) {
    SessionCarrier carrier;
    carrier.cookieFields.assign(row.fields.begin(), row.fields.end());
    const Session session = findSession(carrier, settings, app.endpoints);
    BOOST_TEST(routeOf(session) == row.route);
    BOOST_TEST(!session.named);
  }
}

BOOST_AUTO_TEST_CASE(values_of_another_balancer_or_key_are_none) {
  const Balanced app(3);
  const StickySettings settings = settingsOf({{"sticky", "ROUTE"}});
  for (const Balanced& other : {Balanced(3, "app2"), Balanced(3, "ap"), Balanced(3, "app", "another key")}) {
    const std::string cookie = "ROUTE=" + other.endpoints[1].cookieValue;
    BOOST_TEST(routeOf(findSession({{cookie}, "/", ""}, settings, app.endpoints)) == "");
    BOOST_TEST(routeOf(findSession({{cookie}, "/", ""}, settings, other.endpoints)) == "r1");
  }
}

BOOST_AUTO_TEST_CASE(an_endpoint_without_cookie_or_route_is_bound_to_by_nothing) {
  Balanced app(1);
  Member bare;
  app.endpoints[0].cookieValue.clear();
  app.endpoints[0].member = &bare;
  const StickySettings settings = settingsOf({{"sticky", "R"}, {"stickysession", "S"}});
  for (const std::string_view cookie : {"R=", "R=\"\"", "R", "S=", "S=x.", "S=."})
    BOOST_TEST(!findSession({{cookie}, "/;S=", "S=."}, settings, app.endpoints).endpoint, cookie);
}

BOOST_AUTO_TEST_CASE(a_value_tells_nothing_and_is_always_the_same) {
  const std::string value = stickyValue(kKey, "app", "http://inside.example:8080");
  BOOST_TEST(value.size() == 24u);
  BOOST_TEST(isUrlSafe(value));
  BOOST_TEST(value == stickyValue(kKey, "app", "http://inside.example:8080"));
  // What sessions that live hang on: another way to make it moves them all.
  BOOST_TEST(value == "xNPcJTzwdFSS71vzl26XAep2");
  BOOST_TEST(stickyValue(kKey, "a", "bc") != stickyValue(kKey, "ab", "c"));
}

BOOST_AUTO_TEST_CASE(the_applications_session_names_a_route) {
  const Balanced app(3);
  struct Row {
    std::string_view cookie;
    std::string_view path;
    std::string_view query;
    std::string_view route;
    bool named;
  };
  const Row rows[] = {
      {"JSESSIONID=abc.r1", "/", "", "r1", true},
      {"JSESSIONID=\"abc.r1\"", "/", "", "r1", true},
      {"JSESSIONID=abc.r9", "/", "", "", true},
      {"JSESSIONID=abc.R1", "/", "", "", true},
      {"JSESSIONID=abc.r1x", "/", "", "", true},
      {"JSESSIONID=abc.r", "/", "", "", true},
      // The first separator counts, as in mod_proxy: what stands behind it may have some of its own.
      {"JSESSIONID=a.b.r1", "/", "", "", true},
      {"JSESSIONID=.r1", "/", "", "r1", true},
      {"JSESSIONID=abc", "/", "", "", false},
      {"JSESSIONID=r1", "/", "", "", false},
      {"JSESSIONID=abc.", "/", "", "", false},
      {"JSESSIONID=", "/", "", "", false},
      {"jsessionid=abc.r1", "/", "", "", false},
      {"XJSESSIONID=abc.r1", "/", "", "", false},
      {"JSESSIONID=old; JSESSIONID=abc.r1", "/", "", "r1", true},
      {"JSESSIONID=old.r9; JSESSIONID=abc.r1", "/", "", "r1", true},
      {"", "/a/b;jsessionid=abc.r2", "", "r2", true},
      {"", "/a;jsessionid=abc.r2/b", "", "r2", true},
      {"", "/a;x=1;jsessionid=abc.r2;y=2/b", "", "r2", true},
      {"", "/a;x=1/b;jsessionid=abc.r2", "", "r2", true},
      {"", ";jsessionid=abc.r2", "", "r2", true},
      {"", "/a;jsessionid=old.r9/b;jsessionid=abc.r2", "", "r2", true},
      {"", "/jsessionid=abc.r2", "", "", false},
      {"", "/a;xjsessionid=abc.r2", "", "", false},
      {"", "/a;JSESSIONID=abc.r2", "", "", false},
      {"", "/a;jsessionid", "", "", false},
      {"", "/a;jsessionid=", "", "", false},
      {"", "/a;", "", "", false},
      {"", "", "", "", false},
      {"", "/", "jsessionid=abc.r2", "r2", true},
      {"", "/", "a=b&jsessionid=abc.r2&c=d", "r2", true},
      {"", "/", "a=b&jsessionid=abc.r2;c=d", "r2", true},
      {"", "/", "a=b;jsessionid=abc.r2", "r2", true},
      {"", "/", "xjsessionid=abc.r2", "", false},
      {"", "/", "a=jsessionid=abc.r2", "", false},
      {"", "/", "&&jsessionid&jsessionid=", "", false},
      // The URL goes first, and the path in it.
      {"JSESSIONID=abc.r0", "/;jsessionid=abc.r1", "jsessionid=abc.r2", "r1", true},
      {"JSESSIONID=abc.r0", "/", "jsessionid=abc.r2", "r2", true},
      {"JSESSIONID=abc.r0", "/;jsessionid=abc", "", "r0", true},
      {"JSESSIONID=abc.r0", "/;jsessionid=abc.r9", "", "r0", true},
  };
  const StickySettings settings = settingsOf({{"stickysession", "JSESSIONID|jsessionid"}});
  for (const Row& row : rows) {
    const Session session = findSession({{row.cookie}, row.path, row.query}, settings, app.endpoints);
    BOOST_TEST(routeOf(session) == row.route, row.cookie << " " << row.path << " " << row.query);
    BOOST_TEST(session.named == row.named, row.cookie << " " << row.path << " " << row.query);
  }
}

BOOST_AUTO_TEST_CASE(separators_and_delimiters_are_as_configured) {
  const Balanced app(3);
  const auto found = [&](std::initializer_list<Assignment> pairs, std::string_view cookie, std::string_view path,
                         std::string_view query = "") {
    return routeOf(findSession({{cookie}, path, query}, settingsOf(pairs), app.endpoints));
  };
  BOOST_TEST(found({{"stickysession", "S"}, {"stickysessionsep", "!"}}, "S=a.b!r1", "/") == "r1");
  BOOST_TEST(found({{"stickysession", "S"}, {"stickysessionsep", "!"}}, "S=a.r1", "/") == "");
  BOOST_TEST(found({{"stickysession", "S"}, {"stickysessionsep", "Off"}}, "S=r1", "/") == "r1");
  BOOST_TEST(found({{"stickysession", "S"}, {"stickysessionsep", "Off"}}, "S=a.r1", "/") == "");
  BOOST_TEST(found({{"stickysession", "S"}}, "", "/;S=a.r1") == "r1");
  const std::initializer_list<Assignment> off = {{"stickysession", "S"}, {"scolonpathdelim", "Off"}};
  BOOST_TEST(found(off, "", "/a;S=a.r1") == "r1");
  BOOST_TEST(found(off, "", "/a;x=1;S=a.r1/b") == "r1");
  BOOST_TEST(found(off, "", "/a;S=a.r1;x=1") == "");
  BOOST_TEST(found(off, "", "/", "S=a.r1;x=1") == "");
  BOOST_TEST(found(off, "", "/", "x=1;S=a.r1") == "");
  BOOST_TEST(found(off, "", "/", "x=1&S=a.r1") == "r1");
}

BOOST_AUTO_TEST_CASE(ours_is_asked_before_the_applications) {
  const Balanced app(3);
  const StickySettings settings = settingsOf({{"sticky", "R"}, {"stickysession", "S"}});
  const std::string ours = "R=" + app.endpoints[1].cookieValue;
  BOOST_TEST(routeOf(findSession({{"S=x.r2", ours}, "/;S=x.r0", ""}, settings, app.endpoints)) == "r1");
  BOOST_TEST(routeOf(findSession({{"S=x.r2", "R=made-up"}, "/", ""}, settings, app.endpoints)) == "r2");
  BOOST_TEST(!findSession({{ours, "S=x.r2"}, "/;S=x.r2", ""}, {}, app.endpoints).endpoint);
}

BOOST_AUTO_TEST_CASE(of_endpoints_with_one_route_the_first_is_found) {
  Balanced app(3);
  for (Endpoint& endpoint : app.endpoints) endpoint.member = app.endpoints[0].member;
  const Session session = findSession({{"S=x.r0"}, "/", ""}, settingsOf({{"stickysession", "S"}}), app.endpoints);
  BOOST_TEST(session.endpoint == &app.endpoints[0]);
}

// Behind sixteen values of a name nobody looks, so that a client cannot make us compare thousands.
BOOST_AUTO_TEST_CASE(values_of_one_name_are_bounded) {
  const Balanced app(3);
  const StickySettings settings = settingsOf({{"sticky", "R"}, {"stickysession", "S"}});
  const auto repeated = [](std::string_view one, int times) {
    std::string text;
    for (int i = 0; i < times; ++i) text += one;
    return text;
  };
  const std::string good = "R=" + app.endpoints[1].cookieValue;
  for (const auto& [before, route] : {std::pair(15, "r1"), std::pair(16, ""), std::pair(4000, "")}) {
    const std::string cookie = repeated("R=x;", before) + good;
    BOOST_TEST(routeOf(findSession({{cookie}, "/", ""}, settings, app.endpoints)) == route);
    const std::string path = repeated(";S=x.y", before) + ";S=x.r1";
    BOOST_TEST(routeOf(findSession({{}, path, ""}, settings, app.endpoints)) == route);
  }
  // Others' cookies are passed over, however many.
  const std::string others = repeated("a=b;", 2000) + good;
  BOOST_TEST(routeOf(findSession({{others}, "/", ""}, settings, app.endpoints)) == "r1");
}

BOOST_AUTO_TEST_CASE(ten_thousand_sessions_stay) {
  constexpr std::size_t kMembers = 10;
  constexpr std::size_t kSessions = 10'000;
  const StickySettings settings = settingsOf({{"sticky", "ROUTE"}});
  Balanced app(kMembers);
  std::vector<std::string> cookies;
  for (std::size_t session = 0; session < kSessions; ++session)
    cookies.push_back("id=" + std::to_string(session) + "; " +
                      stickyCookie(settings, app.endpoints[session % kMembers], false));
  const auto expectBound = [&](const Endpoints& endpoints, const std::string& gone = "") {
    std::size_t wrong = 0;
    for (std::size_t session = 0; session < kSessions; ++session) {
      const std::string own = "r" + std::to_string(session % kMembers);
      const std::string bound = routeOf(findSession({{cookies[session]}, "/", ""}, settings, endpoints));
      if (bound != (own == gone ? "" : own)) ++wrong;
    }
    BOOST_TEST(wrong == 0u);
  };
  expectBound(app.endpoints);
  for (Endpoint& endpoint : app.endpoints) endpoint.weight = 5 * (endpoint.weight + 7);
  expectBound(app.endpoints);
  Balanced rebuilt(kMembers);
  std::reverse(rebuilt.endpoints.begin(), rebuilt.endpoints.end());
  expectBound(rebuilt.endpoints);
  rebuilt.endpoints.erase(rebuilt.endpoints.begin() + 3);
  expectBound(rebuilt.endpoints, "r6");
  expectBound(Balanced(2 * kMembers).endpoints);
}

BOOST_AUTO_TEST_CASE(no_two_values_are_the_same) {
  std::set<std::string> values;
  for (const char* balancer : {"a", "b", "app", "app2"})
    for (const Endpoint& endpoint : Balanced(2500, balancer).endpoints) values.insert(endpoint.cookieValue);
  BOOST_TEST(values.size() == 10'000u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
