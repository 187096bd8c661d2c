// Requests of many threads through few connections, on a reactor and to a server of their own: what ThreadSanitizer is
// to see, and that nobody waits for ever.
#include "common/http/h2_pool.h"

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <thread>

#include "common/http/h2_exchange.h"
#include "common/net/wait.h"
#include "common/reactor/reactor.h"
#include "tests/unit/support/exchange_ends.h"
#include "tests/unit/support/h2_server.h"
#include "tests/unit/support/printing.h"
#include "tests/unit/support/sockets.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(h2_pool, *boost::unit_test::timeout(120))

namespace {

constexpr milliseconds kLong{20'000};

void ignore(const char*) noexcept {}

// Answers each request with its own body; the path /reset is reset. A thread for each connection.
class EchoingServer {
 public:
  explicit EchoingServer(std::uint32_t streams) : streams_(streams) {
    acceptor_ = std::thread([this] { accept(); });
  }
  ~EchoingServer() {
    over_ = true;
    acceptor_.join();
    for (std::thread& one : connections_) one.join();
  }

  std::uint16_t port() const { return listener_.port(); }
  std::size_t accepted() const { return accepted_; }

 private:
  static bool isReadable(int descriptor) {
    pollfd readable{descriptor, POLLIN, 0};
    return ::poll(&readable, 1, 10) > 0;
  }

  void accept() {
    while (!over_) {
      if (!listener_.hasCaller()) {
        std::this_thread::sleep_for(milliseconds{1});
        continue;
      }
      ++accepted_;
      connections_.emplace_back([this, socket = listener_.accept().release()] { serve(FileDescriptor{socket}); });
    }
  }

  void serve(const FileDescriptor& socket) {
    H2Server server(streams_);
    server.takeBodies();
    std::array<char, 16 * 1024> buffer{};
    while (!over_) {
      for (auto entry = server.requests.begin(); entry != server.requests.end();) {
        auto& [id, request] = *entry;
        if (request.ended && request.fields[":path"] == "/reset")
          server.reset(id, 2);
        else if (request.ended)
          server.respond(id, {{{":status", "200"}}, request.body, {{"x", "y"}}});
        entry = request.ended ? server.requests.erase(entry) : std::next(entry);
      }
      const std::string out = server.output();
      if (!out.empty() && !sendAll(socket.get(), out)) return;
      if (!isReadable(socket.get())) continue;
      const ssize_t count = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
      if (count <= 0) return;
      server.feed({buffer.data(), static_cast<std::size_t>(count)});
    }
  }

  const std::uint32_t streams_;
  Listener listener_;
  std::atomic<bool> over_ = false;
  std::atomic<std::size_t> accepted_ = 0;
  std::thread acceptor_;
  std::vector<std::thread> connections_;
};

// Blocks until its Wake is signalled.
class WakeWaiter final : public Waiter {
 public:
  milliseconds patience() const override { return kLong; }
  std::shared_ptr<const Wake> wake() const { return wake_; }

 private:
  bool waitHere(const Interest& interest) override {
    pollfd woken{wake_->descriptor(), POLLIN, 0};
    if (waitFor({&woken, 1}, Deadline::at(interest.until))) wake_->clear();
    return true;
  }
  void park(const Interest&, std::coroutine_handle<>) override {}
  Woken woken() override { return {}; }

  std::shared_ptr<const Wake> wake_ = std::make_shared<Wake>();
};

H2Request requestTo(const std::string& path, std::size_t length) {
  return {{{":method", "POST"}, {":scheme", "http"}, {":path", path}, {":authority", "a"}},
          {BodyFraming::Kind::kLength, length}};
}

struct Requests {
  explicit Requests(std::uint32_t streams, std::size_t maximum = 0) : server(streams) {
    peer.connect.destination = {"127.0.0.1", server.port()};
    peer.connect.guard = &guard;
    peer.connect.limit = kLong;
    peer.maximum = maximum;
  }

  // What became of it: the body that came back, or the error.
  std::string ask(const std::string& path, const std::string& sent) {
    WakeWaiter waiter;
    ListedBody body({sent});
    RecordingSink sink;
    auto stream =
        pool.open(PeerKey{"a"}, peer, requestTo(path, sent.size()), [wake = waiter.wake()] { wake->signal(); });
    const auto end = finished(runH2Exchange(
        std::move(stream), {{BodyFraming::Kind::kLength, sent.size()}, {kLong, kLong, kLong, kLong}, kLong}, body, sink,
        waiter));
    return end ? sink.received : std::string{outcomeOf(end)};
  }

  const AddressGuard guard = AddressGuard::open();
  EchoingServer server;
  std::unique_ptr<Reactor> reactor = std::move(*Reactor::start(2, &ignore));
  H2Pool pool{reactor->loops()};
  H2PeerPlan peer;
};

}  // namespace

BOOST_AUTO_TEST_CASE(many_threads_share_one_connection) {
  constexpr int kThreads = 8;
  constexpr int kEach = 30;
  Requests requests(100);
  std::atomic<int> well = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread)
      threads.emplace_back([&, thread] {
        for (int count = 0; count < kEach; ++count) {
          const std::string body(static_cast<std::size_t>(thread * 10'000 + count + 1),
                                 static_cast<char>('a' + thread));
          well += requests.ask("/x", body) == body ? 1 : 0;
        }
      });
  }
  BOOST_TEST(well == kThreads * kEach);
  BOOST_TEST(requests.server.accepted() == 1U);
}

BOOST_AUTO_TEST_CASE(a_reset_leaves_the_others_alone) {
  Requests requests(100);
  BOOST_TEST(requests.ask("/x", "a") == "a");
  BOOST_TEST(requests.ask("/reset", "a") == "stream-reset");
  BOOST_TEST(requests.ask("/x", "b") == "b");
  BOOST_TEST(requests.server.accepted() == 1U);
}

BOOST_AUTO_TEST_CASE(no_more_connections_than_the_maximum) {
  Requests requests(1, 2);
  std::atomic<int> well = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 8; ++thread)
      threads.emplace_back([&] {
        for (int count = 0; count < 10; ++count) well += requests.ask("/x", "a") == "a" ? 1 : 0;
      });
  }
  BOOST_TEST(well == 80);
  BOOST_TEST(requests.server.accepted() <= 2U);
}

BOOST_AUTO_TEST_CASE(a_backend_that_is_not_there_is_an_error_of_the_dial) {
  Requests requests(1);
  const RefusingPort unused;
  requests.peer.connect.destination.port = unused.port();
  BOOST_TEST(requests.ask("/x", "a") == "refused");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
