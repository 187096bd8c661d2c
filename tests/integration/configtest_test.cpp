// What `apachectl configtest` says: a mistake is named with its directive, file and line, and with what to write
// instead. The golden part is the facts of a message, not its wording.
#include <iterator>
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

// What concerns waiting and tunnels, wherever it may stand and under every MPM.
PROXY_TEST_ALL(everything_right_of_waiting) {
  Httpd httpd(mpm);
  std::string ofTunnels;
  for (const std::string module : {"RevProxy", "FwdProxy"}) {
    for (const std::string setting : {"Park 20ms", "Park 0", "Park Off", "Park 1min", "TunnelTimeout 1h",
                                      "TunnelLifetime 24h", "TunnelLifetime Off", "TunnelDrain 30s", "MaxTunnels 1000",
                                      "MaxTunnelsPerClient 1", "Resolver 192.0.2.53:53 [2001:db8::53]:5353"}) {
      const std::string line = module + setting + "\n";
      ofTunnels += line;
      if (module == "RevProxy") ofTunnels += "<Location /here>\n" + line + "</Location>\n";
    }
  }
  httpd.configure(ofTunnels +
                  "RevProxyReactorThreads 1\nFwdProxyReactorThreads 64\nFwdProxyUpgrade websocket,foo/1\n"
                  "FwdProxyUpgrade None\nRevProxyBuffer 1M\nRevProxyBuffer 65536\nRevProxyKeepAliveHold Off\n"
                  "<Location /here>\nRevProxyBuffer Off\n</Location>\n"
                  "RevProxyPass /ws ws://backend.test/chat\nRevProxyPass /wss wss://backend.test:8443/ upgrade=None\n"
                  "RevProxyPass /some http://backend.test/ UPGRADE=websocket,foo/1 request-buffer=64k half-close=on\n"
                  "RevProxyPass /h2 h2://backend.test/\nRevProxyPass /h2c h2c://backend.test:8080/a ttl=4s\n"
                  "RevProxyPass /alpn https://backend.test/ alpn=h2\n"
                  "RevProxyPass /none http://backend.test/ upgrade=none half-close=Off request-buffer=1\n");
  const CommandResult result = httpd.configtest();
  BOOST_TEST(result.exitStatus == 0, result.output);
  BOOST_TEST(result.output == "Syntax OK\n");
}

BOOST_AUTO_TEST_CASE(mappings) {
  expectMessages("RevProxyPass", {{"RevProxyPass /a ftp://backend.test/", {"ftp", "https?", "\\bwss?\\b"}},
                                  {"RevProxyPass /a backend.test", {"backend\\.test", "https?"}},
                                  {"RevProxyPass /a ws://backend.test/?q=1", {"query"}},
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

BOOST_AUTO_TEST_CASE(mapping_parameters_of_waiting) {
  const std::string pass = "RevProxyPass /a http://backend.test/ ";
  expectMessages("RevProxyPass", {{pass + "upgrade=h2c", {"upgrade=", "h2c", "websocket", "None"}},
                                  {pass + "upgrade=websocket,h2", {"upgrade=", "websocket", "None"}},
                                  {pass + "upgrade=HTTP/2.0", {"upgrade=", "HTTP/2\\.0", "websocket"}},
                                  {pass + "upgrade=TLS/1.0", {"upgrade=", "TLS/1\\.0", "websocket"}},
                                  {pass + "upgrade=", {"upgrade=", "websocket"}},
                                  {pass + "upgrade", {"upgrade", "="}},
                                  {pass + "upgrade=web@socket", {"upgrade=", "web@socket"}},
                                  {pass + "request-buffer=lots", {"request-buffer=", "lots", "64k"}},
                                  {pass + "request-buffer=0", {"request-buffer=", "\"0\"", "64k"}},
                                  {pass + "request-buffer=1T", {"request-buffer=", "1T", "64k"}},
                                  {pass + "half-close=maybe", {"half-close=", "maybe", "On", "Off"}},
                                  {pass + "halfclose=On", {"halfclose", "half-close"}},
                                  {pass + "alpn=h2", {"alpn=", "https", "with http\\b"}},
                                  {"RevProxyPass /a h2c://backend.test/ alpn=h2", {"alpn=", "h2c"}},
                                  {"RevProxyPass /a https://backend.test/ alpn=h3", {"alpn=", "h3", "\\bh2\\b"}},
                                  {"RevProxyPass /a h2://backend.test/ upgrade=websocket", {"HTTP/2", "upgrade="}}});
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

BOOST_AUTO_TEST_CASE(waiting_and_tunnels) {
  for (const std::string module : {"RevProxy", "FwdProxy"}) {
    const auto expect = [&module](const std::string& name, const std::string& argument, std::vector<std::string> said) {
      said.push_back("\"" + argument + "\"");
      expectMessages(module + name, {{module + name + " " + argument, said}});
    };
    for (const std::string argument : {"soon", "2min", "-1"})
      expect("Park", argument, {"Off", "\\b0\\b", "1min", "20ms"});
    expectMessages(module + "Park", {{module + "Park", {"one argument"}}, {module + "Park 20 ms", {"one argument"}}});
    for (const std::string name : {"TunnelTimeout", "TunnelDrain"}) {
      for (const std::string argument : {"never", "0", "Off"}) expect(name, argument, {"\\bms\\b", "above 0"});
    }
    for (const std::string argument : {"never", "0"}) expect("TunnelLifetime", argument, {"\\bms\\b", "above 0"});
    for (const std::string name : {"MaxTunnels", "MaxTunnelsPerClient"}) {
      for (const std::string argument : {"0", "many", "1k", "-1"}) expect(name, argument, {"from 1"});
    }
    for (const std::string argument : {"0", "65", "many"}) expect("ReactorThreads", argument, {"from 1 to 64"});
  }
}

BOOST_AUTO_TEST_CASE(name_servers) {
  for (const std::string name : {"RevProxyResolver", "FwdProxyResolver"}) {
    const std::vector<std::string> form = {"ADDRESS:PORT", "192\\.0\\.2\\.53:53", "\\[2001:db8::53\\]:53"};
    const auto expect = [&](const std::string& argument) { expectMessages(name, {{name + " " + argument, form}}); };
    for (const std::string argument : {"192.0.2.53", "ns.test:53", "192.0.2.53:0", "192.0.2.53:65536", "192.0.2.53:dns",
                                       "[2001:db8::53]", "[2001:db8::53]53", "[", "192.0.2.53:53,192.0.2.54:53",
                                       "192.0.2.53:53 ns.test:53", "None", "2001:db8::53:53", "[192.0.2.53]:53"}) {
      expect(argument);
    }
    expectMessages(name, {{name, {"ADDRESS:PORT"}}});
  }
}

BOOST_AUTO_TEST_CASE(protocols_and_buffers) {
  expectMessages("FwdProxyUpgrade", {{"FwdProxyUpgrade h2c", {"\"h2c\"", "websocket", "None"}},
                                     {"FwdProxyUpgrade websocket,http/2", {"\"http/2\"", "websocket", "None"}},
                                     {"FwdProxyUpgrade TLS/1.2", {"\"TLS/1\\.2\"", "websocket", "None"}},
                                     {"FwdProxyUpgrade \",\"", {"websocket", "None"}},
                                     {"FwdProxyUpgrade On", {"\"On\"", "websocket", "None"}},
                                     {"FwdProxyUpgrade any", {"\"any\"", "websocket", "None"}},
                                     {"FwdProxyUpgrade None,websocket", {"\"None\"", "websocket"}},
                                     {"FwdProxyUpgrade websocket foo", {"one argument"}}});
  expectMessages("RevProxyBuffer", {{"RevProxyBuffer many", {"many", "Off", "64k"}},
                                    {"RevProxyBuffer 0", {"\"0\"", "Off", "64k"}},
                                    {"RevProxyBuffer On", {"\"On\"", "Off", "64k"}},
                                    {"RevProxyBuffer 64kb", {"64kb", "Off"}},
                                    {"RevProxyBuffer 2000G", {"2000G", "Off"}}});
  expectMessages("RevProxyKeepAliveHold", {{"RevProxyKeepAliveHold 1s", {"\"1s\"", "Off", "100ms"}},
                                           {"RevProxyKeepAliveHold 0", {"\"0\"", "Off", "100ms"}}});
}

BOOST_AUTO_TEST_CASE(waiting_in_the_wrong_place) {
  for (const std::string line :
       {"FwdProxyPark 20ms", "FwdProxyUpgrade None", "FwdProxyResolver 192.0.2.53:53", "FwdProxyTunnelTimeout 1h",
        "FwdProxyMaxTunnels 5", "FwdProxyReactorThreads 2", "RevProxyReactorThreads 2", "RevProxyKeepAliveHold Off"}) {
    expectMessage("<Location /a>\n" + line + "\n</Location>\n", 2, {line.substr(0, line.find(' ')), "Location"});
  }
  for (const std::string line : {"RevProxyPark 20ms", "RevProxyBuffer 1M", "RevProxyResolver 192.0.2.53:53",
                                 "RevProxyTunnelDrain 1s", "RevProxyMaxTunnels 5"}) {
    expectMessage("<Directory />\n" + line + "\n</Directory>\n", 2, {line.substr(0, line.find(' ')), "Directory"});
  }
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

namespace {

constexpr const char* kReverse = "RevProxyPass / http://backend.test/\n";
constexpr const char* kForward = "FwdProxyRequests On\n";
const std::string kFactorWarning = "AsyncRequestWorkerFactor is ";
const std::string kServerLimitWarning = "ServerLimit [0-9]+ leaves no room";

// Right, whatever else is said.
std::string outputOf(Mpm mpm, const HttpdLimits& limits, const std::string& text) {
  Httpd httpd(mpm, limits);
  httpd.configure(text);
  const CommandResult result = httpd.configtest();
  BOOST_TEST(result.exitStatus == 0, result.output);
  BOOST_TEST(result.output.ends_with("Syntax OK\n"), result.output);
  return result.output;
}

std::ptrdiff_t countOf(const std::string& pattern, const std::string& text) {
  const std::regex expression(pattern);
  return std::distance(std::sregex_iterator(text.begin(), text.end(), expression), std::sregex_iterator());
}

}  // namespace

// Each is said once, whichever module proxies.
BOOST_AUTO_TEST_CASE(low_factor_is_warned_of) {
  for (const std::string& text : {std::string(kReverse), std::string(kForward), std::string(kReverse) + kForward}) {
    const std::string output = outputOf(Mpm::kEvent, {.asyncRequestWorkerFactor = 0}, text);
    BOOST_TEST_CONTEXT(text << "says\n" << output) {
      BOOST_TEST(countOf(kFactorWarning + "2: .*\\b25 workers\\b.*\\b75 connections\\b.*"
                                          "\\bAsyncRequestWorkerFactor 1000\\b",
                         output) == 1);
      BOOST_TEST(countOf(kServerLimitWarning, output) == 0);
    }
  }
  BOOST_TEST(countOf(kFactorWarning + "19: ", outputOf(Mpm::kEvent, {.asyncRequestWorkerFactor = 19}, kReverse)) == 1);
  BOOST_TEST(outputOf(Mpm::kEvent, {.asyncRequestWorkerFactor = 20}, kReverse) == "Syntax OK\n");
}

BOOST_AUTO_TEST_CASE(server_limit_without_room_is_warned_of) {
  for (const std::string& text : {std::string(kReverse), std::string(kForward), std::string(kReverse) + kForward}) {
    const std::string output = outputOf(Mpm::kEvent, {.children = 3, .serverLimitRoom = 0}, text);
    BOOST_TEST_CONTEXT(text << "says\n" << output) {
      BOOST_TEST(countOf("ServerLimit 3 leaves no room beside the 3 children\\b.*\\braise ServerLimit\\b", output) ==
                 1);
      BOOST_TEST(countOf(kFactorWarning, output) == 0);
    }
  }
  BOOST_TEST(outputOf(Mpm::kEvent, {.children = 3, .serverLimitRoom = 1}, kReverse) == "Syntax OK\n");
}

// Nobody waits outside of workers there, or nothing is proxied.
BOOST_AUTO_TEST_CASE(no_warning_where_it_does_not_matter) {
  constexpr HttpdLimits kLow{.serverLimitRoom = 0, .asyncRequestWorkerFactor = 0};
  for (const Mpm mpm : {Mpm::kPrefork, Mpm::kWorker}) {
    BOOST_TEST(outputOf(mpm, kLow, std::string(kReverse) + kForward) == "Syntax OK\n");
  }
  BOOST_TEST(outputOf(Mpm::kEvent, kLow, "RevProxyTimeout 5\nFwdProxyRequests Off\n") == "Syntax OK\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
