// The lines of RevProxyMember: what may be written of a member, and what is said of what may not.
#include "mod_revproxy/balancer/member.h"

#include <boost/test/unit_test.hpp>
#include <vector>

namespace proxytest {

using namespace revproxy;

BOOST_AUTO_TEST_SUITE(balancer_member)

namespace {

constexpr std::string_view kUrl = "http://app.test:8080";

Result<Member> parsed(const std::vector<std::string>& assignments, std::string_view url = kUrl) {
  return parseMember(url, assignments);
}

Member memberWith(const std::vector<std::string>& assignments, std::string_view url = kUrl) {
  auto member = parsed(assignments, url);
  BOOST_TEST_REQUIRE(static_cast<bool>(member), (member ? "" : member.error().detail));
  return std::move(*member);
}

void expectRefused(const std::vector<std::string>& assignments, std::string_view says, std::string_view url = kUrl) {
  const auto member = parsed(assignments, url);
  BOOST_TEST_CONTEXT(url << " " << (assignments.empty() ? "" : assignments.front())) {
    BOOST_TEST(!member);
    if (!member) BOOST_TEST(member.error().detail.find(says) != std::string::npos, member.error().detail);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_not_said_is_as_it_is_documented) {
  const Member member = memberWith({});
  BOOST_TEST(member.url == kUrl);
  BOOST_TEST(member.backend.origin() == kUrl);
  BOOST_TEST(member.route == "");
  BOOST_TEST(member.weight == 100u);
  BOOST_TEST(member.set == 0u);
  BOOST_TEST((member.role == MemberRole::kActive));
  BOOST_TEST(!member.isDrained);
  BOOST_TEST(!member.isStopped);
  BOOST_TEST(!member.neverEjected);
  BOOST_TEST(!member.slowStart.isSet());
  BOOST_TEST(member.limit == 0u);
  BOOST_TEST((member.resolve == Resolve::kOne));
}

BOOST_AUTO_TEST_CASE(a_weight_has_two_places_at_most) {
  struct Row {
    std::string text;
    std::uint32_t hundredths;
  };
  for (const Row& row : {Row{"1", 100}, {"1.5", 150}, {"1.05", 105}, {"2.50", 250}, {"99.99", 9999}, {"100", 10'000}}) {
    BOOST_TEST(memberWith({"weight=" + row.text}).weight == row.hundredths, row.text);
    BOOST_TEST(memberWith({"LoadFactor=" + row.text}).weight == row.hundredths, row.text);
  }
  for (const std::string text :
       {"", "0", "0.5", "0.99", "100.01", "101", "-1", "1.", ".5", "1.234", "1,5", "1.-1", "many", "1e1", " 1"})
    for (const std::string key : {"weight", "loadfactor"})
      expectRefused({key + "=" + text}, key + "= takes a number from 1 to 100, such as 2 or 1.5, not \"" + text + "\"");
}

BOOST_AUTO_TEST_CASE(a_route_is_a_word) {
  const std::string longest(64, 'r');
  for (const std::string& text : {std::string("a"), std::string("node-1_b.C"), longest})
    BOOST_TEST(memberWith({"route=" + text}).route == text);
  for (const std::string& text : {std::string(), longest + "r", std::string("a b"), std::string("a;b"),
                                  std::string("a/b"), std::string("a\"b"), std::string("\xc3\xa4")})
    expectRefused({"route=" + text}, "route= takes at most 64 letters, digits, and any of _ - ., not ");
}

BOOST_AUTO_TEST_CASE(letters_of_status_are_mod_proxys) {
  struct Row {
    std::string text;
    bool isDrained = false;
    bool isStopped = false;
    bool neverEjected = false;
    MemberRole role = MemberRole::kActive;
  };
  const std::vector<Row> rows = {{"N", true},
                                 {"+N", true},
                                 {"n", true},
                                 {"+S", false, true},
                                 {"D", false, true},
                                 {"+d", false, true},
                                 {"+I", false, false, true},
                                 {"+R", false, false, false, MemberRole::kSpare},
                                 {"+H", false, false, false, MemberRole::kStandby},
                                 {"H+N", true, false, false, MemberRole::kStandby},
                                 {"+RI", false, false, true, MemberRole::kSpare},
                                 {"-N"},
                                 {"+S-S"},
                                 {"+D-D"},
                                 {"+R-R"},
                                 {"-H"},
                                 {"+I-I"}};
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.text) {
      const Member member = memberWith({"status=" + row.text});
      BOOST_TEST(member.isDrained == row.isDrained);
      BOOST_TEST(member.isStopped == row.isStopped);
      BOOST_TEST(member.neverEjected == row.neverEjected);
      BOOST_TEST((member.role == row.role));
    }
  // Each line adds to the one before.
  const Member twice = memberWith({"status=+N", "status=+I"});
  BOOST_TEST((twice.isDrained && twice.neverEjected));
  for (const std::string text : {"", "+", "-", "+-", "X", "+E", "+C", "drain", "+N,+S", "0"})
    expectRefused({"status=" + text}, "status= takes letters with + or - before them: N drained");
}

BOOST_AUTO_TEST_CASE(sets_and_limits_are_numbers) {
  BOOST_TEST(memberWith({"set=0"}).set == 0u);
  BOOST_TEST(memberWith({"lbset=99"}).set == 99u);
  for (const std::string key : {"set", "lbset"})
    for (const std::string text : {"", "100", "-1", "one", "1.5"})
      expectRefused({key + "=" + text}, key + "= takes a number from 0 to 99, not \"" + text + "\"");
  BOOST_TEST(memberWith({"limit=1"}).limit == 1u);
  BOOST_TEST(memberWith({"limit=65536"}).limit == 65'536u);
  for (const std::string text : {"", "0", "65537", "-1", "many", "1k"})
    expectRefused({"limit=" + text}, "limit= takes a number of requests in flight from 1 to 65536, not \"" + text);
}

BOOST_AUTO_TEST_CASE(a_slow_start_may_be_off) {
  BOOST_TEST(memberWith({"slowstart=30s"}).slowStart.value().count() == 30'000);
  BOOST_TEST(memberWith({"slowstart=500ms"}).slowStart.value().count() == 500);
  BOOST_TEST(memberWith({"slowstart=OFF"}).slowStart.value().count() == 0);
  for (const std::string text : {"", "0", "-1", "On", "soon", "1.5s"})
    expectRefused({"slowstart=" + text}, "slowstart= takes a duration such as 30s, or Off, not \"" + text);
}

BOOST_AUTO_TEST_CASE(names_alone_have_addresses) {
  BOOST_TEST((memberWith({"resolve=one"}, "http://192.0.2.1").resolve == Resolve::kOne));
  BOOST_TEST((memberWith({"resolve=ALL"}).resolve == Resolve::kAll));
  BOOST_TEST((memberWith({"resolve=srv"}, "https://_app._tcp.test").resolve == Resolve::kSrv));
  for (const std::string text : {"", "two", "On", "a"})
    expectRefused({"resolve=" + text}, "resolve= takes one, all, or srv, not \"" + text);
  for (const std::string word : {"all", "srv"}) {
    expectRefused({"resolve=" + word}, "is for names, and 192.0.2.1 is an address", "http://192.0.2.1:80/");
    expectRefused({"resolve=" + word}, "is for names, and 2001:db8::1 is an address", "http://[2001:db8::1]/");
    expectRefused({"resolve=" + word}, "a Unix socket has none", "unix:/run/a.sock|http://name.test/");
  }
}

BOOST_AUTO_TEST_CASE(what_a_backend_takes_is_said_of_it_too) {
  const Member member = memberWith({"max=3", "Timeout=2s", "route=a", "total-timeout=1min"}, "https://app.test/base");
  BOOST_TEST(member.backend.parameters.max.value() == 3u);
  BOOST_TEST(member.backend.parameters.timeout.value().count() == 2000);
  BOOST_TEST(member.backend.parameters.totalTimeout.value().count() == 60'000);
  BOOST_TEST(member.backend.basePath == "/base");
  BOOST_TEST(member.route == "a");
  BOOST_TEST(memberWith({"alpn=h2"}, "https://app.test").backend.http2);
  expectRefused({"max=0"}, "max= takes a number of connections from 1 up");
  expectRefused({"alpn=h2"}, "write it with https");
}

// Nobody would notice that it does nothing there.
BOOST_AUTO_TEST_CASE(what_holds_before_a_member_is_chosen_is_not_said_of_one) {
  for (const std::string text :
       {"nocanon", "NoCanon=On", "request-buffer=1M", "retry-post=key", "half-close=On", "cache=on", "cache-store=big"})
    expectRefused({text}, "holds before a member is chosen: write it behind RevProxyPass, or with RevProxySet");
}

BOOST_AUTO_TEST_CASE(what_is_no_parameter_is_refused_with_those_there_are) {
  for (const std::string text : {"colour=blue", "=5", "method=hash", "backup", "ping=1"})
    expectRefused({text}, "\"" + text +
                              "\" is no parameter of a member: write KEY=VALUE with weight, loadfactor, route, status, "
                              "set, lbset, slowstart, limit, resolve, or what RevProxyPass takes: timeout, ");
  for (const std::string key :
       {"weight", "loadfactor", "route", "status", "set", "lbset", "slowstart", "limit", "resolve"})
    expectRefused({key}, key + "= takes ");
  expectRefused({"timeout"}, "write KEY=VALUE");
}

BOOST_AUTO_TEST_CASE(urls_are_those_of_backends) {
  expectRefused({}, "unknown scheme \"ftp\"", "ftp://app.test");
  expectRefused({}, "unknown scheme \"balancer\"", "balancer://app");
  expectRefused({}, "write SCHEME://HOST", "app.test:8080");
  expectRefused({}, "query or a fragment", "http://app.test/?q");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
