// Checks of members from the outside: who fails them gets no requests, who passes them again does, with a line each,
// and they go on when the child that made them is killed. Two nginx are well until a test puts a file into their way.
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "tests/integration/support/client.h"
#include "tests/integration/support/configtest.h"
#include "tests/integration/support/nginx.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(health)

namespace {

class CheckedMember {
 public:
  explicit CheckedMember(const std::string& name)
      : nginx_("location = /who { return 200 " + name +
               "; } location = /healthz { if (-f $document_root/ill) { return 503; } return 200 well; }") {}

  void become(bool isWell) const {
    const auto file = nginx_.documentRoot() / "ill";
    if (isWell) {
      std::filesystem::remove(file);
    } else {
      std::ofstream(file) << "x";
    }
  }
  std::string line() const { return "  RevProxyMember " + nginx_.url() + "\n"; }

 private:
  Nginx nginx_;
};

std::string balancerOf(const CheckedMember& one, const CheckedMember& other, const std::string& check) {
  return "<RevProxyBalancer app>\n" + one.line() + other.line() + "  RevProxyHealth " + check +
         "\n</RevProxyBalancer>\nRevProxyPass / balancer://app/\n";
}

const std::string kCheck = "interval=100ms timeout=5s uri=/healthz expect=200-299 body=~\"well\" fall=2 rise=2";

// Who answers, of so many requests that each member would have had some.
std::set<std::string> answering(const Httpd& httpd) {
  Client client;
  std::set<std::string> names;
  for (int count = 0; count < 10; ++count) names.insert(client.get(httpd.url("/who")).body);
  return names;
}

const std::set<std::string> kBoth = {"one", "other"};
const std::set<std::string> kOther = {"other"};

}  // namespace

PROXY_TEST(a_member_that_fails_its_checks_gets_nothing_until_it_passes_them_again) {
  const CheckedMember one("one");
  const CheckedMember other("other");
  Httpd httpd(mpm);
  httpd.expectLog("of balancer app is (up|down)");
  httpd.configure(balancerOf(one, other, kCheck));
  httpd.start();
  BOOST_TEST(answering(httpd) == kBoth, boost::test_tools::per_element());
  one.become(false);
  httpd.requireLog("of balancer app is down: 2 checks in a row failed \\(failed-status: status 503, expected 200-299");
  BOOST_TEST(waitUntil([&] { return answering(httpd) == kOther; }));
  one.become(true);
  httpd.requireLog("of balancer app is up: 2 checks in a row succeeded");
  BOOST_TEST(waitUntil([&] { return answering(httpd) == kBoth; }));
  BOOST_TEST(httpd.errorLog().linesMatching("of balancer app is ").size() == 2u);
}

PROXY_TEST_EVENT(checks_go_on_when_the_child_that_makes_them_is_killed) {
  const CheckedMember one("one");
  const CheckedMember other("other");
  HttpdLimits limits;
  limits.children = 3;
  Httpd httpd(mpm, limits);
  httpd.expectLog("of balancer app is (up|down)");
  httpd.expectLog("exit signal Killed|AH10392");  // and of several in a row
  httpd.configure(balancerOf(one, other, kCheck));
  httpd.start();
  // Each once, so that the one that leads is among them.
  for (const pid_t child : httpd.children()) ::kill(child, SIGKILL);
  one.become(false);
  httpd.requireLog("of balancer app is down");
  BOOST_TEST(waitUntil([&] { return answering(httpd) == kOther; }));
}

BOOST_AUTO_TEST_CASE(a_check_that_makes_no_sense_is_an_error_at_configtest) {
  const Mistake mistakes[] = {{"interval=often", {"interval=: \"often\" is no such time"}},
                              {"body=~\"(ok\"", {"is no regular expression"}},
                              {"method=TCP uri=/", {"uri= needs method=GET or HEAD"}}};
  for (const Mistake& mistake : mistakes)
    expectMessage("<RevProxyBalancer app>\n  RevProxyMember http://127.0.0.1:9/\n  RevProxyHealth " + mistake.line +
                      "\n</RevProxyBalancer>\nRevProxyPass / balancer://app/\n",
                  3, mistake.said);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
