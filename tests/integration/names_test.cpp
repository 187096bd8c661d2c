// Names of backends and destinations: how long an answer of the name servers holds, that it is asked for once, and that
// what it leads to is judged at each dial. One nginx stands on two addresses and says which one was dialled.
#include "tests/integration/support/client.h"
#include "tests/integration/support/nginx.h"
#include "tests/integration/support/port.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/wait_until.h"
#include "tests/support/dns_server.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(names)

namespace {

// One question is one for each family of addresses.
constexpr int kOnce = 2;
constexpr unsigned kForLong = 3600;

class TwoAddresses {
 public:
  int port() const { return port_; }
  std::string authority(const std::string& host) const { return host + ":" + std::to_string(port_); }
  std::string url(const std::string& host) const { return "http://" + authority(host) + "/where"; }

 private:
  int port_ = freePort();
  Nginx nginx_{"listen 127.0.0.1:" + std::to_string(port_) + "; listen 127.0.0.2:" + std::to_string(port_) +
               "; location = /where { return 200 $server_addr; }"};
};

DnsServer::Zone leadingTo(const std::string& address) {
  return {{"moving.test", {address}}};
}

// One child with one loop, so that questions can be counted.
HttpdLimits oneChild() {
  HttpdLimits limits;
  limits.preforkStart = 1;
  limits.preforkChildren = 1;
  return limits;
}

std::string passTo(const TwoAddresses& backend, const std::string& path, const std::string& parameters = "") {
  return "RevProxyPass " + path + " " + backend.url("moving.test") + " " + parameters + "\n";
}

}  // namespace

PROXY_TEST(a_thousand_dials_ask_for_the_name_once) {
  const TwoAddresses backend;
  DnsServer dns(leadingTo("127.0.0.1"));
  dns.setTimeToLive(kForLong);
  Httpd httpd(mpm, oneChild());
  httpd.expectLog(kAllTaken);
  httpd.configure("RevProxyReactorThreads 1\nRevProxyResolver " + dns.address() + "\n" +
                  passTo(backend, "/where", "disablereuse=On"));
  httpd.start();
  Client client;
  for (int count = 0; count < 1000; ++count) BOOST_REQUIRE_EQUAL(client.get(httpd.url("/where")).body, "127.0.0.1");
  BOOST_TEST(dns.questions() == kOnce);
}

PROXY_TEST(new_dials_follow_a_name_that_moves) {
  const TwoAddresses backend;
  DnsServer dns(leadingTo("127.0.0.1"));
  dns.setTimeToLive(2);
  Httpd httpd(mpm, oneChild());
  httpd.expectLog(kAllTaken);
  httpd.configure("RevProxyReactorThreads 1\nRevProxyResolver " + dns.address() + "\n" +
                  passTo(backend, "/where", "disablereuse=On"));
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/where")).body == "127.0.0.1");
  dns.setTimeToLive(kForLong);
  dns.tell("moving.test", {"127.0.0.2"});
  BOOST_TEST(waitUntil([&] { return client.get(httpd.url("/where")).body == "127.0.0.2"; }));
  for (int count = 0; count < 20; ++count) BOOST_TEST(client.get(httpd.url("/where")).body == "127.0.0.2");
  BOOST_TEST(dns.questions() == 2 * kOnce);
}

PROXY_TEST(a_name_serves_on_while_its_servers_fail) {
  const TwoAddresses backend;
  DnsServer dns(leadingTo("127.0.0.1"));
  dns.setTimeToLive(0);
  Httpd httpd(mpm, oneChild());
  httpd.expectLog(kAllTaken);
  httpd.expectLog("the name servers do not answer for \"moving.test\"");
  httpd.configure("RevProxyReactorThreads 1\nRevProxyResolver " + dns.address() + "\n" +
                  passTo(backend, "/where", "disablereuse=On"));
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/where")).body == "127.0.0.1");
  dns.become(DnsServer::Manner::kFails);
  const int asked = dns.questions();
  BOOST_TEST(waitUntil([&] {
    BOOST_TEST(client.get(httpd.url("/where")).body == "127.0.0.1");
    return dns.questions() > asked;
  }));
  BOOST_TEST(client.get(httpd.url("/where")).body == "127.0.0.1");
  httpd.requireLog("the name servers do not answer for \"moving.test\"; its last addresses serve on");
}

PROXY_TEST(name_servers_tell_connections_to_backends_apart) {
  const TwoAddresses backend;
  DnsServer one(leadingTo("127.0.0.1"));
  DnsServer other(leadingTo("127.0.0.2"));
  Httpd httpd(mpm, oneChild());
  httpd.expectLog(kAllTaken);
  httpd.configure("RevProxyResolver " + one.address() + "\n" + passTo(backend, "/one") +
                  "<Location /other>\nRevProxyResolver " + other.address() + "\nRevProxyPass " +
                  backend.url("moving.test") + "\n</Location>\n");
  httpd.start();
  Client client;
  for (int count = 0; count < 3; ++count) {
    BOOST_TEST(client.get(httpd.url("/one")).body == "127.0.0.1");
    BOOST_TEST(client.get(httpd.url("/other")).body == "127.0.0.2");
  }
}

namespace {

// A forward proxy on a port of its own.
std::string forwardHost(int port, const std::string& directives) {
  return "<VirtualHost 127.0.0.1:" + std::to_string(port) +
         ">\nFwdProxyRequests On\nFwdProxyAllow *.test:1024-65535\n" + directives + "</VirtualHost>\n";
}

Response through(int port, const std::string& url) {
  Client client;
  client.useProxy("http://127.0.0.1:" + std::to_string(port));
  return client.get(url);
}

}  // namespace

PROXY_TEST(name_servers_tell_connections_to_destinations_apart) {
  const TwoAddresses origin;
  DnsServer one(leadingTo("127.0.0.1"));
  DnsServer other(leadingTo("127.0.0.2"));
  Httpd httpd(mpm, oneChild());
  httpd.expectLog(kAllTaken);
  const int second = httpd.addPort();
  const std::string opened = "FwdProxyPrivateNetworks 127.0.0.0/8\n";
  httpd.configure(forwardHost(httpd.port(), opened + "FwdProxyResolver " + one.address() + "\n") +
                  forwardHost(second, opened + "FwdProxyResolver " + other.address() + "\n"));
  httpd.start();
  for (int count = 0; count < 3; ++count) {
    BOOST_TEST(through(httpd.port(), origin.url("moving.test")).body == "127.0.0.1");
    BOOST_TEST(through(second, origin.url("moving.test")).body == "127.0.0.2");
  }
}

// What one policy may dial is known; another one's guard judges it all the same.
PROXY_TEST(what_is_known_of_a_name_is_judged_at_each_dial) {
  const TwoAddresses origin;
  DnsServer dns(leadingTo("127.0.0.1"));
  dns.setTimeToLive(kForLong);
  Httpd httpd(mpm, oneChild());
  httpd.expectLog(kAllTaken);
  const int closed = httpd.addPort();
  httpd.expectLog("address-refused");
  const std::string asks = "FwdProxyResolver " + dns.address() + "\n";
  httpd.configure("FwdProxyReactorThreads 1\n" +
                  forwardHost(httpd.port(), asks + "FwdProxyPrivateNetworks 127.0.0.0/8\n") +
                  forwardHost(closed, asks));
  httpd.start();
  BOOST_TEST(through(httpd.port(), origin.url("moving.test")).body == "127.0.0.1");
  BOOST_TEST(through(closed, origin.url("moving.test")).status == 403);
  BOOST_TEST(dns.questions() == kOnce);
}

// DNS rebinding: first an address that is open, then one inside.
PROXY_TEST(a_name_that_moves_inside_is_refused_from_then_on) {
  const TwoAddresses origin;
  DnsServer dns(leadingTo("127.0.0.1"));
  dns.setTimeToLive(0);
  Httpd httpd(mpm, oneChild());
  httpd.expectLog(kAllTaken);
  httpd.expectLog("address-refused");
  httpd.configure(
      forwardHost(httpd.port(), "FwdProxyPrivateNetworks 127.0.0.1/32\nFwdProxyResolver " + dns.address() + "\n"));
  httpd.start();
  const auto dial = [&] {
    Client client;
    client.useProxy(httpd.proxyUrl());
    client.tunnelAlways();
    return client.get(origin.url("moving.test"));
  };
  BOOST_TEST(dial().body == "127.0.0.1");
  dns.tell("moving.test", {"127.0.0.2"});
  BOOST_TEST(waitUntil([&] { return dial().connectStatus == 403; }));
  BOOST_TEST(dial().connectStatus == 403);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
