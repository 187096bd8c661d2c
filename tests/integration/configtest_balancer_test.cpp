// What `apachectl configtest` says of balancers: where the mistake is, and what to write instead. Which values each key
// takes is tested with the parsers; here is how a mistake in one is told.
#include "tests/integration/support/configtest.h"
#include "tests/integration/support/proxy_test.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(configuration)

namespace {

const std::string kMember = "RevProxyMember http://one.test\n";
const std::string kEnd = "</RevProxyBalancer>\n";

// Line 1 to 3, where `name` is line 1.
std::string balancer(const std::string& name) {
  return "<RevProxyBalancer " + name + ">\n" + kMember + kEnd;
}

// Each as line 3, in a balancer that has a member.
void expectInside(const std::string& directive, const std::vector<Mistake>& mistakes) {
  for (const Mistake& mistake : mistakes) {
    std::vector<std::string> said = mistake.said;
    said.push_back("\\b" + directive + "\\b");
    expectMessage("<RevProxyBalancer app>\n" + kMember + mistake.line + "\n" + kEnd, 3, said);
  }
}

void expectRight(const std::string& text) {
  Httpd httpd(Mpm::kEvent);
  httpd.configure(text);
  const CommandResult result = httpd.configtest();
  BOOST_TEST(result.exitStatus == 0, text << "says\n" << result.output);
  BOOST_TEST(result.output == "Syntax OK\n");
}

std::string virtualHost(int port, const std::string& text) {
  return "<VirtualHost *:" + std::to_string(port) + ">\n" + text + "</VirtualHost>\n";
}

}  // namespace

BOOST_AUTO_TEST_CASE(everything_right_of_balancers) {
  expectRight(
      "RevProxyPass /early balancer://app/x\n"
      "<RevProxyBalancer balancer://app>\n"
      "RevProxyMember http://one.test:8080/base loadfactor=1.5 route=a status=+N lbset=1 slowstart=Off limit=5 max=3\n"
      "RevProxyMember https://two.test weight=2 route=b status=+H-I set=0 slowstart=30s resolve=all alpn=h2\n"
      "RevProxyMember http://_app._tcp.three.test resolve=srv status=D\n"
      "RevProxyMember \"unix:/run/a name.sock|http://name.test/\" status=+RI\n"
      "revproxyset method=hash hash=%{REQUEST_URI} hash-balance-factor=150 maxattempts=2 retry-budget=50\n"
      "RevProxySet eject-errors=Off eject-ratio=50 eject-volume=10 eject-window=5s eject-time=1 eject-max-time=1min\n"
      "RevProxySet failonstatus=500,502-504 failontimeout=On limit=100 queue=0 queue-timeout=1 slowstart=5s\n"
      "RevProxySet resolve-floor=1 resolve-ceiling=1h timeout=5 nocanon sticky=ROUTE sticky-secure sticky-httponly\n"
      "RevProxySet stickysession=JSESSIONID|jsessionid nofailover scolonpathdelim\n"
      "RevProxyHealth Interval=2s uri=/healthz expect=200-299,401 body=~\"well\" rise=1 fall=2 method=GET timeout=1s\n"
      "</RevProxyBalancer>\n"
      "<RevProxyBalancer \"other\">\nRevProxyMember ws://one.test\n<IfModule mod_revproxy.c>\nRevProxyHealth "
      "method=TCP\n"
      "</IfModule>\n</RevProxyBalancer>\n"
      "RevProxyPass /app balancer://app/x timeout=1 request-buffer=64k\nRevProxyPass /other BALANCER://other\n"
      "RevProxyPassReverse /app balancer://app/x\n"
      "<Location /here>\nRevProxyPass balancer://other/\nRevProxyPassReverse balancer://other/\n</Location>\n");
  // The server's and one's own; of the same name its own.
  expectRight(balancer("app") + virtualHost(81, balancer("app") + "RevProxyPass / balancer://app\n") +
              virtualHost(82, "RevProxyPass / balancer://app\n") + virtualHost(83, balancer("app")));
}

BOOST_AUTO_TEST_CASE(balancers_without_a_good_name) {
  const std::string rest = "\n" + kMember + "</RevProxyBalancer>";
  const std::vector<std::string> form = {"one name", "letters, digits", "<RevProxyBalancer app>"};
  for (const std::string& opening :
       {std::string("<RevProxyBalancer>"), std::string("<RevProxyBalancer app other>"),
        std::string("<RevProxyBalancer a/b>"), std::string("<RevProxyBalancer \"a b\">"),
        std::string("<RevProxyBalancer balancer://>"), "<RevProxyBalancer " + std::string(65, 'a') + ">"})
    expectMessages("RevProxyBalancer", {{opening + rest, form}});
  expectMessages("RevProxyBalancer", {{"<RevProxyBalancer app" + rest, {"> at its end"}},
                                      {"<RevProxyBalancer app>\n" + kMember, {"not closed"}},
                                      {"<RevProxyBalancer app>\n</RevProxyBalancer>",
                                       {"balancer app has no members", "RevProxyMember URL"}}});
  expectMessage(balancer("app") + balancer("app"), 4,
                {"RevProxyBalancer", "app is defined already, at .*site\\.conf:1"});
}

BOOST_AUTO_TEST_CASE(what_does_not_belong_in_a_balancer) {
  for (const std::string line : {"RevProxyPass /a http://one.test/", "RevProxyTimeout 5", "FwdProxyVia On",
                                 "<Location /a>\n</Location>", "<RevProxyBalancer inner>\n</RevProxyBalancer>"})
    expectInside("RevProxyBalancer", {{line,
                                       {line.substr(0, line.find(' ')) + " does not belong in it",
                                        "RevProxyMember, RevProxySet and RevProxyHealth"}}});
  expectMessage("<Location /a>\n" + balancer("app") + "</Location>\n", 2, {"RevProxyBalancer", "Location"});
  for (const std::string line : {"RevProxyMember http://one.test", "RevProxyHealth interval=2s"}) {
    const std::string name = line.substr(0, line.find(' '));
    expectMessages(name, {{line, {"inside <RevProxyBalancer NAME>"}}});
    expectMessage("<Location /a>\n" + line + "\n</Location>\n", 2, {name, "inside <RevProxyBalancer NAME>"});
  }
}

BOOST_AUTO_TEST_CASE(members_with_mistakes) {
  const std::string member = "RevProxyMember http://two.test ";
  expectInside("RevProxyMember",
               {{"RevProxyMember", {"URL is missing", "http://HOST"}},
                {"RevProxyMember ftp://two.test", {"ftp", "https?", "\\bh2c\\b"}},
                {"RevProxyMember balancer://other", {"unknown scheme \"balancer\""}},
                {member + "weight=0", {"weight=", "\"0\"", "from 1 to 100"}},
                {member + "route=a/b", {"route=", "a/b", "letters"}},
                {member + "status=+X", {"status=", "\\+X", "N drained", "H standby"}},
                {member + "set=100", {"set=", "100", "0 to 99"}},
                {member + "slowstart=soon", {"slowstart=", "soon", "30s", "Off"}},
                {member + "limit=0", {"limit=", "\"0\"", "65536"}},
                {member + "resolve=some", {"resolve=", "some", "one, all, or srv"}},
                {"RevProxyMember http://192.0.2.1 resolve=all", {"resolve=", "192\\.0\\.2\\.1 is an address"}},
                {member + "nocanon", {"nocanon", "RevProxyPass", "RevProxySet"}},
                {member + "colour=blue", {"colour", "KEY=VALUE", "weight", "timeout"}},
                {"RevProxyMember http://ONE.test:80/", {"is a member already, at .*site\\.conf:2", "weight="}}});
}

BOOST_AUTO_TEST_CASE(settings_of_a_balancer_with_mistakes) {
  expectInside("RevProxySet",
               {{"RevProxySet", {"nothing follows", "key=value"}},
                {"RevProxySet colour=blue", {"colour", "KEY=VALUE", "method", "stickysession", "timeout"}},
                {"RevProxySet queue=1 limit=0", {"limit=", "\"0\"", "65536"}},
                {"RevProxySet limit", {"limit=", "65536"}},
                {"RevProxySet sticky", {"sticky=", "name of a cookie"}},
                {"RevProxySet sticky-path=app", {"sticky-path=", "\"app\"", "slash"}},
                {"RevProxySet timeout=never", {"timeout=", "never", "500ms"}},
                {"RevProxySet alpn=h2", {"alpn=", "RevProxyMember"}},
                {"RevProxySet method=hash \"hash=%{REQUEST_URI\"", {"expression", "REQUEST_URI"}},
                {"RevProxySet method=hash hash=%{REQUEST_URI} hash=%{nosuch:x}", {"expression", "nosuch"}}});
  // What concerns all of it is told at the section's own line.
  const auto expectOfAll = [](const std::string& line, const std::vector<std::string>& said) {
    expectMessage("# of " + line + "\n<RevProxyBalancer app>\n" + kMember + line + "\n" + kEnd, 2, said);
  };
  expectOfAll("RevProxySet method=hash", {"RevProxyBalancer", "hash=EXPRESSION", "REQUEST_URI"});
  expectOfAll("RevProxySet hash=%{REQUEST_URI}", {"RevProxyBalancer", "method=hash", "byrequests"});
  expectOfAll("RevProxySet hash-balance-factor=150", {"RevProxyBalancer", "method=hash", "byrequests"});
  expectOfAll("RevProxySet sticky-path=/", {"RevProxyBalancer", "sticky-path=", "write sticky=NAME"});
  expectOfAll("RevProxySet method=fastest",
              {"RevProxyBalancer app", "\"fastest\"", "byrequests, .*leastconn.*random2.*ewma.*hash"});
}

BOOST_AUTO_TEST_CASE(checks_with_mistakes) {
  expectInside("RevProxyHealth", {{"RevProxyHealth colour=blue", {"colour", "KEY=VALUE", "interval"}},
                                  {"RevProxyHealth interval", {"interval", "KEY=VALUE"}},
                                  {"RevProxyHealth expect=600", {"expect=", "600", "599"}},
                                  {"RevProxyHealth rise=1 RISE=2", {"rise= is given twice"}}});
  expectMessage("<RevProxyBalancer app>\n" + kMember + "RevProxyHealth uri=/a\nRevProxyHealth uri=/b\n" + kEnd, 4,
                {"RevProxyHealth", "said at .*site\\.conf:3\\b"});
}

BOOST_AUTO_TEST_CASE(names_that_are_not_defined) {
  const std::vector<std::string> said = {"\"app\"", "<RevProxyBalancer app>",
                                         "there are one, two$|there are one, two\n"};
  const auto expectUse = [&](const std::string& directive, const std::string& use) {
    std::vector<std::string> all = said;
    all.push_back(directive + " at .*site\\.conf:7\\b");
    expectMessage(balancer("one") + balancer("two") + use + "\n", 7, all);
  };
  expectUse("RevProxyPass", "RevProxyPass /a balancer://app/x");
  expectUse("RevProxyPassReverse", "RevProxyPassReverse /a balancer://app/x");
  expectMessages("RevProxyPass", {{"RevProxyPass /a balancer://app", {"\"app\"", "none is defined"}},
                                  {"RevProxyPass /a balancer://", {"balancer://NAME\\[/PATH\\]"}},
                                  {"RevProxyPass /a balancer:///x", {"balancer://NAME\\[/PATH\\]"}},
                                  {"RevProxyPass /a balancer://app/x?q", {"app/x\\?q", "balancer://NAME\\[/PATH\\]"}},
                                  {"RevProxyPass /a balancer://app?q", {"app\\?q", "balancer://NAME\\[/PATH\\]"}},
                                  {"RevProxyPass /a balancer://app alpn=h2", {"alpn=", "RevProxyMember"}},
                                  {"RevProxyPass /a balancer://app weight=2", {"weight", "timeout"}}});
  expectMessages("RevProxyPassReverse", {{"RevProxyPassReverse /a balancer://", {"balancer://NAME\\[/PATH\\]"}}});
  expectMessage("<Location /a>\nRevProxyPass balancer://app\n</Location>\n", 2, {"RevProxyPass", "none is defined"});
  // Another vhost's is nobody's but its own.
  expectMessage(virtualHost(81, balancer("app")) + virtualHost(82, "RevProxyPass / balancer://app\n"), 7,
                {"RevProxyPass", "\"app\"", "none is defined"});
  expectMessage(virtualHost(81, balancer("app")) + "RevProxyPass / balancer://app\n", 6,
                {"RevProxyPass", "\"app\"", "none is defined"});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
