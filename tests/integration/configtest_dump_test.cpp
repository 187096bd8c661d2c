// What `apachectl -t -D DUMP_REVPROXY` prints: where requests go, in order of precedence, with file and line.
#include <regex>

#include "tests/integration/support/proxy_test.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(configuration)

namespace {

// Each on a line behind that of the one before.
void expectLines(const std::string& output, const std::vector<std::string>& patterns) {
  std::string rest = output;
  for (const std::string& pattern : patterns) {
    std::smatch match;
    const bool found = std::regex_search(rest, match, std::regex("(^|\n)[^\n]*" + pattern + "[^\n]*"));
    BOOST_TEST(found, "no line " << pattern << " there, in\n" << output);
    if (found) rest = match.suffix();
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(dump_shows_where_requests_go) {
  Httpd httpd(Mpm::kEvent);
  httpd.configure(
      "<RevProxyBalancer app>\n"
      "RevProxyMember http://10.0.0.1:8080 weight=2 route=a\n"
      "RevProxyMember http://10.0.0.2:8080 status=+D\n"
      "RevProxySet method=bybusyness\n"
      "</RevProxyBalancer>\n"
      "RevProxyPass / http://10.0.0.9/\n"
      "RevProxyPass /app balancer://app/x\n"
      "RevProxyPass /app/static !\n"
      "<VirtualHost *:81>\n"
      "ServerName www.example.org\n"
      "RevProxyPass / http://10.0.0.8/\n"
      "</VirtualHost>\n");
  BOOST_TEST(httpd.configtest().output == "Syntax OK\n");
  const CommandResult result = httpd.configtest("DUMP_REVPROXY");
  BOOST_TEST(result.exitStatus == 0, result.output);
  expectLines(result.output,
              {"in order of precedence:\nmain server", "/app/static +-> ! .*site\\.conf:8\\b",
               "/app +-> balancer://app/x .*site\\.conf:7\\b", "/ +-> http://10\\.0\\.0\\.9.*site\\.conf:6\\b",
               "app: bybusyness .*site\\.conf:1\\b",
               "http://10\\.0\\.0\\.1:8080: set 0, active, weight 2, route a .*site\\.conf:2\\b",
               "http://10\\.0\\.0\\.2:8080: .*stopped.*site\\.conf:3\\b", "www\\.example\\.org.*site\\.conf:9\\b",
               "/ +-> http://10\\.0\\.0\\.8.*site\\.conf:11\\b"});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
