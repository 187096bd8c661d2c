// Balancing methods of other modules, by api/revproxy_balancer.h: C modules of the tests' own are loaded beside ours.
#include <cstdlib>
#include <regex>

#include "tests/integration/support/client.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(balancer_provider)

namespace {

std::string loading(const std::string& name) {
  const char* build = std::getenv("BUILD");
  const auto file = std::filesystem::absolute(build ? build : "build") / "tests/integration/modules" /
                    ("mod_" + name + "_balancer.so");
  return "LoadModule " + name + "_balancer_module \"" + file.string() + "\"\n";
}

std::string balancer(const std::string& method, const std::vector<std::string>& members) {
  std::string text = "<RevProxyBalancer app>\n";
  for (const std::string& member : members) text += "RevProxyMember " + member + "\n";
  return text + "RevProxySet method=" + method + "\n</RevProxyBalancer>\nRevProxyPass / balancer://app/\n";
}

// Three origins, each of which answers with its number.
class Numbered {
 public:
  Numbered() {
    for (int number = 0; number < 3; ++number)
      origins_.push_back(
          std::make_unique<ScriptedOrigin>(ScriptedOrigin::answering(okResponse(std::to_string(number)))));
  }
  std::vector<std::string> members() const {
    std::vector<std::string> urls;
    for (const auto& origin : origins_) urls.push_back(origin->url());
    return urls;
  }

 private:
  std::vector<std::unique_ptr<ScriptedOrigin>> origins_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(methods_that_are_of_no_use) {
  struct Row {
    std::string method;
    std::vector<std::string> said;
  };
  const std::vector<Row> rows{
      {"byrequest", {"\"byrequest\"", "byrequests, .*hash.*lastbyte", "site\\.conf"}},
      {"withoutchoose", {"\"withoutchoose\"", "choose\\(\\)"}},
      {"withoutsize", {"\"withoutsize\"", "0 bytes", "size"}},
      {"fromthefuture", {"\"fromthefuture\"", "version 99", "version 1\\b"}},
  };
  for (const Row& row : rows) {
    Httpd httpd(Mpm::kEvent);
    httpd.configure(loading("example") + loading("wrong") + balancer(row.method, {"http://backend.test"}));
    const CommandResult result = httpd.configtest();
    BOOST_TEST_CONTEXT(row.method << "\nsays\n" << result.output) {
      BOOST_TEST(result.exitStatus != 0);
      for (const std::string& pattern : row.said)
        BOOST_TEST(std::regex_search(result.output, std::regex(pattern)), "not said: " << pattern);
    }
  }
}

// Whichever of the modules is loaded first.
BOOST_AUTO_TEST_CASE(a_module_may_be_loaded_behind_its_use) {
  Httpd httpd(Mpm::kEvent);
  httpd.configure(balancer("lastbyte", {"http://backend.test"}) + loading("example"));
  const CommandResult result = httpd.configtest();
  BOOST_TEST(result.exitStatus == 0, result.output);
}

// The method sees httpd's request, and hears how it ended; after a graceful restart too.
PROXY_TEST(the_example_chooses_by_the_last_byte) {
  const Numbered origins;
  Httpd httpd(mpm);
  httpd.loadModule("remoteip");
  httpd.configure("LogLevel example_balancer:debug\nRemoteIPHeader X-Client\nRemoteIPTrustedProxy 127.0.0.1\n" +
                  loading("example") + balancer("lastbyte", origins.members()));
  httpd.start();
  Client client;
  for (int round = 0; round < 2; ++round) {
    for (int address = 1; address < 8; ++address) {
      const std::string field = "X-Client: 203.0.113." + std::to_string(address);
      BOOST_TEST(client.get(httpd.url("/"), {field}).body == std::to_string(address % 3), field);
    }
    BOOST_TEST(client.get(httpd.url("/"), {"X-Client: 2001:db8::ff"}).body == std::to_string(0xff % 3));
    httpd.graceful();
  }
  httpd.requireLog("lastbyte: request [0-9]+ of this child is over: " + origins.members()[1] +
                   ".*, [1-9][0-9]* bytes, well");
}

PROXY_TEST_EVENT(what_hash_gives_is_for_other_methods_too) {
  const Numbered origins;
  Httpd httpd(mpm);
  httpd.configure(loading("example") + balancer("lastbyte hash=%{REQUEST_URI}", origins.members()));
  httpd.start();
  Client client;
  for (const char last : std::string("abcdef"))
    BOOST_TEST(client.get(httpd.url(std::string("/x") + last)).body == std::to_string(last % 3), last);
}

PROXY_TEST_EVENT(an_answer_out_of_range_costs_nobody_a_request) {
  const Numbered origins;
  Httpd httpd(mpm);
  httpd.configure(loading("wrong") + balancer("beyond", origins.members()));
  httpd.start();
  Client client;
  for (int round = 0; round < 5; ++round) BOOST_TEST(client.get(httpd.url("/")).body == "0");
  httpd.requireLog("\"beyond\"");
  BOOST_TEST(httpd.errorLog().linesMatching("\"beyond\"").size() == 1U);
}

// Another module that registers a name of ours does not get it.
PROXY_TEST_EVENT(names_of_ours_stay_ours) {
  const Numbered origins;
  Httpd httpd(mpm);
  httpd.configure(loading("wrong") + balancer("byrequests", origins.members()));
  httpd.start();
  Client client;
  std::string bodies;
  for (int round = 0; round < 6; ++round) bodies += client.get(httpd.url("/")).body;
  BOOST_TEST(bodies == "012012");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
