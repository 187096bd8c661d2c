// Stores that are kept by other machines: two httpd that share one, what is removed at the one is gone at the other;
// and one that dies, hangs and comes back, which costs hits and no request.
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "tests/integration/support/client.h"
#include "tests/integration/support/memcached.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/redis.h"
#include "tests/integration/support/request_swarm.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/soak.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(cache_sharing)

namespace {

constexpr const char* kHost = "Host: shared.test";
constexpr const char* kStoreFails = "cache store \"shared\" ";
// What the providers have to say themselves.
constexpr const char* kProvidersOwn = "socache_(redis|memcache):";
constexpr HttpdLimits kFewWorkers{.children = 2, .threadsPerChild = 4, .preforkStart = 8};

// Tells how often it was asked for that target; the first letter of a target is its tag.
class NumberingOrigin {
 public:
  NumberingOrigin()
      : origin_(ScriptedOrigin::answering([this](const OriginRequest& request) { return answer(request); })) {}
  std::string url() const { return origin_.url("/"); }

 private:
  std::string answer(const OriginRequest& request) {
    const std::string target = request.target();
    const std::lock_guard lock(mutex_);
    return okResponse(target + " " + std::to_string(++asked_[target]),
                      "Cache-Control: max-age=600\r\nCache-Tag: all, " + target.substr(1, 1) + "\r\n");
  }

  std::mutex mutex_;
  std::map<std::string, int> asked_;
  ScriptedOrigin origin_;  // behind what its threads use
};

// Both are called the same, as machines behind one address are.
void configure(Httpd& httpd, const NumberingOrigin& origin, const std::string& module, const std::string& provider) {
  httpd.loadModule(module);
  httpd.configure("ServerName shared.test:80\nRevProxyCacheStore shared socache provider=" + provider +
                  "\nRevProxyPass / " + origin.url() +
                  "\nRevProxyCache on store=shared\nRevProxyCachePurge on\n"
                  "<Location />\nRequire all granted\n</Location>\n");
}

Response get(const Httpd& httpd, const std::string& target) {
  return Client().get(httpd.url(target), {kHost});
}

bool isHit(const Response& response) {
  return response.header("Cache-Status").value_or("").find("; hit") != std::string::npos;
}

// It is stored a moment after the client has it, or once the store is tried again. Gives the body that stays.
std::string stored(const Httpd& httpd, const std::string& target) {
  Response response;
  const bool hit = waitUntil(
      [&] {
        response = get(httpd, target);
        return isHit(response);
      },
      3 * kPatience);
  BOOST_TEST(hit, "no hit for " << target << ": " << response.header("Cache-Status").value_or("no Cache-Status"));
  return response.body;
}

void expectHit(const Httpd& httpd, const std::string& target, const std::string& body) {
  const Response response = get(httpd, target);
  BOOST_TEST(isHit(response), target << ": " << response.header("Cache-Status").value_or("no Cache-Status"));
  BOOST_TEST(response.body == body);
}

void expectGone(const Httpd& httpd, const std::string& target, const std::string& body) {
  const Response response = get(httpd, target);
  BOOST_TEST(response.status == 200);
  BOOST_TEST(!isHit(response), target);
  BOOST_TEST(response.body != body);
}

long purge(const Httpd& httpd, const std::string& target, const std::string& field = "X-None: 1") {
  return Client().perform({.url = httpd.url(target), .method = "PURGE", .headers = {kHost, field}}).status;
}

void expectSharing(Mpm mpm, const std::string& module, const std::string& provider) {
  NumberingOrigin origin;
  Httpd one(mpm, kFewWorkers);
  Httpd other(mpm, kFewWorkers);
  for (Httpd* httpd : {&one, &other}) {
    configure(*httpd, origin, module, provider);
    httpd->start();
  }
  const std::string news = stored(one, "/news");
  const std::string sports = stored(one, "/sports");
  const std::string weather = stored(other, "/weather");
  expectHit(other, "/news", news);
  expectHit(other, "/sports", sports);
  expectHit(one, "/weather", weather);

  BOOST_TEST(purge(one, "/", "Cache-Tag: n, unknown") == 200);
  expectGone(other, "/news", news);
  expectHit(other, "/sports", sports);
  BOOST_TEST(purge(other, "/sports") == 200);
  expectGone(one, "/sports", sports);
  BOOST_TEST(purge(other, "/wea*") == 200);
  expectGone(one, "/weather", weather);

  const std::string again = stored(other, "/news");
  expectHit(one, "/news", again);
  BOOST_TEST(purge(other, "/", "Surrogate-Key: all") == 200);
  expectGone(one, "/news", again);
}

// More requests at once than there are workers, each for something else; all are answered with what they asked for.
void expectAllAnswered(const Httpd& httpd, const std::string& folder) {
  const int clients = scaled(40, 400);
  RequestLoad load;
  load.port = httpd.port();
  load.total = 2 * clients;
  load.atOnce = clients;
  load.text = [folder](int client, int request) {
    return "GET /" + folder + std::to_string(client) + "-" + std::to_string(request % 2) +
           " HTTP/1.1\r\nHost: shared.test\r\nConnection: close\r\n\r\n";
  };
  load.judge = [](std::string_view request, std::string_view, std::string_view body) {
    const std::string_view target = request.substr(4, request.find(' ', 4) - 4);
    return body.starts_with(std::string(target) + " ");
  };
  RequestSwarm swarm(load);
  BOOST_TEST(swarm.waitFor(2 * kPatience));
  const LoadResult result = swarm.stop(std::chrono::milliseconds{0});
  BOOST_TEST_MESSAGE(folder << ": " << result.report());
  BOOST_TEST(result.all(200), folder << ": " << result.report());
  BOOST_TEST(result.answered(200) == load.total);
}

template <class Server>
void expectFailuresCostMisses(Mpm mpm, const std::string& provider, void (ServerProcess::*fail)(),
                              void (ServerProcess::*mend)()) {
  Server server;
  NumberingOrigin origin;
  Httpd httpd(mpm, kFewWorkers);
  httpd.expectLog(kAllTaken);
  httpd.expectLog(kProvidersOwn);
  configure(httpd, origin, "socache_" + provider, provider + ":" + server.authority());
  httpd.start();
  const std::string before = stored(httpd, "/before");
  expectAllAnswered(httpd, "well/");
  (server.*fail)();
  expectAllAnswered(httpd, "failing/");
  const std::string said = get(httpd, "/unstored").header("Cache-Status").value_or("");
  BOOST_TEST(said.find("fwd=uri-miss") != std::string::npos, said);
  BOOST_TEST(said.find("stored") == std::string::npos, said);
  httpd.requireLog(kStoreFails);
  // That it does not remove is in that line, and not in one for each request.
  for (int post = 0; post < 3; ++post)
    BOOST_TEST(Client().perform({.url = httpd.url("/before"), .method = "POST", .headers = {kHost}}).status == 200);
  // Not one for each child.
  BOOST_TEST(httpd.errorLog().linesMatching(kStoreFails).size() == 1u);
  const Response late = Client().perform({.url = httpd.url("/before"), .method = "PURGE", .headers = {kHost}});
  BOOST_TEST(late.status == 503);
  BOOST_TEST(late.header("Retry-After").value_or("") >= "1");
  httpd.requireLog("PURGE .* has not removed it yet");
  (server.*mend)();
  const auto mended = std::chrono::steady_clock::now();
  expectAllAnswered(httpd, "mended/");
  stored(httpd, "/after");
  // What had to be removed meanwhile is made up for.
  expectGone(httpd, "/before", before);
  BOOST_TEST_MESSAGE(provider << ": hits again after "
                              << std::chrono::duration<double>(std::chrono::steady_clock::now() - mended).count()
                              << " s");
}

}  // namespace

// Of what cannot be stored it is known that it is not there, until something comes.
PROXY_TEST_EVENT(what_cannot_be_stored_is_not_looked_for_each_time) {
  std::atomic<bool> isStorable{false};
  const ScriptedOrigin origin(ScriptedOrigin::answering([&](const OriginRequest& request) {
    return okResponse(
        request.header("Accept-Language").value_or("any"),
        isStorable ? "Cache-Control: max-age=600\r\nVary: Accept-Language\r\n" : "Cache-Control: no-store\r\n");
  }));
  Redis redis;
  Httpd httpd(mpm, kFewWorkers);
  httpd.loadModule("socache_redis");
  httpd.configure("RevProxyCacheStore shared socache provider=redis:127.0.0.1:" + std::to_string(redis.port()) +
                  "\nRevProxyPass / " + origin.url("/") + " cache=on\nRevProxyCache on store=shared\n");
  httpd.start();
  const auto ask = [&](const std::string& language) {
    return Client().get(httpd.url("/page"), {kHost, "Accept-Language: " + language});
  };
  BOOST_TEST(ask("en").status == 200);
  const std::size_t before = redis.reads();
  BOOST_TEST(before > 0u);
  for (int request = 0; request < 10; ++request) BOOST_TEST(ask("en").status == 200);
  BOOST_TEST(redis.reads() == before);
  // RFC 9111 5.2.1.7: this asks for what is there, and nothing else.
  BOOST_TEST(Client().get(httpd.url("/page"), {kHost, "Cache-Control: only-if-cached"}).status == 504);
  BOOST_TEST(redis.reads() > before);
  isStorable = true;
  for (const char* language : {"en", "de"}) {
    BOOST_TEST(waitUntil([&] { return isHit(ask(language)); }), language);
    BOOST_TEST(ask(language).body == language);
  }
}

PROXY_TEST(two_httpd_share_what_is_in_redis) {
  const Redis redis;
  expectSharing(mpm, "socache_redis", "redis:" + redis.authority());
  BOOST_TEST(redis.keys() > 0u);
}

PROXY_TEST_EVENT(two_httpd_share_what_is_in_memcached) {
  const Memcached memcached;
  expectSharing(mpm, "socache_memcache", "memcache:" + memcached.authority());
  BOOST_TEST(memcached.keys() > 0u);
}

// It is httpd's own memory: one machine's, for all of its children.
PROXY_TEST(children_share_what_is_in_shmcb) {
  NumberingOrigin origin;
  Httpd httpd(mpm, kFewWorkers);
  configure(httpd, origin, "socache_shmcb", "shmcb:" + (httpd.directory().path() / "shmcb").string() + "(2000000)");
  httpd.start();
  const std::string news = stored(httpd, "/news");
  const std::string sports = stored(httpd, "/sports");
  for (int request = 0; request < 20; ++request) expectHit(httpd, "/news", news);
  BOOST_TEST(purge(httpd, "/", "Cache-Tag: n") == 200);
  for (int request = 0; request < 5; ++request) expectHit(httpd, "/sports", sports);
  expectGone(httpd, "/news", news);
  BOOST_TEST(purge(httpd, "/sports") == 200);
  expectGone(httpd, "/sports", sports);
}

PROXY_TEST_EVENT(redis_that_is_killed_costs_no_request) {
  expectFailuresCostMisses<Redis>(mpm, "redis", &ServerProcess::kill, &ServerProcess::restart);
}

PROXY_TEST_EVENT(memcached_that_is_killed_costs_no_request) {
  expectFailuresCostMisses<Memcached>(mpm, "memcache", &ServerProcess::kill, &ServerProcess::restart);
}

PROXY_TEST(redis_that_hangs_costs_no_request) {
  expectFailuresCostMisses<Redis>(mpm, "redis", &ServerProcess::stopAnswering, &ServerProcess::answerAgain);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
