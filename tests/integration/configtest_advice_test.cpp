// What `apachectl configtest` advises, of a configuration that is right but does not suit a proxy.
#include <iterator>
#include <regex>

#include "tests/integration/support/configtest.h"
#include "tests/integration/support/proxy_test.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(configuration)

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
