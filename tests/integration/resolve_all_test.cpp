// Members whose name has several addresses: each is a member of its own, they come and go with the name, each is
// checked, and SRV records say port and priority. One nginx stands on two addresses and says which one was dialled.
#include <set>

#include "tests/integration/support/client.h"
#include "tests/integration/support/nginx.h"
#include "tests/integration/support/port.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/wait_until.h"
#include "tests/support/dns_server.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(resolve_all)

namespace {

using Names = std::set<std::string>;

// Records live a second, and are asked for again before.
constexpr const char* kOften = "  RevProxySet resolve-floor=100ms resolve-ceiling=100ms\n";

class TwoAddresses {
 public:
  std::string port() const { return std::to_string(port_); }
  unsigned number() const { return static_cast<unsigned>(port_); }

 private:
  int port_ = freePort();
  // By its second address it is not well.
  Nginx nginx_{"listen 127.0.0.1:" + port() + "; listen 127.0.0.2:" + port() +
               "; location = /where { return 200 $server_addr; }"
               "  location = /healthz { if ($server_addr = 127.0.0.2) { return 503; } return 200; }"};
};

std::string balancerOf(const DnsServer& dns, const std::string& member, const std::string& more = "") {
  return "RevProxyResolver " + dns.address() + "\n<RevProxyBalancer app>\n  RevProxyMember " + member + "\n" + more +
         "</RevProxyBalancer>\nRevProxyPass / balancer://app/\n";
}

// Which addresses answer, of so many requests that each would have had some.
Names answering(const Httpd& httpd) {
  Client client;
  Names names;
  for (int count = 0; count < 10; ++count) names.insert(client.get(httpd.url("/where")).body);
  return names;
}

bool become(const Httpd& httpd, const Names& expected) {
  return waitUntil([&] { return answering(httpd) == expected; });
}

const Names kFirst = {"127.0.0.1"};
const Names kSecond = {"127.0.0.2"};
const Names kBoth = {"127.0.0.1", "127.0.0.2"};

}  // namespace

PROXY_TEST(addresses_come_and_go_and_survive_failing_name_servers) {
  const TwoAddresses backend;
  DnsServer dns({{"name.test", {"127.0.0.1", "127.0.0.2"}}});
  dns.setTimeToLive(1);
  Httpd httpd(mpm);
  httpd.expectLog("member http://name.test:");
  httpd.configure(balancerOf(dns, "http://name.test:" + backend.port() + " resolve=all", kOften));
  httpd.start();
  BOOST_TEST(become(httpd, kBoth));
  dns.tell("name.test", {"127.0.0.2"});
  BOOST_TEST(become(httpd, kSecond));
  httpd.requireLog("name.test has 127.0.0.1:" + backend.port() + " no longer");
  dns.become(DnsServer::Manner::kFails);
  httpd.requireLog("name.test cannot be resolved, its last addresses serve on");
  BOOST_TEST(answering(httpd) == kSecond, boost::test_tools::per_element());
  dns.tell("name.test", {"127.0.0.1", "127.0.0.2"});
  dns.become(DnsServer::Manner::kAnswers);
  BOOST_TEST(become(httpd, kBoth));
}

PROXY_TEST_EVENT(each_address_is_checked) {
  const TwoAddresses backend;
  DnsServer dns({{"name.test", {"127.0.0.1", "127.0.0.2"}}});
  Httpd httpd(mpm);
  httpd.expectLog("member http://name.test:");
  httpd.configure(balancerOf(dns, "http://name.test:" + backend.port() + " resolve=all",
                             "  RevProxyHealth interval=200ms timeout=5s uri=/healthz expect=200-299\n"));
  httpd.start();
  httpd.requireLog("\\(127.0.0.2:" + backend.port() + "\\) of balancer app is down: 3 checks in a row failed");
  BOOST_TEST(become(httpd, kFirst));
}

PROXY_TEST_EVENT(service_records_say_which_port_and_which_comes_first) {
  const TwoAddresses backend;
  DnsServer dns({{"one.test", {"127.0.0.1"}}, {"other.test", {"127.0.0.2"}}});
  dns.tellServices("_http._tcp.name.test",
                   {{10, 1, backend.number(), "one.test"}, {20, 1, backend.number(), "other.test"}});
  dns.setTimeToLive(1);
  Httpd httpd(mpm);
  httpd.expectLog("member http://_http._tcp.name.test|the name servers have not said yet");
  httpd.configure(balancerOf(dns, "http://_http._tcp.name.test resolve=srv", kOften));
  httpd.start();
  BOOST_TEST(become(httpd, kFirst));
  dns.tellServices("_http._tcp.name.test",
                   {{20, 1, backend.number(), "one.test"}, {10, 1, backend.number(), "other.test"}});
  BOOST_TEST(become(httpd, kSecond));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
