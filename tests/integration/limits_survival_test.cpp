// limit= where processes die and restarts come under load: what a child held that was killed is free again, two
// generations together stay within the limit, and in the end nothing is left in any count.
#include <signal.h>

#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "tests/integration/support/client.h"
#include "tests/integration/support/counting_server.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/request_swarm.h"
#include "tests/integration/support/soak.h"
#include "tests/integration/support/status_view.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(limits_survival)

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kLimit = 4;
constexpr int kClients = 16;
constexpr HttpdLimits kChildren{.children = 3, .threadsPerChild = 10, .preforkStart = 20};

// One member, that is checked too; its balancer has a wider limit than it has, so that both are held.
std::string configuration(const CountingServer& origin) {
  return std::string(kStatusLocation) + "<RevProxyBalancer app>\nRevProxyMember " + origin.url() +
         " limit=" + std::to_string(kLimit) + "\nRevProxySet limit=" + std::to_string(kLimit + 2) +
         " queue-timeout=60s\nRevProxyHealth interval=100ms timeout=10s uri=/healthz fall=20\n</RevProxyBalancer>\n"
         "RevProxyPass /app balancer://app\n";
}

RequestLoad load(const Httpd& httpd) {
  RequestLoad load;
  load.port = httpd.port();
  load.target = "/app/x";
  load.atOnce = kClients;
  return load;
}

// All places can be had: none is held by who is gone. The swarm's clients take them.
void expectAllPlaces(CountingServer& origin, const Httpd& httpd) {
  BOOST_TEST(waitUntil([&] { return isIdle(httpd); }));
  BOOST_TEST(origin.present() == 0u);
  origin.stick();
  RequestLoad few = load(httpd);
  few.total = kLimit + 2;
  RequestSwarm swarm(few);
  BOOST_TEST(waitUntil([&] { return origin.present() == kLimit; }));
  BOOST_TEST(waitUntil([&] { return waitingFor(httpd, "app") == 2u; }));
  origin.resume();
  BOOST_TEST(swarm.waitFor(kPatience));
  const LoadResult result = swarm.stop(milliseconds{0});
  BOOST_TEST(result.all(200), result.report());
  BOOST_TEST(waitUntil([&] { return isIdle(httpd); }));
  BOOST_TEST(origin.most() == kLimit);
}

// Every third time the child that leads, else any.
pid_t victim(const Httpd& httpd, int round, std::mt19937& random) {
  const std::vector<pid_t> children = httpd.children();
  BOOST_TEST_REQUIRE(!children.empty());
  if (round % 3 != 0) return children[random() % children.size()];
  pid_t leader = 0;
  // The status itself may be asked of who was killed just now.
  waitUntil([&] {
    try {
      leader = leaderOf(httpd);
    } catch (const std::exception&) {
    }
    return leader != 0;
  });
  BOOST_TEST_REQUIRE(leader != 0);
  return leader;
}

}  // namespace

PROXY_TEST(what_a_killed_child_held_is_free_again) {
  CountingServer origin(milliseconds{20});
  Httpd httpd(mpm, kChildren);
  httpd.expectLog("exit signal Killed");
  httpd.expectLog("AH10392");  // several in a row
  httpd.expectLog(kAllTaken);
  httpd.configure(configuration(origin));
  httpd.start();
  BOOST_TEST_REQUIRE(waitUntil([&] { return origin.checks() > 0; }));
  RequestSwarm swarm(load(httpd));
  std::mt19937 random{11};
  const int rounds = scaled(6, 50);
  for (int round = 0; round < rounds; ++round) {
    const int finished = swarm.finished();
    BOOST_TEST(waitUntil([&] { return swarm.finished() > finished + kClients; }));
    const std::size_t checks = origin.checks();
    ::kill(victim(httpd, round, random), SIGKILL);
    BOOST_TEST(waitUntil([&] { return origin.checks() > checks + 2; }));
  }
  const LoadResult result = swarm.stop(kPatience);
  BOOST_TEST_MESSAGE("limits, killed: " << result.report() << "; longest time without a check "
                                        << origin.longestPause().count() << " ms");
  BOOST_TEST(result.statuses.size() == 1u, result.report());
  BOOST_TEST(result.answered(200) > 0, result.report());
  // Those alone that were in the hands of the killed.
  BOOST_TEST(result.failures <= rounds * kClients, result.report());
  BOOST_TEST(origin.most() == kLimit);
  if (soaking()) BOOST_TEST(origin.longestPause().count() < 1000);
  expectAllPlaces(origin, httpd);
}

PROXY_TEST(two_generations_together_stay_within_the_limit) {
  CountingServer origin(milliseconds{20});
  Httpd httpd(mpm, kChildren);
  httpd.loadModule("headers");
  const auto generation = [&](int number) {
    return "Header always set X-Generation " + std::to_string(number) + "\n" + configuration(origin);
  };
  httpd.expectLog(kAllTaken);
  httpd.configure(generation(0));
  httpd.start();
  RequestSwarm swarm(load(httpd));
  const int rounds = scaled(3, 20);
  for (int round = 1; round <= rounds; ++round) {
    const int finished = swarm.finished();
    BOOST_TEST(waitUntil([&] { return swarm.finished() > finished + kClients; }));
    httpd.configure(generation(round));
    httpd.graceful();
    BOOST_TEST(waitUntil([&] {
      return Client().get(httpd.url("/status"), {"Connection: close"}).header("X-Generation") == std::to_string(round);
    }));
  }
  const LoadResult result = swarm.stop(kPatience);
  BOOST_TEST(result.all(200), result.report());
  BOOST_TEST(origin.most() == kLimit);
  expectAllPlaces(origin, httpd);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
