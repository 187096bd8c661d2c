// Many requests at once, of all sizes: every byte right, and the connections to the backend used again.
#include <atomic>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "tests/integration/support/client.h"
#include "tests/integration/support/content.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(load)

namespace {

constexpr int kAtOnce = 64;
constexpr std::uint64_t kLargest = 256 * 1024;
constexpr std::size_t kMostDials = 200;

// GET /seed/size answers with that content, POST with what it got.
ScriptedOrigin::Script answeringWithContent() {
  return ScriptedOrigin::answering([](const OriginRequest& request) {
    if (request.method() == "POST") return okResponse(request.body);
    const std::string target = request.target();
    const std::size_t slash = target.rfind('/');
    const std::uint64_t size = std::stoull(target.substr(slash + 1));
    return okResponse(makeContent(std::stoull(target.substr(target.rfind('/', slash - 1) + 1)), size));
  });
}

class Load {
 public:
  Load(std::string base, std::string proxy, int requests)
      : base_(std::move(base)), proxy_(std::move(proxy)), left_(requests) {}

  // The first few problems; none when all went well.
  std::vector<std::string> run() {
    std::vector<std::thread> threads;
    for (unsigned int seed = 0; seed < kAtOnce; ++seed) threads.emplace_back([this, seed] { work(seed); });
    for (std::thread& thread : threads) thread.join();
    return problems_;
  }

 private:
  void work(unsigned int seed) {
    std::mt19937 random(seed);
    std::uniform_int_distribution<std::uint64_t> sizes(0, kLargest);
    Client client;
    client.useProxy(proxy_);
    while (left_-- > 0) {
      const std::uint64_t size = sizes(random);
      const std::uint64_t content = random();
      const bool post = random() % 2 == 0;
      const std::string url = base_ + std::to_string(content) + "/" + std::to_string(size);
      const Response response = post ? client.post(url, makeContent(content, size)) : client.get(url);
      check(response, content, size);
    }
  }

  void check(const Response& response, std::uint64_t content, std::uint64_t size) {
    if (response.complete() && response.status == 200 && response.body == makeContent(content, size)) return;
    const std::lock_guard lock(mutex_);
    if (problems_.size() >= 10) return;
    problems_.push_back("status " + std::to_string(response.status) + ", " + std::to_string(response.bodySize) +
                        " bytes of " + std::to_string(size) + ", " + response.problem);
  }

  std::string base_;
  std::string proxy_;
  std::atomic<int> left_;
  std::mutex mutex_;
  std::vector<std::string> problems_;
};

// As many workers as there are clients, from the start: this is not about how httpd makes more of them.
constexpr HttpdLimits kLimits{.children = 2, .threadsPerChild = 50, .preforkStart = 80, .preforkChildren = 100};

void expectAllRight(Load load, const ScriptedOrigin& origin) {
  for (const std::string& problem : load.run()) BOOST_ERROR(problem);
  BOOST_TEST_MESSAGE(origin.connections() << " connections to the origin");
  BOOST_TEST(origin.connections() < kMostDials);
}

}  // namespace

PROXY_TEST(ten_thousand_through_the_reverse_proxy) {
  ScriptedOrigin origin(answeringWithContent());
  Httpd httpd(mpm, kLimits);
  httpd.configure("RevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  expectAllRight({httpd.url("/"), "", 10'000}, origin);
}

PROXY_TEST(three_thousand_through_the_forward_proxy) {
  ScriptedOrigin origin(answeringWithContent());
  Httpd httpd(mpm, kLimits);
  httpd.configure("FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\n");
  httpd.start();
  expectAllRight({origin.url("/"), httpd.proxyUrl(), 3'000}, origin);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
