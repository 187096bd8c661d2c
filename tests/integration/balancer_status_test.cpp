// The handler revproxy-status: what it counts is what clients have counted, and it shows, and changes nothing.
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include "tests/integration/support/client.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/wait_until.h"
#include "tests/support/json_text.h"
#include "tests/support/prometheus_text.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(balancer_status)

namespace {

constexpr int kClients = 4;  // each fails once: too few to eject a member
constexpr int kRounds = 20;
const std::vector<std::string> kStatuses{"200", "302", "404", "503"};

// GET …/404 is answered by that status. A POST is not answered at all.
void answerByName(OriginConnection& connection) {
  while (const auto request = connection.readRequest()) {
    if (request->method() == "POST") return connection.close();
    const std::string target = request->target();
    connection.write("HTTP/1.1 " + target.substr(target.rfind('/') + 1) + " x\r\nContent-Length: 5\r\n\r\nhello");
  }
}

struct Balanced {
  explicit Balanced(Mpm mpm) : httpd(mpm, {.children = 2}) {
    std::string text = "<RevProxyBalancer app>\n";
    for (const ScriptedOrigin& origin : origins) text += "RevProxyMember " + origin.url() + "\n";
    text +=
        "RevProxySet method=byrequests\n</RevProxyBalancer>\nRevProxyPass /app balancer://app/\n"
        "<Location /status>\nSetHandler revproxy-status\n</Location>\n"
        "<Location /status/secret>\nRequire all denied\n</Location>\n";
    httpd.configure(text);
    httpd.start();
  }

  std::string page(const std::string& query) { return Client().get(httpd.url("/status" + query)).body; }
  PrometheusText scrape() {
    PrometheusText text = readPrometheus(page("?prometheus"));
    for (const std::string& problem : text.problems) BOOST_ERROR(problem);
    return text;
  }

  std::array<ScriptedOrigin, 3> origins{ScriptedOrigin(&answerByName), ScriptedOrigin(&answerByName),
                                        ScriptedOrigin(&answerByName)};
  Httpd httpd;
};

// How many answers clients got, by the first digit of the status.
std::map<char, int> ask(Httpd& httpd) {
  std::map<char, int> answers;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (int client = 0; client < kClients; ++client)
    threads.emplace_back([&] {
      Client asking;
      std::map<char, int> own;
      for (int round = 0; round < kRounds; ++round)
        for (const std::string& status : kStatuses)
          ++own[std::to_string(asking.get(httpd.url("/app/" + status)).status).front()];
      ++own[std::to_string(asking.post(httpd.url("/app/x"), "body").status).front()];
      const std::lock_guard lock(mutex);
      for (const auto& [digit, count] : own) answers[digit] += count;
    });
  for (std::thread& thread : threads) thread.join();
  return answers;
}

const PrometheusLabels kApp{{"balancer", "app"}};

PrometheusLabels appWith(const std::string& name, const std::string& value) {
  return {{"balancer", "app"}, {name, value}};
}

// Of a list with commas; httpd's Allow has no order.
std::set<std::string> membersOf(const std::string& list) {
  std::set<std::string> members;
  std::istringstream stream(list);
  for (std::string member; std::getline(stream, member, ',');) members.insert(member);
  return members;
}

// TRACE is httpd's own: it answers that everywhere, and says so.
const std::set<std::string> kAllowed{"GET", "HEAD", "TRACE"};

}  // namespace

PROXY_TEST(counters_are_what_clients_have_counted) {
  Balanced server(mpm);
  server.httpd.expectLog("closed-early");
  const std::map<char, int> answers = ask(server.httpd);
  const int requests = kClients * (kRounds * static_cast<int>(kStatuses.size()) + 1);
  BOOST_TEST(answers.at('5') == kClients * (kRounds + 1));
  // A client has its answer before it is counted.
  PrometheusText text;
  const bool isCounted = waitUntil([&] {
    text = server.scrape();
    return text.sum("revproxy_answers_total", kApp) >= requests && text.sum("revproxy_in_flight", kApp) == 0;
  });
  BOOST_TEST(isCounted, server.page("?prometheus"));
  BOOST_TEST(text.sum("revproxy_requests_total", kApp) == requests);
  for (const auto& [digit, count] : answers)
    BOOST_TEST(text.sum("revproxy_answers_total", appWith("code", std::string(1, digit) + "xx")) == count);
  BOOST_TEST(text.sum("revproxy_answers_total", kApp) == requests);
  BOOST_TEST(text.sum("revproxy_member_requests_total", kApp) == requests + text.sum("revproxy_retries_total", kApp));
  BOOST_TEST(text.sum("revproxy_member_errors_total", appWith("kind", "closed-early")) == kClients);
  BOOST_TEST(text.sum("revproxy_member_up", kApp) == 3);
  BOOST_TEST(text.sum("revproxy_member_in_flight", kApp) == 0);
  for (const ScriptedOrigin& origin : server.origins)
    BOOST_TEST(text.sum("revproxy_member_requests_total", appWith("member", origin.url())) ==
               static_cast<double>(origin.requests().size()));
}

PROXY_TEST_EVENT(both_forms_say_the_same_and_nothing_else_is_allowed) {
  Balanced server(mpm);
  server.httpd.expectLog("AH01630");  // denied
  Client client;
  BOOST_TEST(client.get(server.httpd.url("/app/200")).status == 200);
  // One of them may have yet to begin.
  BOOST_TEST(waitUntil([&] { return readJson(server.page("?json"))["children"].elements.size() == 2u; }));
  const Response json = client.get(server.httpd.url("/status"));
  BOOST_TEST(json.header("Content-Type").value_or("") == "application/json");
  BOOST_TEST(json.header("Cache-Control").value_or("") == "no-store");
  BOOST_TEST(json.header("X-Content-Type-Options").value_or("") == "nosniff");
  const JsonValue snapshot = readJson(json.body);
  BOOST_TEST(snapshot["balancers"].elements.size() == 1u);
  const JsonValue& app = snapshot["balancers"][0];
  BOOST_TEST(app["name"].text == "app");
  BOOST_TEST(app["method"].text == "byrequests");
  BOOST_TEST(app["members"].elements.size() == 3u);
  for (const JsonValue& member : app["members"].elements) BOOST_TEST(member["state"].text == "ok");
  BOOST_TEST(readJson(server.page("?json"))["balancers"][0].names() == app.names(), boost::test_tools::per_element());

  const Response text = client.get(server.httpd.url("/status?prometheus"));
  BOOST_TEST(text.header("Content-Type").value_or("") == "text/plain; version=0.0.4; charset=utf-8");
  const Response head = client.perform({.url = server.httpd.url("/status?json"), .method = "HEAD"});
  BOOST_TEST(head.status == 200);
  BOOST_TEST(head.body.empty());

  for (const char* method : {"POST", "PUT", "DELETE"}) {
    const Response refused = client.perform({.url = server.httpd.url("/status"), .method = method});
    BOOST_TEST(refused.status == 405, method);
    const std::set<std::string> allowed = membersOf(refused.header("Allow").value_or(""));
    BOOST_TEST((allowed == kAllowed), refused.header("Allow").value_or(""));
  }
  for (const char* query : {"?xml", "?json&prometheus", "?Json", "?json=1"}) {
    const Response wrong = client.get(server.httpd.url(std::string("/status") + query));
    BOOST_TEST(wrong.status == 400, query);
    for (const char* form : {"?json", "?prometheus"}) BOOST_TEST(wrong.body.find(form) != std::string::npos, query);
  }
  BOOST_TEST(client.get(server.httpd.url("/status/secret")).status == 403);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
