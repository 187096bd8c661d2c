// Members that die and come back under load: what a client notices of it, and what the log says. The members are real
// nginx; their own logs tell how often they have seen a request.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <mutex>
#include <regex>
#include <thread>

#include "tests/integration/support/client.h"
#include "tests/integration/support/nginx.h"
#include "tests/integration/support/port.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/request_swarm.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/soak.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(failover)

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// What a member that dies brings with it, once in the log for each request.
constexpr const char* kDying = "refused:|unreachable:|closed-early:|broken-body:|no-member:|ejected for";

// It notes each POST by its id, at once.
std::string serverBlock() {
  return "location /post { access_log posts.log posts; return 200 \"posted\\n\"; }\n"
         "location / { return 200 \"member\\n\"; }\n";
}

std::map<std::string, int> postsSeenBy(const std::vector<std::unique_ptr<Nginx>>& members) {
  std::map<std::string, int> seen;
  for (const auto& member : members) {
    std::ifstream log(member->directory().path() / "posts.log");
    for (std::string line; std::getline(log, line);)
      if (const auto begin = line.find("id="); begin != std::string::npos) ++seen[line.substr(begin)];
  }
  return seen;
}

std::string balancerOf(const std::vector<std::unique_ptr<Nginx>>& members, const std::string& settings = "") {
  std::string text = "<RevProxyBalancer app>\n";
  for (const auto& member : members) text += "RevProxyMember " + member->url() + "\n";
  return text + settings + "</RevProxyBalancer>\nRevProxyPass /app balancer://app\n";
}

RequestLoad getLoad(const Httpd& httpd, int clients) {
  RequestLoad load;
  load.port = httpd.port();
  load.target = "/app/x";
  load.atOnce = clients;
  load.keepAlive = true;
  load.pause = milliseconds{2};
  return load;
}

RequestLoad postLoad(const Httpd& httpd, int clients) {
  RequestLoad load = getLoad(httpd, clients);
  load.text = [](int client, int request) {
    const std::string id = "id=" + std::to_string(client) + "-" + std::to_string(request);
    return "POST /app/post?" + id + " HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  };
  return load;
}

}  // namespace

PROXY_TEST(members_that_are_killed_cost_no_get_and_no_post_twice) {
  std::vector<std::unique_ptr<Nginx>> members;
  for (int one = 0; one < 3; ++one)
    members.push_back(std::make_unique<Nginx>(serverBlock(), "log_format posts $request;"));
  Httpd httpd(mpm, {2, 40, 14, 1000, 4, 80});
  httpd.expectLog(kDying);
  httpd.expectLog(kAllTaken);
  httpd.configure(balancerOf(members));
  httpd.start();
  // Those first: under prefork each client keeps a child, and children come one after the other.
  RequestSwarm posts(postLoad(httpd, 16));
  BOOST_TEST(waitUntil([&] { return posts.finished() > 100; }));
  RequestSwarm gets(getLoad(httpd, 48));
  BOOST_TEST(waitUntil([&] { return gets.finished() > 100; }));
  const int rounds = scaled(4, 60);
  for (int round = 0; round < rounds; ++round) {
    Nginx& member = *members[static_cast<std::size_t>(round) % members.size()];
    std::this_thread::sleep_for(milliseconds{500});
    member.kill();
    std::this_thread::sleep_for(milliseconds{500});
    member.restart();
  }
  std::this_thread::sleep_for(milliseconds{1000});
  const LoadResult got = gets.stop(std::chrono::seconds{20});
  const LoadResult posted = posts.stop(std::chrono::seconds{20});
  BOOST_TEST_MESSAGE("failover: GET " << got.report() << "; POST " << posted.report());
  BOOST_TEST(got.all(200), got.report());
  // One that was at the member when that died has no second chance.
  BOOST_TEST(posted.failures == 0, posted.report());
  for (const auto& [status, count] : posted.statuses) BOOST_TEST((status == 200 || status == 502), posted.report());
  BOOST_TEST(posted.answered(502) <= rounds * 16);
  int twice = 0;
  for (const auto& [id, count] : postsSeenBy(members)) twice += count > 1;
  BOOST_TEST(twice == 0);
  BOOST_TEST(postsSeenBy(members).size() > 100);
  for (const auto& member : members) {
    const std::string name = "balancer app, member " + member->url();
    const auto lines = httpd.errorLog().linesMatching(name + ": (ejected|it is back)");
    BOOST_TEST(!lines.empty(), name);
    BOOST_TEST(lines.size() <= static_cast<std::size_t>(2 * (rounds / 3 + 1)), name);
    for (std::size_t line = 0; line < lines.size(); ++line)
      BOOST_TEST((lines[line].find("it is back") != std::string::npos) == (line % 2 == 1), "in turns: " + lines[line]);
    BOOST_TEST(lines.size() % 2 == 0, "it is back in the end: " + name);
  }
}

PROXY_TEST(a_sole_member_is_back_as_soon_as_it_answers) {
  std::vector<std::unique_ptr<Nginx>> members;
  members.push_back(std::make_unique<Nginx>(serverBlock(), "log_format posts $request;"));
  Httpd httpd(mpm);
  httpd.expectLog(kDying);
  httpd.configure(balancerOf(members));
  httpd.start();
  std::atomic<bool> ending{false};
  std::mutex mutex;
  std::vector<std::pair<Clock::time_point, long>> answers;  // when the request began
  std::vector<std::thread> clients;
  for (int client = 0; client < 4; ++client)
    clients.emplace_back([&] {
      Client one;
      while (!ending) {
        const auto begun = Clock::now();
        const long status = one.get(httpd.url("/app/x")).status;
        const std::lock_guard lock(mutex);
        answers.emplace_back(begun, status);
        std::this_thread::sleep_for(milliseconds{3});
      }
    });
  std::vector<std::pair<Clock::time_point, Clock::time_point>> gaps;
  for (int round = 0; round < scaled(3, 30); ++round) {
    std::this_thread::sleep_for(milliseconds{300});
    // Requests that began a moment before may be at the member still.
    const auto killed = Clock::now() - milliseconds{100};
    members.front()->kill();
    std::this_thread::sleep_for(milliseconds{300});
    members.front()->restart();
    gaps.emplace_back(killed, Clock::now() + milliseconds{200});
  }
  std::this_thread::sleep_for(milliseconds{500});
  ending = true;
  for (std::thread& client : clients) client.join();
  int outside = 0;
  int inside = 0;
  for (const auto& [begun, status] : answers) {
    if (status == 200) continue;
    BOOST_TEST((status == 503 || status == 502), status);
    const bool isInGap = std::any_of(gaps.begin(), gaps.end(),
                                     [&](const auto& gap) { return gap.first <= begun && begun <= gap.second; });
    ++(isInGap ? inside : outside);
  }
  BOOST_TEST(outside == 0);
  BOOST_TEST(inside > 0, "the gap was noticed, or this proves nothing");
}

PROXY_TEST(when_all_are_gone_the_answer_is_503_at_once_and_says_when_to_come_again) {
  Httpd httpd(mpm);
  httpd.expectLog(kDying);
  const int gone = freePort();
  const int alsoGone = freePort();
  httpd.configure("<RevProxyBalancer app>\nRevProxyMember http://127.0.0.1:" + std::to_string(gone) +
                  "\nRevProxyMember http://127.0.0.1:" + std::to_string(alsoGone) +
                  "\n</RevProxyBalancer>\nRevProxyPass /app balancer://app\n"
                  "<RevProxyBalancer off>\nRevProxyMember http://127.0.0.1:" +
                  std::to_string(gone) + " status=+S\n</RevProxyBalancer>\nRevProxyPass /off balancer://off\n");
  httpd.start();
  Client client;
  for (int one = 0; one < 20; ++one) {
    const Response response = client.get(httpd.url("/app/x"));
    BOOST_TEST(response.status == 503);
    BOOST_TEST(response.header("Retry-After").value_or("") == "1");
  }
  const Response stopped = client.get(httpd.url("/off/x"));
  BOOST_TEST(stopped.status == 503);
  BOOST_TEST(stopped.header("Retry-After").has_value());
  httpd.requireLog("no-member: http://127.0.0.1:" + std::to_string(gone) + ": stopped");
}

// retry= leaves a backend alone that could not be reached; of several members ejection does that, and nobody is turned
// away meanwhile.
PROXY_TEST(retry_of_members_turns_nobody_away) {
  ScriptedOrigin well([](OriginConnection& connection) {
    while (connection.readRequest()) connection.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell");
  });
  Httpd httpd(mpm);
  httpd.expectLog(kDying);
  httpd.configure("<RevProxyBalancer app>\nRevProxyMember http://127.0.0.1:" + std::to_string(freePort()) +
                  " retry=60\nRevProxyMember " + well.url() +
                  " retry=60\nRevProxySet eject-errors=1\n</RevProxyBalancer>\nRevProxyPass /app balancer://app\n");
  httpd.start();
  Client client;
  int refused = 0;
  for (int one = 0; one < 100; ++one) refused += client.get(httpd.url("/app/x")).status != 200;
  BOOST_TEST(refused == 0);
}

// What is known of a member outlives a graceful restart, also that it is ejected.
PROXY_TEST(a_member_that_is_the_last_now_is_not_ejected_for_ever) {
  std::vector<std::unique_ptr<Nginx>> members;
  for (int one = 0; one < 2; ++one)
    members.push_back(std::make_unique<Nginx>(serverBlock(), "log_format posts $request;"));
  const std::string status = "<Location /status>\nSetHandler revproxy-status\n</Location>\n";
  Httpd httpd(mpm);
  httpd.expectLog(kDying);
  httpd.configure(balancerOf(members) + status);
  httpd.start();
  members.back()->kill();
  Client client;
  const auto say = [&] { return client.get(httpd.url("/status?json")).body; };
  BOOST_TEST(waitUntil([&] {
    client.get(httpd.url("/app/x"));
    return say().find("\"ejected\"") != std::string::npos || say().find("\"probing\"") != std::string::npos;
  }));
  members.back()->restart();
  members.erase(members.begin());
  httpd.configure(balancerOf(members) + status);
  httpd.graceful();
  BOOST_TEST(waitUntil([&] {
    BOOST_TEST(client.get(httpd.url("/app/x")).status == 200);
    return say().find("\"state\":\"ok\"") != std::string::npos;
  }));
}

PROXY_TEST(a_status_that_counts_as_a_failure_goes_to_another_member_and_ejects) {
  ScriptedOrigin ill([](OriginConnection& connection) {
    while (connection.readRequest()) connection.write("HTTP/1.1 503 Ill\r\nContent-Length: 3\r\n\r\nill");
  });
  ScriptedOrigin well([](OriginConnection& connection) {
    while (connection.readRequest()) connection.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell");
  });
  Httpd httpd(mpm);
  httpd.expectLog("ejected for|failed-status");
  httpd.configure(
      "<RevProxyBalancer app>\nRevProxyMember " + ill.url() + "\nRevProxyMember " + well.url() +
      "\nRevProxySet failonstatus=503 eject-errors=3\n</RevProxyBalancer>\nRevProxyPass /app balancer://app\n");
  httpd.start();
  Client client;
  for (int one = 0; one < 20; ++one) {
    const Response response = client.get(httpd.url("/app/x"));
    BOOST_TEST(response.status == 200);
    BOOST_TEST(response.body == "well");
  }
  httpd.requireLog("member " + ill.url() + ": ejected");
  BOOST_TEST(httpd.errorLog().linesMatching("ejected for").size() == 1u);
  // What may not be sent twice keeps its answer.
  Httpd strict(mpm);
  strict.configure("<RevProxyBalancer app>\nRevProxyMember " + ill.url() +
                   "\nRevProxySet failonstatus=503\n</RevProxyBalancer>\nRevProxyPass /app balancer://app\n");
  strict.start();
  const Response response = client.post(strict.url("/app/x"), "hello");
  BOOST_TEST(response.status == 503);
  BOOST_TEST(response.body == "ill");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
