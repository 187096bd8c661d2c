// limit=, and the queue before it: over all children a backend never has more requests at once, who comes first is
// served first, and waiting costs no worker. The backends count for themselves.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/support/client.h"
#include "tests/integration/support/counting_server.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/request_swarm.h"
#include "tests/integration/support/soak.h"
#include "tests/integration/support/status_view.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(limits)

namespace {

using std::chrono::milliseconds;

constexpr HttpdLimits kSeveral{.children = 3, .threadsPerChild = 10, .preforkStart = 20};
const std::string kPatient = " queue-timeout=60s";

// At /NAME: a balancer of that name.
std::string balancer(const std::string& name, const std::string& members, const std::string& settings) {
  return "<RevProxyBalancer " + name + ">\n" + members + "RevProxySet " + settings +
         "\n</RevProxyBalancer>\nRevProxyPass /" + name + " balancer://" + name + "\n";
}

std::string member(const std::string& url, const std::string& parameters = "") {
  return "RevProxyMember " + url + " " + parameters + "\n";
}

void startWith(Httpd& httpd, const std::string& text) {
  httpd.configure(kStatusLocation + text);
  httpd.start();
}

// One whose request is on its way.
std::unique_ptr<RawClient> asking(const Httpd& httpd, const std::string& target, const std::string& fields = "") {
  auto client = std::make_unique<RawClient>(httpd.port());
  client->send("GET " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + fields + "\r\n");
  return client;
}

// The same, once it waits as the last of so many.
std::unique_ptr<RawClient> waiting(const Httpd& httpd, const std::string& balancer, std::size_t place,
                                   const std::string& rest = "", const std::string& fields = "") {
  auto client = asking(httpd, "/" + balancer + "/" + rest, fields);
  BOOST_TEST_REQUIRE(waitUntil([&] { return waitingFor(httpd, balancer) == place; }));
  return client;
}

std::string statusOf(RawClient& client) {
  return client.readToEnd().data.substr(9, 3);
}

RequestLoad loadOn(const Httpd& httpd, const std::string& target, int total, int atOnce) {
  RequestLoad load;
  load.port = httpd.port();
  load.target = target;
  load.total = total;
  load.atOnce = atOnce;
  return load;
}

LoadResult resultOf(RequestSwarm& swarm) {
  swarm.waitFor(std::chrono::seconds{60});
  return swarm.stop(milliseconds{0});
}

}  // namespace

PROXY_TEST(no_more_than_the_limit_are_in_flight_over_all_children) {
  constexpr int kClients = 12;
  const int total = scaled(240, 4000);
  CountingServer one(milliseconds{10});
  CountingServer both(milliseconds{10});
  Httpd httpd(mpm, kSeveral);
  startWith(httpd, balancer("one", member(one.url(), "limit=3"), kPatient) +
                       balancer("both", member(both.url("/a")) + member(both.url("/b")), "limit=4" + kPatient));
  RequestSwarm toOne(loadOn(httpd, "/one/", total, kClients));
  RequestSwarm toBoth(loadOn(httpd, "/both/", total, kClients));
  for (RequestSwarm* const swarm : {&toOne, &toBoth}) {
    const LoadResult result = resultOf(*swarm);
    BOOST_TEST(result.all(200), result.report());
    BOOST_TEST(result.answered(200) == total);
  }
  BOOST_TEST(one.most() == 3u);
  BOOST_TEST(both.most() == 4u);
  BOOST_TEST(waitUntil([&] { return isIdle(httpd); }));
}

PROXY_TEST(who_may_not_wait_or_not_that_long_is_told_to_come_again) {
  struct Row {
    const char* name;
    const char* settings;
    std::size_t waiting;
    const char* said;
  };
  CountingServer origin(milliseconds{0});
  origin.stick();
  Httpd httpd(mpm, kSeveral);
  std::string text;
  const Row rows[] = {{"none", "queue=0", 0, "queue-full"},
                      {"few", "queue=2 queue-timeout=60s", 2, "queue-full"},
                      {"short", "queue-timeout=100ms", 0, "queue-timeout"}};
  for (const Row& row : rows)
    text += balancer(row.name, member(origin.url(std::string("/") + row.name)), std::string("limit=1 ") + row.settings);
  startWith(httpd, text);
  std::vector<std::unique_ptr<RawClient>> patient;
  for (const Row& row : rows) {
    const std::string target = std::string("/") + row.name + "/";
    patient.push_back(asking(httpd, target));
    BOOST_TEST_REQUIRE(waitUntil([&] { return inFlightOf(httpd, row.name) == 1u; }));
    for (std::size_t place = 1; place <= row.waiting; ++place) patient.push_back(waiting(httpd, row.name, place));
    const Response refused = Client().get(httpd.url(target));
    BOOST_TEST(refused.status == 503, row.name);
    BOOST_TEST(refused.header("Retry-After").value_or("") == "1", row.name);
    httpd.requireLog(std::string(row.name) + ".*" + row.said);
  }
  origin.resume();
  for (const auto& client : patient) BOOST_TEST(statusOf(*client) == "200");
  BOOST_TEST(waitUntil([&] { return isIdle(httpd); }));
}

PROXY_TEST(who_comes_first_is_served_first) {
  constexpr std::size_t kWaiting = 12;
  CountingServer origin(milliseconds{0});
  origin.stick();
  Httpd httpd(mpm, kSeveral);
  startWith(httpd, balancer("app", member(origin.url(), "limit=1"), kPatient));
  std::vector<std::unique_ptr<RawClient>> clients;
  clients.push_back(asking(httpd, "/app/0"));
  std::vector<std::string> order{"/0"};
  BOOST_TEST_REQUIRE(waitUntil([&] { return origin.present() == 1u; }));
  for (std::size_t place = 1; place <= kWaiting; ++place) {
    clients.push_back(waiting(httpd, "app", place, std::to_string(place)));
    order.push_back("/" + std::to_string(place));
  }
  origin.resume();
  for (const auto& client : clients) BOOST_TEST(statusOf(*client) == "200");
  BOOST_TEST(origin.targets() == order, boost::test_tools::per_element());
  BOOST_TEST(origin.most() == 1u);
}

PROXY_TEST_EVENT(those_who_wait_hold_no_worker) {
  constexpr int kWaiting = 200;
  CountingServer origin(milliseconds{0});
  CountingServer other(milliseconds{0});
  origin.stick();
  Httpd httpd(mpm, {.threadsPerChild = 4});
  startWith(httpd,
            balancer("app", member(origin.url()), "limit=2" + kPatient) + "RevProxyPass /other " + other.url() + "\n");
  RequestSwarm swarm(loadOn(httpd, "/app/", kWaiting + 2, kWaiting + 2));
  BOOST_TEST(waitUntil([&] { return waitingFor(httpd, "app") == kWaiting; }));
  for (int count = 0; count < 8; ++count) BOOST_TEST(Client().get(httpd.url("/other")).status == 200);
  origin.resume();
  const LoadResult result = resultOf(swarm);
  BOOST_TEST(result.all(200), result.report());
  BOOST_TEST(origin.most() == 2u);
}

PROXY_TEST(who_leaves_while_it_waits_leaves_its_place_to_others) {
  CountingServer origin(milliseconds{0});
  origin.stick();
  Httpd httpd(mpm, kSeveral);
  httpd.expectLog("client-gone");
  startWith(httpd, balancer("app", member(origin.url(), "limit=1"), "queue=3" + kPatient));
  const auto first = asking(httpd, "/app/");
  BOOST_TEST_REQUIRE(waitUntil([&] { return origin.present() == 1u; }));
  std::vector<std::unique_ptr<RawClient>> leaving;
  for (std::size_t place = 1; place <= 2; ++place) leaving.push_back(waiting(httpd, "app", place, "leaving"));
  const auto staying = waiting(httpd, "app", 3, "staying");
  leaving.clear();
  BOOST_TEST(waitUntil([&] { return waitingFor(httpd, "app") == 1u; }));
  const auto next = waiting(httpd, "app", 2, "next");
  origin.resume();
  for (RawClient* const client : {first.get(), staying.get(), next.get()}) BOOST_TEST(statusOf(*client) == "200");
  BOOST_TEST(origin.targets() == (std::vector<std::string>{"/", "/staying", "/next"}),
             boost::test_tools::per_element());
}

PROXY_TEST(those_who_wait_for_the_member_of_their_session_stand_in_nobodys_way) {
  CountingServer own(milliseconds{0}, "own");
  CountingServer other(milliseconds{0}, "other");
  own.stick();
  Httpd httpd(mpm, kSeveral);
  startWith(httpd, balancer("app", member(own.url(), "route=a limit=1") + member(other.url(), "route=b limit=1"),
                            "stickysession=SESSION queue=3" + kPatient));
  const std::string session = "Cookie: SESSION=x.a\r\n";
  std::vector<std::unique_ptr<RawClient>> bound;
  bound.push_back(asking(httpd, "/app/0", session));
  BOOST_TEST_REQUIRE(waitUntil([&] { return own.present() == 1u; }));
  for (std::size_t place = 1; place <= 3; ++place) {
    bound.push_back(waiting(httpd, "app", place, std::to_string(place), session));
    BOOST_TEST(Client().get(httpd.url("/app/")).body == "other");
  }
  own.resume();
  for (const auto& client : bound) BOOST_TEST(statusOf(*client) == "200");
  BOOST_TEST(own.targets() == (std::vector<std::string>{"/0", "/1", "/2", "/3"}), boost::test_tools::per_element());
}

// What came while nothing at all was free did not know yet that its own member is what it waits for.
PROXY_TEST(a_session_whose_member_stays_full_lets_others_pass_when_another_is_free) {
  CountingServer own(milliseconds{0}, "own");
  CountingServer other(milliseconds{0}, "other");
  own.stick();
  other.stick();
  Httpd httpd(mpm, kSeveral);
  startWith(httpd, balancer("app", member(own.url(), "route=a limit=1") + member(other.url(), "route=b"),
                            "stickysession=SESSION limit=2" + kPatient));
  std::vector<std::unique_ptr<RawClient>> clients;
  clients.push_back(asking(httpd, "/app/", "Cookie: SESSION=x.a\r\n"));
  clients.push_back(asking(httpd, "/app/", "Cookie: SESSION=x.b\r\n"));
  BOOST_TEST_REQUIRE(waitUntil([&] { return own.present() + other.present() == 2u; }));
  clients.push_back(waiting(httpd, "app", 1, "bound", "Cookie: SESSION=x.a\r\n"));
  clients.push_back(waiting(httpd, "app", 2, "free"));
  other.resume();
  BOOST_TEST(statusOf(*clients[1]) == "200");
  BOOST_TEST(clients[3]->readToEnd().data.ends_with("other"));
  own.resume();
  BOOST_TEST(statusOf(*clients[0]) == "200");
  BOOST_TEST(clients[2]->readToEnd().data.ends_with("own"));
}

PROXY_TEST(a_tunnel_is_in_flight_until_it_ends) {
  CountingServer origin(milliseconds{0});
  Httpd httpd(mpm, kSeveral);
  httpd.expectLog("tunnel to");
  startWith(httpd, balancer("app", member(origin.url(), "limit=1 upgrade=websocket"), kPatient));
  const std::string upgrade = "GET /app/ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  RawClient first(httpd.port());
  first.send(upgrade);
  BOOST_TEST(first.readHead().starts_with("HTTP/1.1 101 "));
  BOOST_TEST(waitUntil([&] { return origin.most() == 1u; }));
  RawClient second(httpd.port());
  second.send(upgrade);
  BOOST_TEST(waitUntil([&] { return waitingFor(httpd, "app") == 1u; }));
  BOOST_TEST(inFlightOf(httpd, "app") == 1u);
  first.send("still there");
  BOOST_TEST(first.readExactly(11) == "still there");
  first.close();
  BOOST_TEST(second.readHead().starts_with("HTTP/1.1 101 "));
  second.send("x");
  BOOST_TEST(second.readExactly(1) == "x");
  BOOST_TEST(origin.most() == 1u);
  second.close();
  BOOST_TEST(waitUntil([&] { return isIdle(httpd); }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
