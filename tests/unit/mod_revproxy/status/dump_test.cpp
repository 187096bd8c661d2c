// The dump of the configuration: everything that decides, in the order in which it does.
#include "mod_revproxy/status/dump.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>

namespace proxytest {

using namespace revproxy;

BOOST_AUTO_TEST_SUITE(status_dump)

namespace {

Member member(const std::string& url, const std::string& definedAt) {
  Member made;
  made.url = url;
  made.definedAt = definedAt;
  return made;
}

Balancer& fill(Balancer& balancer) {
  balancer.name = "app";
  balancer.definedAt = "site.conf:1";
  balancer.members.push_back(member("http://10.0.0.1:8080", "site.conf:2"));
  balancer.members.push_back(member("http://10.0.0.2:8080", "site.conf:3"));
  return balancer;
}

std::string dumpOf(const Balancer& balancer) {
  return dumpText({{"main server", "", {}, {&balancer}}});
}

}  // namespace

BOOST_AUTO_TEST_CASE(mappings_stand_in_order_of_precedence) {
  const std::string text = dumpText({{"main server",
                                      "",
                                      {{"/", "http://10.0.0.9/", "site.conf:4"},
                                       {"/app", "http://10.0.0.1/", "site.conf:5"},
                                       {"/app", "balancer://app/", "site.conf:9", true},
                                       {"/app/static", "!", "site.conf:6"},
                                       {"/api", "http://10.0.0.2/", "site.conf:7"}},
                                      {}},
                                     {"*:443 (www.example.org)", "site.conf:20", {}, {}}});
  BOOST_TEST(text ==
             "RevProxy, in order of precedence:\n"
             "main server\n"
             "  mappings, the longest first:\n"
             "    /app/static -> ! (site.conf:6)\n"
             "    /api        -> http://10.0.0.2/ (site.conf:7)\n"
             "    /app        -> balancer://app/ (site.conf:9)\n"
             "    /app        -> http://10.0.0.1/ (site.conf:5)\n"
             "    /           -> http://10.0.0.9/ (site.conf:4)\n"
             "*:443 (www.example.org) (site.conf:20)\n"
             "  nothing is mapped\n");
}

BOOST_AUTO_TEST_CASE(a_balancer_that_says_little_is_shown_with_its_defaults) {
  Balancer balancer;
  BOOST_TEST(dumpOf(fill(balancer)) ==
             "RevProxy, in order of precedence:\n"
             "main server\n"
             "  balancers:\n"
             "    app: byrequests (site.conf:1)\n"
             "      http://10.0.0.1:8080: set 0, active, weight 1 (site.conf:2)\n"
             "      http://10.0.0.2:8080: set 0, active, weight 1 (site.conf:3)\n");
}

BOOST_AUTO_TEST_CASE(all_that_decides_is_shown) {
  Balancer balancer;
  fill(balancer);
  balancer.settings.method = "hash";
  balancer.settings.hash = "%{REQUEST_URI}";
  balancer.settings.limit = 100;
  balancer.settings.queue = 50;
  balancer.settings.queueTimeout = milliseconds{2500};
  balancer.settings.slowStart = milliseconds{30'000};
  Member& first = balancer.members[0];
  first.weight = 150;
  first.route = "a";
  first.set = 1;
  first.role = MemberRole::kStandby;
  first.limit = 10;
  first.resolve = Resolve::kAll;
  first.isDrained = true;
  Member& second = balancer.members[1];
  second.role = MemberRole::kSpare;
  second.slowStart = milliseconds{1500};
  second.resolve = Resolve::kSrv;
  second.isStopped = true;
  HealthCheck check;
  check.uri = "/healthz";
  check.expect = {{200, 299}, {404, 404}};
  check.body = *BodyPattern::compile("ok");
  check.definedAt = "site.conf:7";
  balancer.health = check;
  BOOST_TEST(dumpOf(balancer) ==
             "RevProxy, in order of precedence:\n"
             "main server\n"
             "  balancers:\n"
             "    app: hash of %{REQUEST_URI}, limit 100, up to 50 wait 2.5 s at most (site.conf:1)\n"
             "      http://10.0.0.2:8080: set 0, spare, weight 1, slow start 1.5 s, members by SRV records, stopped "
             "(site.conf:3)\n"
             "      http://10.0.0.1:8080: set 1, standby, weight 1.5, route a, limit 10, slow start 30 s, "
             "a member for each address, drained (site.conf:2)\n"
             "      checked every 2 s: GET /healthz, expects 200-299 404, body ~ \"ok\", rise 2, fall 3 "
             "(site.conf:7)\n");
}

BOOST_AUTO_TEST_CASE(a_limit_of_a_member_alone_makes_a_queue) {
  Balancer balancer;
  fill(balancer).members[1].limit = 4;
  BOOST_TEST(dumpOf(balancer).find("app: byrequests, up to 1000 wait 5 s at most (") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(checks_of_other_methods_are_called_by_name) {
  Balancer balancer;
  HealthCheck check;
  check.method = HealthCheck::Method::kTcp;
  fill(balancer).health = check;
  BOOST_TEST(dumpOf(balancer).find("checked every 2 s: TCP, rise 2, fall 3\n") != std::string::npos);
  check.method = HealthCheck::Method::kHead;
  balancer.health = check;
  BOOST_TEST(dumpOf(balancer).find("checked every 2 s: HEAD /, expects 200-399, rise") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_configured_makes_no_lines_of_its_own) {
  Balancer balancer;
  fill(balancer).members[0].url = "http://a\n    b: forged";
  const std::string text = dumpText({{"host\nx", "a\nb", {{"/a\nb", "t\n", "c\n"}}, {&balancer}}});
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 8);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
