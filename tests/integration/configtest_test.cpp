// What `apachectl configtest` says: a mistake is named with its directive, file and line, and with what to write
// instead. The golden part is the facts of a message, not its wording.
#include "tests/integration/support/configtest.h"
#include "tests/integration/support/proxy_test.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(configuration)

BOOST_AUTO_TEST_CASE(everything_right) {
  Httpd httpd(Mpm::kEvent);
  const auto authority = httpd.directory().path() / "ca.pem";
  std::filesystem::copy_file("/etc/ssl/certs/ca-certificates.crt", authority);
  httpd.configure(
      "RevProxyPass /app http://backend.test/base timeout=30 connectiontimeout=500ms disablereuse=On ttl=60 smax=4\n"
      "RevProxyForwarded On\nRevProxyResponseFieldLimit 1\nRevProxyPassReverseCookieDomain .a.test .b.test\n"
      "RevProxyPassReverseCookiePath /a/ /b\nRevProxyPass /raw http://backend.test/ nocanon\n"
      "RevProxyPass /rawer http://backend.test/ timeout=1 NoCanon=Off\n"
      "RevProxySet max=10 acquire=500 retry=0 keepalive=Off enablereuse=On\nRevProxyReplayBuffer 1M\n"
      "RevProxyPass /pool http://backend.test/ max=1 acquire=2s retry=5 retry-post=key send-timeout=1 "
      "first-byte-timeout=2 idle-timeout=3 total-timeout=4min expect-timeout=500ms\n"
      "RevProxyPass /app/local !\nRevProxyPass / https://backend.test:8443/\nRevProxyPass /six "
      "http://[2001:db8::1]:8080/\n"
      "RevProxyPassReverse /app http://backend.test/base\nRevProxyPreserveHost On\nRevProxyTimeout 500ms\n"
      "RevProxyConnectTimeout 2s\nRevProxyAddHeaders Off\nRevProxyVia Full\nRevProxyTLSVerify On\n"
      "RevProxyTLSCACertificateFile ca.pem\n"
      "<Location /here>\nRevProxySet timeout=1\nRevProxyReplayBuffer Off\nRevProxyPass http://backend.test/here "
      "timeout=5\n"
      "RevProxyPassReverse http://backend.test/here\nRevProxyPreserveHost Off\nRevProxyTimeout 2\n"
      "RevProxyForwarded Full\nRevProxyResponseFieldLimit 10000 64k\nRevProxyPassReverseCookieDomain a.test b.test\n"
      "RevProxyPassReverseCookiePath / /here\n"
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
                                      "MaxTunnelsPerClient 1", "Resolver 192.0.2.53:53 [2001:db8::53]:5353",
                                      "Remote http://user:pass%20word@parent.test:3128", "Remote None"}) {
      const std::string line = module + setting + "\n";
      ofTunnels += line;
      if (module == "RevProxy") ofTunnels += "<Location /here>\n" + line + "</Location>\n";
    }
  }
  httpd.configure(ofTunnels +
                  "RevProxyReactorThreads 1\nFwdProxyReactorThreads 64\nFwdProxyUpgrade websocket,foo/1\n"
                  "FwdProxyUpgrade None\nRevProxyBuffer 1M\nRevProxyBuffer 65536\nRevProxyKeepAliveHold Off\n"
                  "<Location /here>\nRevProxyBuffer Off\n</Location>\n"
                  "RevProxyPass /socket unix:/run/app.sock|http://name.test/ timeout=5\n"
                  "RevProxyPass /odd \"unix:/run/an odd name.sock|https://name.test:8443/\"\n"
                  "RevProxyPass /ws ws://backend.test/chat\nRevProxyPass /wss wss://backend.test:8443/ upgrade=None\n"
                  "RevProxyPass /some http://backend.test/ UPGRADE=websocket,foo/1 request-buffer=64k half-close=on\n"
                  "RevProxyPass /h2 h2://backend.test/\nRevProxyPass /h2c h2c://backend.test:8080/a ttl=4s\n"
                  "RevProxyPass /alpn https://backend.test/ alpn=h2\n"
                  "RevProxyPass /none http://backend.test/ upgrade=none half-close=Off request-buffer=1 cache=off\n"
                  "RevProxyCacheStore big lmdb path=big\nRevProxyPass /kept http://backend.test/ Cache=On "
                  "cache-store=big\nRevProxySet cache=on cache-store=big\n");
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

BOOST_AUTO_TEST_CASE(sockets) {
  const std::string tooLong = "/run/" + std::string(110, 'x');
  expectMessages("RevProxyPass",
                 {{"RevProxyPass /a unix:/run/a.sock", {"unix:/PATH\\|http://NAME/"}},
                  {"RevProxyPass /a unix:run/a.sock|http://name.test/", {"run/a\\.sock", "absolute", "unix:/PATH"}},
                  {"RevProxyPass /a unix:/run/a.sock|name.test", {"name\\.test", "unix:/PATH\\|SCHEME://NAME"}},
                  {"RevProxyPass /a unix:/run/a.sock|ftp://name.test/", {"ftp", "https?"}},
                  {"RevProxyPass /a unix:" + tooLong + "|http://name.test/", {"115 bytes", "107"}}});
}

BOOST_AUTO_TEST_CASE(parent_proxies) {
  for (const std::string name : {"RevProxyRemote", "FwdProxyRemote"}) {
    for (const std::string argument :
         {"https://parent.test:3128", "http://parent.test", "parent.test:3128", "http://user:geheim@", "Off",
          "http://geheim@parent.test:3128", "http://user:geheim@parent.test:3128/x", "socks5://parent.test:1080"}) {
      expectMessages(name, {{name + " " + argument, {"http://HOST:PORT", "http://USER:PASSWORD@HOST:PORT", "None"}}});
    }
    expectMessages(name, {{name, {"one argument"}}, {name + " http://parent.test:1 x", {"one argument"}}});
  }
  // A mistake must not show to whoever reads over the shoulder what is secret.
  Httpd httpd(Mpm::kEvent);
  httpd.configure("RevProxyRemote http://user:geheim@parent.test\n");
  BOOST_TEST(httpd.configtest().output.find("geheim") == std::string::npos);
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

BOOST_AUTO_TEST_CASE(parameters_of_the_pool) {
  const std::string pass = "RevProxyPass /a http://backend.test/ ";
  expectMessages("RevProxyPass", {{pass + "max=0", {"max", "0", "from 1 up"}},
                                  {pass + "max=many", {"max", "many"}},
                                  {pass + "acquire=soon", {"acquire", "soon", "milliseconds"}},
                                  {pass + "retry=-1", {"retry", "-1", "or 0"}},
                                  {pass + "retry-post=always", {"retry-post", "always", "key"}},
                                  {pass + "enablereuse=1", {"enablereuse", "1", "On", "Off"}},
                                  {pass + "keepalive=yes", {"keepalive", "yes"}},
                                  {pass + "first-byte-timeout=0", {"first-byte-timeout", "0"}},
                                  {pass + "total-timeout=ever", {"total-timeout", "ever", "ms"}},
                                  {pass + "expect-timeout=", {"expect-timeout", "ms"}}});
  expectMessages("RevProxySet", {{"RevProxySet", {"nothing follows", "key=value"}},
                                 {"RevProxySet colour=blue", {"colour", "timeout", "smax"}},
                                 {"RevProxySet timeout=5 max=none", {"max", "none"}}});
  expectMessages("RevProxyReplayBuffer", {{"RevProxyReplayBuffer lots", {"lots", "Off", "64k"}}});
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
                                  {pass + "cache=big", {"cache=", "big", "On", "Off"}},
                                  {pass + "cache=on cache-store=", {"cache-store=", "RevProxyCacheStore"}},
                                  {pass + "half-close=maybe", {"half-close=", "maybe", "On", "Off"}},
                                  {pass + "halfclose=On", {"halfclose", "half-close"}},
                                  {pass + "alpn=h2", {"alpn=", "https", "with http\\b"}},
                                  {"RevProxyPass /a h2c://backend.test/ alpn=h2", {"alpn=", "h2c"}},
                                  {"RevProxyPass /a https://backend.test/ alpn=h3", {"alpn=", "h3", "\\bh2\\b"}},
                                  {"RevProxyPass /a h2://backend.test/ upgrade=websocket", {"HTTP/2", "upgrade="}}});
}

BOOST_AUTO_TEST_CASE(fields_and_paths) {
  expectMessages("RevProxyPass",
                 {{"RevProxyPass /a http://backend.test/ nocanon=yes", {"nocanon=", "yes", "On", "Off"}},
                  {"RevProxyPass /a http://backend.test/ canon", {"\"canon\"", "nocanon"}},
                  {"RevProxyPass /a ! nocanon", {"\"nocanon\""}}});
  expectMessages("RevProxyForwarded", {{"RevProxyForwarded by", {"\"by\"", "On", "Off", "Full"}},
                                       {"RevProxyForwarded On Off", {"one argument"}}});
  for (const std::string argument : {"0", "many", "10001", "-1", "300 0", "300 65k", "300 1M", "300 Off", "64k"})
    expectMessages("RevProxyResponseFieldLimit",
                   {{"RevProxyResponseFieldLimit " + argument,
                     {"\"" + argument.substr(argument.find(' ') + 1) + "\"", "COUNT \\[SIZE\\]", "10000", "64k"}}});
  expectMessages("RevProxyResponseFieldLimit", {{"RevProxyResponseFieldLimit", {"COUNT \\[SIZE\\]"}},
                                                {"RevProxyResponseFieldLimit 1 2 3", {"3 arguments", "COUNT"}}});
  const std::string domain = "RevProxyPassReverseCookieDomain";
  expectMessages(domain, {{domain, {"two arguments", "domain"}},
                          {domain + " a.test", {"two arguments"}},
                          {domain + " a.test b.test c.test", {"two arguments"}},
                          {domain + " http://a.test/ b.test", {"\"http://a\\.test/\"", "name"}},
                          {domain + " a.test \"b.test; Secure\"", {"b\\.test; Secure", "name"}}});
  const std::string path = "RevProxyPassReverseCookiePath";
  expectMessages(path, {{path + " /a", {"two arguments", "path"}},
                        {path + " a /b", {"\"a\"", "/PATH"}},
                        {path + " /a b", {"\"b\"", "/PATH"}},
                        {path + " /a \"/b;c\"", {"/b;c", "/PATH"}}});
}

BOOST_AUTO_TEST_CASE(stores_that_are_not_there) {
  for (const std::string line :
       {"RevProxyPass /a http://one.test/ cache=on cache-store=big", "RevProxyCache On store=big",
        "RevProxyCache Off store=big", "RevProxySet cache-store=big"})
    expectMessage("RevProxyTimeout 10\n" + line + "\n", 2, {"no store \"big\"", "RevProxyCacheStore"});
}

BOOST_AUTO_TEST_CASE(two_mappings_for_one_prefix) {
  expectMessage("RevProxyPass /a http://one.test/\nRevProxyPass /a http://two.test/\n", 2, {"RevProxyPass", "/a\\b"});
  expectMessage("RevProxyPass /a http://one.test/\nRevProxyPass /a !\n", 2, {"RevProxyPass", "/a\\b"});
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
  for (const std::string line : {"FwdProxyPark 20ms", "FwdProxyUpgrade None", "FwdProxyResolver 192.0.2.53:53",
                                 "FwdProxyRemote None", "FwdProxyTunnelTimeout 1h", "FwdProxyMaxTunnels 5",
                                 "FwdProxyReactorThreads 2", "RevProxyReactorThreads 2", "RevProxyKeepAliveHold Off"}) {
    expectMessage("<Location /a>\n" + line + "\n</Location>\n", 2, {line.substr(0, line.find(' ')), "Location"});
  }
  for (const std::string line : {"RevProxyPark 20ms", "RevProxyBuffer 1M", "RevProxyResolver 192.0.2.53:53",
                                 "RevProxyTunnelDrain 1s", "RevProxyMaxTunnels 5", "RevProxyRemote None"}) {
    expectMessage("<Directory />\n" + line + "\n</Directory>\n", 2, {line.substr(0, line.find(' ')), "Directory"});
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
