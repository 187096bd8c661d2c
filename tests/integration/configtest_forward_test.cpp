// What `apachectl configtest` says of the forward proxy.
#include <regex>

#include "tests/integration/support/configtest.h"
#include "tests/integration/support/proxy_test.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(configuration)

BOOST_AUTO_TEST_CASE(allow_list) {
  expectMessages("FwdProxyAllow", {{"FwdProxyAllow 10.0.0.0/33", {"10\\.0\\.0\\.0/33", "32"}},
                                   {"FwdProxyAllow [2001:db8::]/129", {"2001:db8::\\]?/129", "\\[2001:db8::\\]/32"}},
                                   {"FwdProxyAllow 10.0.0.1/8", {"10\\.0\\.0\\.1/8", "10\\.0\\.0\\.0/8"}},
                                   {"FwdProxyAllow 10.0.0.256", {"10\\.0\\.0\\.256"}},
                                   {"FwdProxyAllow 2001:db8::1", {"\\[2001:db8::1\\]"}},
                                   {"FwdProxyAllow host.test:99999", {"99999", "65535"}},
                                   {"FwdProxyAllow host.test:90-80", {"90-80", "80-90|range|order"}},
                                   {"FwdProxyAllow host.test:http", {"http"}},
                                   {"FwdProxyAllow host.test:", {"port"}},
                                   {"FwdProxyAllow a.*.test", {"a\\.\\*\\.test", "\\*\\."}},
                                   {"FwdProxyAllow http://host.test/", {"http://host\\.test/", "host|HOST"}}});
}

BOOST_AUTO_TEST_CASE(forward_settings) {
  expectMessages("FwdProxyPrivateNetworks",
                 {{"FwdProxyPrivateNetworks banana", {"banana", "CIDR|10\\.0\\.0\\.0/8"}},
                  {"FwdProxyPrivateNetworks 10.0.0.0/99", {"10\\.0\\.0\\.0/99", "10\\.0\\.0\\.0/8"}}});
  expectMessages("FwdProxyTimeout", {{"FwdProxyTimeout soon", {"soon"}}});
  expectMessages("FwdProxyConnectTimeout", {{"FwdProxyConnectTimeout -1", {"-1"}}});
  expectMessages("FwdProxyVia", {{"FwdProxyVia Sometimes", {"Sometimes", "On", "Off", "Full"}}});
  expectMessages("FwdProxyRequests", {{"FwdProxyRequests perhaps", {"On", "Off"}}});
}

BOOST_AUTO_TEST_CASE(forward_directives_outside_the_first_host) {
  for (const std::string line : {"FwdProxyRequests On", "FwdProxyAllow host.test"}) {
    Httpd httpd(Mpm::kEvent);
    const std::string opening = "<VirtualHost *:" + std::to_string(httpd.port()) + ">\n";
    httpd.configure(opening + "ServerName first.test\n</VirtualHost>\n" + opening + "ServerName second.test\n" + line +
                    "\n</VirtualHost>\n");
    const CommandResult result = httpd.configtest();
    BOOST_TEST_CONTEXT(line << "\nsays\n" << result.output) {
      BOOST_TEST(result.exitStatus != 0);
      BOOST_TEST(std::regex_search(result.output, std::regex("FwdProxy")));
      BOOST_TEST(std::regex_search(result.output, std::regex("site\\.conf:[46]\\b|line [46] of .*site\\.conf")));
      BOOST_TEST(std::regex_search(result.output, std::regex("first")));
    }
  }
  expectMessage("<Location />\nFwdProxyRequests On\n</Location>\n", 2, {"FwdProxyRequests", "Location"});
}

BOOST_AUTO_TEST_CASE(forward_directives_in_the_first_host_are_right) {
  Httpd httpd(Mpm::kEvent);
  const std::string opening = "<VirtualHost *:" + std::to_string(httpd.port()) + ">\n";
  httpd.configure(opening + "ServerName first.test\nFwdProxyRequests On\nFwdProxyAllow host.test\n</VirtualHost>\n" +
                  opening + "ServerName second.test\n</VirtualHost>\n");
  BOOST_TEST(httpd.configtest().exitStatus == 0);
  // Said of the whole server, they hold for both hosts alike.
  httpd.configure("FwdProxyRequests On\nFwdProxyAllow host.test\n" + opening +
                  "ServerName first.test\n</VirtualHost>\n" + opening + "ServerName second.test\n</VirtualHost>\n");
  BOOST_TEST(httpd.configtest().exitStatus == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
