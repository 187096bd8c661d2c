// What `apachectl configtest` says: a mistake is named with its directive, file and line, and with what to write
// instead. The golden part is the facts of a message, not its wording.
#include <regex>

#include "tests/integration/support/proxy_test.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(configuration)

namespace {

// Two lines that are right go before the wrong one, so that a line number is worth something.
constexpr const char* kBefore = "# the test's own file\nRevProxyTimeout 10\n";

struct Mistake {
  std::string line;
  std::vector<std::string> said;  // regular expressions, all of which the message must match
};

void expectMessage(const std::string& text, int line, const std::vector<std::string>& said) {
  Httpd httpd(Mpm::kEvent);
  httpd.configure(text);
  const CommandResult result = httpd.configtest();
  BOOST_TEST_CONTEXT(text << "\nsays\n" << result.output) {
    BOOST_TEST(result.exitStatus != 0);
    BOOST_TEST(std::regex_search(result.output, std::regex("line " + std::to_string(line) + " of .*site\\.conf|" +
                                                           "site\\.conf:" + std::to_string(line) + "\\b")));
    for (const std::string& pattern : said) {
      BOOST_TEST(std::regex_search(result.output, std::regex(pattern)), "not said: " << pattern);
    }
  }
}

void expectMessages(const std::string& directive, const std::vector<Mistake>& mistakes) {
  for (const Mistake& mistake : mistakes) {
    std::vector<std::string> said = mistake.said;
    said.push_back("\\b" + directive + "\\b");
    expectMessage(kBefore + mistake.line + "\n", 3, said);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(everything_right) {
  Httpd httpd(Mpm::kEvent);
  const auto authority = httpd.directory().path() / "ca.pem";
  std::filesystem::copy_file("/etc/ssl/certs/ca-certificates.crt", authority);
  httpd.configure(
      "RevProxyPass /app http://backend.test/base timeout=30 connectiontimeout=500ms disablereuse=On ttl=60 smax=4\n"
      "RevProxyPass /app/local !\nRevProxyPass / https://backend.test:8443/\nRevProxyPass /six "
      "http://[2001:db8::1]:8080/\n"
      "RevProxyPassReverse /app http://backend.test/base\nRevProxyPreserveHost On\nRevProxyTimeout 500ms\n"
      "RevProxyConnectTimeout 2s\nRevProxyAddHeaders Off\nRevProxyVia Full\nRevProxyTLSVerify On\n"
      "RevProxyTLSCACertificateFile ca.pem\n"
      "<Location /here>\nRevProxyPass http://backend.test/here timeout=5\n"
      "RevProxyPassReverse http://backend.test/here\nRevProxyPreserveHost Off\nRevProxyTimeout 2\n"
      "RevProxyConnectTimeout 1\nRevProxyAddHeaders On\nRevProxyVia Off\nRevProxyTLSVerify On\n"
      "RevProxyTLSCACertificateFile ca.pem\n</Location>\n"
      "FwdProxyRequests On\nFwdProxyAllow example.test *.example.test:443 192.0.2.1 10.0.0.0/8:80,443,8000-8999\n"
      "FwdProxyAllow [2001:db8::1] [2001:db8::]/32:443 *:443\nFwdProxyPrivateNetworks 10.0.0.0/8 fc00::/7\n"
      "FwdProxyTimeout 30\nFwdProxyConnectTimeout 500ms\nFwdProxyVia Off\n");
  const CommandResult result = httpd.configtest();
  BOOST_TEST(result.exitStatus == 0, result.output);
  BOOST_TEST(result.output == "Syntax OK\n");
}

BOOST_AUTO_TEST_CASE(mappings) {
  expectMessages("RevProxyPass", {{"RevProxyPass /a ftp://backend.test/", {"ftp", "https?"}},
                                  {"RevProxyPass /a backend.test", {"backend\\.test", "https?"}},
                                  {"RevProxyPass /a http:///path", {"host"}},
                                  {"RevProxyPass /a http://backend.test:70000/", {"70000", "65535"}},
                                  {"RevProxyPass /a http://backend.test:0/", {"\\b0\\b", "65535"}},
                                  {"RevProxyPass /a http://backend.test:http/", {"port"}},
                                  {"RevProxyPass a http://backend.test/", {"\"?/a\\b|slash"}},
                                  {"RevProxyPass /a", {"URL|url"}},
                                  {"RevProxyPass http://backend.test/", {"PATH|path"}},
                                  {"RevProxyPass /a ! timeout=5", {"timeout"}}});
}

BOOST_AUTO_TEST_CASE(mapping_parameters) {
  expectMessages("RevProxyPass", {{"RevProxyPass /a http://backend.test/ colour=blue", {"colour", "timeout", "smax"}},
                                  {"RevProxyPass /a http://backend.test/ timeout", {"timeout", "="}},
                                  {"RevProxyPass /a http://backend.test/ timeout=never", {"timeout", "never", "ms"}},
                                  {"RevProxyPass /a http://backend.test/ timeout=-1", {"timeout", "-1"}},
                                  {"RevProxyPass /a http://backend.test/ disablereuse=perhaps",
                                   {"disablereuse", "perhaps", "On", "Off"}},
                                  {"RevProxyPass /a http://backend.test/ smax=many", {"smax", "many"}}});
}

BOOST_AUTO_TEST_CASE(two_mappings_for_one_prefix) {
  expectMessage(std::string(kBefore) + "RevProxyPass /a http://one.test/\nRevProxyPass /a http://two.test/\n", 4,
                {"RevProxyPass", "/a\\b"});
  expectMessage(std::string(kBefore) + "RevProxyPass /a http://one.test/\nRevProxyPass /a !\n", 4,
                {"RevProxyPass", "/a\\b"});
}

BOOST_AUTO_TEST_CASE(mapping_in_the_wrong_place) {
  expectMessage("<Location /a>\nRevProxyPass /b http://backend.test/\n</Location>\n", 2,
                {"RevProxyPass", "Location|PATH"});
  expectMessage("<Directory />\nRevProxyPass http://backend.test/\n</Directory>\n", 2, {"RevProxyPass", "<Location>"});
}

BOOST_AUTO_TEST_CASE(reverse_settings) {
  expectMessages("RevProxyTimeout", {{"RevProxyTimeout soon", {"soon", "ms"}}, {"RevProxyTimeout 0", {"\\b0\\b"}}});
  expectMessages("RevProxyConnectTimeout",
                 {{"RevProxyConnectTimeout 5 apples", {}}, {"RevProxyConnectTimeout 5h7", {"5h7"}}});
  expectMessages("RevProxyVia", {{"RevProxyVia Sometimes", {"Sometimes", "On", "Off", "Full"}}});
  expectMessages("RevProxyPreserveHost", {{"RevProxyPreserveHost maybe", {"On", "Off"}}});
  expectMessages("RevProxyAddHeaders", {{"RevProxyAddHeaders maybe", {"On", "Off"}}});
}

BOOST_AUTO_TEST_CASE(authority_file_that_is_none) {
  expectMessages("RevProxyTLSCACertificateFile",
                 {{"RevProxyTLSCACertificateFile /nowhere/ca.pem", {"/nowhere/ca\\.pem", "No such file"}},
                  {"RevProxyTLSCACertificateFile site.conf", {"site\\.conf", "PEM|certificate"}}});
}

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
