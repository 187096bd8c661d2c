// Where the forward proxy lets a request go: the allow-list, the guard on addresses, and what it answers when it does
// not.
#include "tests/integration/support/client.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(forward_allow)

namespace {

constexpr std::size_t kShortPage = 2000;

struct ForwardProxy {
  ForwardProxy(Mpm mpm, const std::string& directives) : httpd(mpm) {
    httpd.configure("FwdProxyRequests On\n" + directives);
    httpd.start();
    client.useProxy(httpd.proxyUrl());
  }

  long statusOf(const std::string& url) { return client.get(url).status; }

  long statusOfRaw(const std::string& head) const {
    RawClient raw(httpd.port());
    raw.send(head);
    const std::string answer = raw.readToEnd().data;
    return answer.size() > 12 ? std::stol(answer.substr(9, 3)) : 0;
  }

  Httpd httpd;
  Client client;
};

std::string portOf(const ScriptedOrigin& origin) {
  return std::to_string(origin.port());
}

}  // namespace

PROXY_TEST(closed_until_opened) {
  ScriptedOrigin origin(ScriptedOrigin::answering(okResponse("reached")));
  ForwardProxy proxy(mpm, "");
  const Response response = proxy.client.get(origin.url("/x"));
  BOOST_TEST(response.status == 403);
  BOOST_TEST(response.complete());
  BOOST_TEST(response.bodySize > 0U);
  BOOST_TEST(response.bodySize < kShortPage);
  BOOST_TEST(origin.connections() == 0U);
  proxy.httpd.requireLog("127\\.0\\.0\\.1:" + portOf(origin) + "\\b.*destination-denied");
}

PROXY_TEST(off_means_no_proxy) {
  ScriptedOrigin origin(ScriptedOrigin::answering(okResponse("reached")));
  Httpd httpd(mpm);
  httpd.configure("FwdProxyAllow 127.0.0.1:1-65535\n");
  httpd.start();
  Client client;
  client.useProxy(httpd.proxyUrl());
  BOOST_TEST(client.get(origin.url("/x")).status >= 400);
  client.tunnelAlways();
  BOOST_TEST(client.get(origin.url("/x")).connectStatus >= 400);
  BOOST_TEST(origin.connections() == 0U);
  httpd.expectLog("AH0");
}

PROXY_TEST(address_and_ports) {
  ScriptedOrigin origin(ScriptedOrigin::answering(okResponse("reached")));
  ScriptedOrigin other(ScriptedOrigin::answering(okResponse("reached")));
  const std::string port = portOf(origin);
  for (const std::string& rule : {"127.0.0.1:" + port, "127.0.0.1:1,2," + port, "127.0.0.1:1," + port + "-" + port,
                                  "127.0.0.0/8:" + port, "192.0.2.1 127.0.0.0/30:" + port + " 192.0.2.2"}) {
    ForwardProxy proxy(mpm, "FwdProxyAllow " + rule + "\n");
    BOOST_TEST(proxy.statusOf(origin.url("/x")) == 200, rule);
    BOOST_TEST(proxy.statusOf(other.url("/x")) == 403, rule);
    proxy.httpd.requireLog("127\\.0\\.0\\.1:" + portOf(other) + "\\b.*destination-denied");
  }
  BOOST_TEST(other.connections() == 0U);
}

PROXY_TEST(only_80_and_443_unless_ports_are_named) {
  ScriptedOrigin origin(ScriptedOrigin::answering(okResponse("reached")));
  ForwardProxy proxy(mpm, "FwdProxyAllow 127.0.0.1\n");
  BOOST_TEST(proxy.statusOf(origin.url("/x")) == 403);
  proxy.httpd.requireLog("destination-denied");
  const long onEighty = proxy.statusOf("http://127.0.0.1:80/x");
  BOOST_TEST(onEighty != 403);
  proxy.httpd.expectLog("refused");  // nothing listens there, as a rule
}

// The names do not exist: one that is allowed comes as far as the resolver, and fails there.
PROXY_TEST(names_and_suffixes) {
  ForwardProxy proxy(mpm, "FwdProxyAllow one.invalid *.suffix.invalid\n");
  for (const std::string name : {"one.invalid", "ONE.Invalid", "a.suffix.invalid", "a.b.suffix.invalid"}) {
    BOOST_TEST(proxy.statusOf("http://" + name + "/") == 502, name);
  }
  proxy.httpd.requireLog("one\\.invalid.*unresolvable");
  proxy.httpd.expectLog("unresolvable|destination-denied");
  for (const std::string name :
       {"two.invalid", "sub.one.invalid", "xsuffix.invalid", "suffix.invalid.elsewhere.invalid"}) {
    BOOST_TEST(proxy.statusOf("http://" + name + "/") == 403, name);
  }
  proxy.httpd.requireLog("two\\.invalid.*destination-denied");
}

PROXY_TEST(any_name) {
  ForwardProxy proxy(mpm, "FwdProxyAllow *:80,8080\n");
  BOOST_TEST(proxy.statusOf("http://any.invalid/") == 502);
  BOOST_TEST(proxy.statusOf("http://any.invalid:8080/") == 502);
  BOOST_TEST(proxy.statusOf("http://any.invalid:8081/") == 403);
  proxy.httpd.requireLog("unresolvable");
  proxy.httpd.requireLog("destination-denied");
}

// The guard judges the address that is dialled, whatever name led to it.
PROXY_TEST(private_address_behind_an_allowed_name) {
  ScriptedOrigin origin(ScriptedOrigin::answering(okResponse("reached")));
  const std::string url = "http://localhost:" + portOf(origin) + "/x";
  {
    ForwardProxy proxy(mpm, "FwdProxyAllow localhost:" + portOf(origin) + "\n");
    const Response response = proxy.client.get(url);
    BOOST_TEST(response.status == 403);
    BOOST_TEST(response.bodySize < kShortPage);
    BOOST_TEST(origin.connections() == 0U);
    proxy.httpd.requireLog("address-refused");
  }
  ForwardProxy open(mpm,
                    "FwdProxyAllow localhost:" + portOf(origin) + "\nFwdProxyPrivateNetworks 127.0.0.0/8 ::1/128\n");
  BOOST_TEST(open.client.get(url).body == "reached");
}

// A literal in the allow-list opens that address for that rule's ports, not for a name that happens to lead there.
PROXY_TEST(no_way_round_by_other_spellings) {
  ScriptedOrigin origin(ScriptedOrigin::answering(okResponse("reached")));
  const std::string port = portOf(origin);
  ForwardProxy proxy(mpm, "FwdProxyAllow *:1-65535\n");
  proxy.httpd.expectLog("destination-denied|address-refused|bad-authority|unresolvable|AH0");
  for (const std::string host :
       {"127.0.0.1",  "127.1",     "2130706433",         "0x7f000001",      "0177.0.0.1",        "localhost",
        "localhost.", "[::1]",     "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "0.0.0.0",
        "[::]",       "10.0.0.1",  "172.16.0.1",         "192.168.0.1",     "169.254.169.254",   "100.64.0.1",
        "224.0.0.1",  "[fe80::1]", "[fc00::1]"}) {
    const long status = proxy.statusOfRaw("GET http://" + host + ":" + port + "/ HTTP/1.1\r\nHost: " + host +
                                          "\r\nConnection: close\r\n\r\n");
    BOOST_TEST((status == 403 || status == 400 || status == 502), host << " got " << status);
    const long tunnel = proxy.statusOfRaw("CONNECT " + host + ":" + port + " HTTP/1.1\r\nHost: " + host +
                                          "\r\nConnection: close\r\n\r\n");
    BOOST_TEST((tunnel == 403 || tunnel == 400 || tunnel == 502), "CONNECT " << host << " got " << tunnel);
  }
  BOOST_TEST(origin.connections() == 0U);
  proxy.httpd.requireLog("address-refused");
}

PROXY_TEST(bad_authority_is_400) {
  ForwardProxy proxy(mpm, "FwdProxyAllow *:1-65535\n");
  proxy.httpd.expectLog("bad-authority|AH0");
  for (const std::string target :
       {"http:///x", "http://host.invalid:99999/", "http://host.invalid:0/", "http://host.invalid:abc/", "http://[::1/",
        "http://[zz]/", "http://ho st.invalid/"}) {
    const long status = proxy.statusOfRaw("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    BOOST_TEST(status == 400, "GET " << target << " got " << status);
  }
  for (const std::string target : {"host.invalid", "host.invalid:0", "host.invalid:99999", "host.invalid:abc", ":443",
                                   "[::1:443", "user@host.invalid:443", "http://host.invalid:443/"}) {
    const long status = proxy.statusOfRaw("CONNECT " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    BOOST_TEST(status == 400, "CONNECT " << target << " got " << status);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
