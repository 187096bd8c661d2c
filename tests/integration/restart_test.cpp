// Restarts, graceful and full: requests keep flowing through both modules while one generation follows another, the
// new configuration counts at once, and the parent does not grow.
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/support/client.h"
#include "tests/integration/support/content.h"
#include "tests/integration/support/process_memory.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(restarts)

namespace {

constexpr int kGracefuls = 100;
constexpr int kSettled = 10;  // by then the parent has all it will need
// httpd's parent makes a generation's first child only when it wakes from a sleep of a second, so waiting for every one
// would take long; and one that is followed before it served has its own chances to go wrong.
constexpr int kServedEvery = 2;
constexpr int kRequestsEach = 20;
constexpr std::size_t kMostGrowth = 2 * 1024 * 1024;
constexpr std::uint64_t kBodySize = 40'000;

std::string configuration(const ScriptedOrigin& origin, int generation) {
  return "RevProxyPass /app " + origin.url() + "\nFwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\n" +
         "Header always set X-Generation " + std::to_string(generation) + "\n";
}

// Clients that ask without a pause until they are told to stop, through both modules, with kept connections and
// without. libcurl repeats a request by itself when a connection it wanted to use again turns out to be closed.
class Traffic {
 public:
  Traffic(const Httpd& httpd, const ScriptedOrigin& origin) {
    for (const bool forward : {false, true}) {
      for (const bool kept : {false, true}) {
        const std::string url = forward ? origin.url("/x") : httpd.url("/app/x");
        const std::string proxy = forward ? httpd.proxyUrl() : "";
        threads_.emplace_back([this, url, proxy, kept] { work(url, proxy, kept); });
      }
    }
  }
  ~Traffic() { stop(); }

  void stop() {
    ending_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  int newestGeneration() const { return newest_; }
  int requests() const { return requests_; }
  std::vector<std::string> problems() const {
    const std::lock_guard lock(mutex_);
    return problems_;
  }

 private:
  void work(const std::string& url, const std::string& proxy, bool kept) {
    Client client;
    client.useProxy(proxy);
    const std::vector<std::string> headers =
        kept ? std::vector<std::string>{} : std::vector<std::string>{"Connection: close"};
    while (!ending_) {
      const Response response = client.get(url, headers);
      ++requests_;
      const bool right = response.complete() && response.status == 200 && response.body == body_;
      if (!right) note("status " + std::to_string(response.status) + " " + response.problem + (kept ? ", kept" : ""));
      raise(std::stoi(response.header("X-Generation").value_or("0")));
    }
  }

  void note(const std::string& problem) {
    const std::lock_guard lock(mutex_);
    problems_.push_back(problem);
  }

  void raise(int generation) {
    int newest = newest_;
    while (generation > newest && !newest_.compare_exchange_weak(newest, generation)) {
    }
  }

  const std::string body_ = makeContent(1, kBodySize);
  std::atomic<bool> ending_ = false;
  std::atomic<int> newest_ = 0;
  std::atomic<int> requests_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> problems_;
  std::vector<std::thread> threads_;
};

ScriptedOrigin::Script answeringWithContent() {
  return ScriptedOrigin::answering(okResponse(makeContent(1, kBodySize)));
}

// True once that generation has answered a good many requests, and most children of earlier ones are gone.
bool served(const Httpd& httpd, const Traffic& traffic, int generation, std::size_t mostChildren) {
  if (!waitUntil([&] { return traffic.newestGeneration() >= generation; })) return false;
  const int before = traffic.requests();
  return waitUntil(
      [&] { return traffic.requests() >= before + kRequestsEach && httpd.children().size() <= mostChildren; });
}

bool resumed(const Httpd& httpd, int generation) {
  return waitUntil([&] {
    return httpd.errorLog().linesMatching("resuming normal operations").size() > static_cast<std::size_t>(generation);
  });
}

}  // namespace

PROXY_TEST(hundred_gracefuls_lose_no_request) {
  ScriptedOrigin origin(answeringWithContent());
  Httpd httpd(mpm, {.children = 1, .threadsPerChild = 10, .preforkStart = 4, .preforkChildren = 24});
  httpd.loadModule("headers");
  httpd.configure(configuration(origin, 0));
  httpd.start();
  Traffic traffic(httpd, origin);
  std::size_t settled = 0;
  for (int generation = 1; generation <= kGracefuls; ++generation) {
    httpd.configure(configuration(origin, generation));
    httpd.graceful();
    BOOST_REQUIRE_MESSAGE(resumed(httpd, generation), "httpd does not come to generation " << generation);
    if (generation % kServedEvery != 0) continue;
    BOOST_REQUIRE_MESSAGE(served(httpd, traffic, generation, 12), "generation " << generation << " does not serve");
    if (generation == kSettled) settled = privateDirtyMemory(httpd.parent());
  }
  const std::size_t after = privateDirtyMemory(httpd.parent());
  traffic.stop();
  for (const std::string& problem : traffic.problems()) BOOST_ERROR(problem);
  BOOST_TEST_MESSAGE(traffic.requests() << " requests; parent " << settled / 1024 << " kB after " << kSettled << ", "
                                        << after / 1024 << " kB after " << kGracefuls << " gracefuls");
  if (!sanitized()) BOOST_TEST(after <= settled + kMostGrowth);
}

PROXY_TEST(ten_full_restarts_serve_each_time) {
  ScriptedOrigin origin(answeringWithContent());
  Httpd httpd(mpm);
  httpd.loadModule("headers");
  for (int generation = 1; generation <= 10; ++generation) {
    httpd.configure(configuration(origin, generation));
    httpd.start();
    Client reverse, forward;
    forward.useProxy(httpd.proxyUrl());
    BOOST_TEST(reverse.get(httpd.url("/app/x")).bodySize == kBodySize);
    const Response response = forward.get(origin.url("/x"));
    BOOST_TEST(response.bodySize == kBodySize);
    BOOST_TEST(response.header("X-Generation").value_or("") == std::to_string(generation));
    httpd.stop();
  }
}

// A request that a child has begun is finished by it, in whatever generation.
PROXY_TEST(graceful_lets_a_slow_request_finish) {
  std::atomic<bool> restarted = false;
  ScriptedOrigin origin([&](OriginConnection& connection) {
    connection.readRequest();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
    waitUntil([&] { return restarted.load(); });
    connection.write("-then");
  });
  Httpd httpd(mpm);
  httpd.loadModule("headers");
  httpd.configure(configuration(origin, 1));
  httpd.start();
  std::string seen;
  Client client;
  const Response response =
      client.perform({.url = httpd.url("/app/x"), .received = [&](std::string_view piece) {
                        if (seen.empty()) httpd.graceful();
                        seen += piece;
                        restarted = waitUntil(
                            [&] { return httpd.errorLog().linesMatching("resuming normal operations").size() == 2; });
                      }});
  BOOST_TEST(response.complete());
  BOOST_TEST(seen == "first-then");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
