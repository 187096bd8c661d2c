// The watcher: what wakes a watch, what does not, and what it then tells.
#include "common/reactor/watcher.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <thread>
#include <vector>

#include "tests/unit/support/printing.h"
#include "tests/unit/support/sockets.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(watcher, *boost::unit_test::timeout(60))

namespace {

bool isReadable(int descriptor, int timeout) {
  pollfd wanted{descriptor, POLLIN, 0};
  return ::poll(&wanted, 1, timeout) == 1;
}

// A watcher whose dispatch() the test calls.
struct Watching {
  std::unique_ptr<Watcher> watcher = std::move(*Watcher::make());

  // Dispatches what comes until the wake is signalled; false after a while without.
  bool wakes(const Wake& wake, int most = 20'000) {
    for (int left = most; left > 0 && !isReadable(wake.descriptor(), 0); left -= 10)
      if (isReadable(watcher->descriptor(), std::min(left, 10))) watcher->dispatch();
    return isReadable(wake.descriptor(), 0);
  }
  bool staysAsleep(const Wake& wake) { return !wakes(wake, 30); }
};

Clock::time_point never() {
  return Clock::now() + std::chrono::hours{1};
}
Watcher::Watch backendWatch(int descriptor, short events = POLLIN) {
  return {.backend = descriptor, .backendEvents = events, .until = never()};
}
Watcher::Watch clientWatch(int descriptor, short events) {
  return {.client = descriptor, .clientEvents = events, .until = never()};
}
std::string shown(Woken woken) {
  return std::string{woken.backend ? "backend " : ""} + (woken.client ? "client " : "") +
         (woken.clientGone ? "gone " : "");
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_backend_that_is_ready_wakes_its_watch) {
  Watching watching;
  const SocketPair pair = makeSocketPair();
  const auto wake = std::make_shared<Wake>();
  const auto id = watching.watcher->add(backendWatch(pair.ours.get()), wake);
  BOOST_TEST(watching.staysAsleep(*wake));
  sendAll(pair.theirs.get(), "x");
  BOOST_TEST(watching.wakes(*wake));
  BOOST_TEST(shown(watching.watcher->remove(id)) == "backend ");
}

BOOST_AUTO_TEST_CASE(what_was_ready_before_wakes_too) {
  Watching watching;
  const SocketPair pair = makeSocketPair();
  const auto wake = std::make_shared<Wake>();
  sendAll(pair.theirs.get(), "x");
  const auto id = watching.watcher->add(backendWatch(pair.ours.get()), wake);
  BOOST_TEST(watching.wakes(*wake));
  watching.watcher->remove(id);
  wake->clear();
  const auto writable = watching.watcher->add(backendWatch(pair.ours.get(), POLLOUT), wake);
  BOOST_TEST(watching.wakes(*wake));
  BOOST_TEST(shown(watching.watcher->remove(writable)) == "backend ");
}

BOOST_AUTO_TEST_CASE(what_nobody_asked_for_does_not_wake) {
  Watching watching;
  const SocketPair backend = makeSocketPair();
  const SocketPair client = makeTcpPair();
  const auto wake = std::make_shared<Wake>();
  sendAll(client.theirs.get(), "x");
  // Writable is the backend, readable the client: neither is of interest.
  const auto id = watching.watcher->add({.backend = backend.ours.get(),
                                         .backendEvents = POLLIN,
                                         .client = client.ours.get(),
                                         .clientEvents = POLLRDHUP,
                                         .until = never()},
                                        wake);
  BOOST_TEST(watching.staysAsleep(*wake));
  BOOST_TEST(shown(watching.watcher->remove(id)) == "");
}

BOOST_AUTO_TEST_CASE(a_client_that_sends_is_told_from_one_that_has_gone) {
  struct Row {
    const char* what;
    void (*act)(FileDescriptor&);
    std::string_view told;
  };
  const Row rows[] = {
      {"sends", [](FileDescriptor& end) { sendAll(end.get(), "x"); }, "client "},
      {"closes its side", [](FileDescriptor& end) { ::shutdown(end.get(), SHUT_WR); }, "gone "},
      {"closes", [](FileDescriptor& end) { end = FileDescriptor(); }, "gone "},
      {"resets", [](FileDescriptor& end) { reset(end); }, "gone "},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.what) {
      Watching watching;
      SocketPair pair = makeTcpPair();
      const auto wake = std::make_shared<Wake>();
      const auto id = watching.watcher->add(clientWatch(pair.ours.get(), POLLIN | POLLRDHUP), wake);
      BOOST_TEST(watching.staysAsleep(*wake));
      FileDescriptor end = std::move(pair.theirs);
      row.act(end);
      if (!end) const FileDescriptor closed = std::move(end);
      BOOST_TEST(watching.wakes(*wake));
      BOOST_TEST(shown(watching.watcher->remove(id)) == row.told);
    }
}

// With half-close allowed nothing but the whole end counts.
BOOST_AUTO_TEST_CASE(a_client_that_may_close_its_side_wakes_only_when_it_is_reset) {
  Watching watching;
  SocketPair pair = makeTcpPair();
  const auto wake = std::make_shared<Wake>();
  const auto id = watching.watcher->add(clientWatch(pair.ours.get(), 0), wake);
  ::shutdown(pair.theirs.get(), SHUT_WR);
  BOOST_TEST(watching.staysAsleep(*wake));
  reset(pair.theirs);
  BOOST_TEST(watching.wakes(*wake));
  BOOST_TEST(shown(watching.watcher->remove(id)) == "gone ");
}

BOOST_AUTO_TEST_CASE(a_deadline_wakes_with_nothing_to_tell) {
  Watching watching;
  const auto wake = std::make_shared<Wake>();
  const SocketPair pair = makeSocketPair();
  Watcher::Watch watch = backendWatch(pair.ours.get());
  watch.until = Clock::now() + milliseconds{20};
  const auto id = watching.watcher->add(watch, wake);
  BOOST_TEST(watching.wakes(*wake));
  BOOST_TEST((Clock::now() >= watch.until));
  BOOST_TEST(shown(watching.watcher->remove(id)) == "");
}

BOOST_AUTO_TEST_CASE(a_deadline_in_the_past_wakes_at_once) {
  Watching watching;
  for (const auto until : {Clock::now(), Clock::now() - std::chrono::hours{1}, Clock::time_point{}}) {
    const auto wake = std::make_shared<Wake>();
    const auto id = watching.watcher->add({.until = until}, wake);
    BOOST_TEST(watching.wakes(*wake));
    watching.watcher->remove(id);
  }
}

BOOST_AUTO_TEST_CASE(deadlines_come_in_their_order_whatever_the_order_of_the_watches) {
  Watching watching;
  std::vector<std::shared_ptr<Wake>> wakes;
  const auto start = Clock::now();
  for (const int after : {60, 20, 3'600'000, 40}) {
    wakes.push_back(std::make_shared<Wake>());
    watching.watcher->add({.until = start + milliseconds{after}}, wakes.back());
  }
  for (const std::size_t next : {1, 3, 0}) BOOST_TEST(watching.wakes(*wakes[next]));
  BOOST_TEST(watching.staysAsleep(*wakes[2]));
}

BOOST_AUTO_TEST_CASE(a_watch_that_was_removed_wakes_nobody) {
  Watching watching;
  const SocketPair pair = makeSocketPair();
  const auto wake = std::make_shared<Wake>();
  Watcher::Watch watch = backendWatch(pair.ours.get());
  watch.until = Clock::now() + milliseconds{10};
  const auto id = watching.watcher->add(watch, wake);
  watching.watcher->remove(id);
  sendAll(pair.theirs.get(), "x");
  BOOST_TEST(watching.staysAsleep(*wake));
  BOOST_TEST(shown(watching.watcher->remove(id)) == "");
  BOOST_TEST(wake.use_count() == 1);
}

// An event that is under way when its watch goes must not be the next one's, even with the same descriptor.
BOOST_AUTO_TEST_CASE(an_id_is_never_given_twice) {
  Watching watching;
  const SocketPair pair = makeSocketPair();
  const auto wake = std::make_shared<Wake>();
  Watcher::Id last = 0;
  for (int count = 0; count < 1000; ++count) {
    const auto id = watching.watcher->add(backendWatch(pair.ours.get()), wake);
    BOOST_REQUIRE(id > last);
    last = id;
    watching.watcher->remove(id);
  }
  const auto id = watching.watcher->add(backendWatch(pair.ours.get()), wake);
  BOOST_TEST(shown(watching.watcher->remove(last)) == "");
  sendAll(pair.theirs.get(), "x");
  BOOST_TEST(watching.wakes(*wake));
  watching.watcher->remove(id);
}

BOOST_AUTO_TEST_CASE(everyone_is_woken_for_reasons_of_others) {
  Watching watching;
  const SocketPair pair = makeSocketPair();
  const std::vector<std::shared_ptr<Wake>> wakes{std::make_shared<Wake>(), std::make_shared<Wake>()};
  const auto first = watching.watcher->add(backendWatch(pair.ours.get()), wakes[0]);
  watching.watcher->add({.until = never()}, wakes[1]);
  watching.watcher->wakeAll();
  for (const auto& wake : wakes) BOOST_TEST(isReadable(wake->descriptor(), 0));
  BOOST_TEST(shown(watching.watcher->remove(first)) == "");
}

BOOST_AUTO_TEST_CASE(each_of_many_watches_hears_its_own_alone) {
  Watching watching;
  std::vector<SocketPair> pairs;
  std::vector<std::shared_ptr<Wake>> wakes;
  std::vector<Watcher::Id> ids;
  for (int count = 0; count < 200; ++count) {
    pairs.push_back(makeSocketPair());
    wakes.push_back(std::make_shared<Wake>());
    ids.push_back(watching.watcher->add(backendWatch(pairs.back().ours.get()), wakes.back()));
  }
  for (std::size_t number = 0; number < pairs.size(); number += 2) sendAll(pairs[number].theirs.get(), "x");
  for (std::size_t number = 0; number < pairs.size(); number += 2) BOOST_TEST(watching.wakes(*wakes[number]));
  for (std::size_t number = 1; number < pairs.size(); number += 2)
    BOOST_TEST(!isReadable(wakes[number]->descriptor(), 0));
  for (std::size_t number = 0; number < pairs.size(); ++number)
    BOOST_TEST(shown(watching.watcher->remove(ids[number])) == (number % 2 == 0 ? "backend " : ""));
}

// Whoever uses it finds out why; a wait without end would tell nobody.
BOOST_AUTO_TEST_CASE(a_descriptor_that_cannot_be_watched_counts_as_ready) {
  Watching watching;
  const FileDescriptor file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  const auto wake = std::make_shared<Wake>();
  const auto id = watching.watcher->add(backendWatch(file.get()), wake);
  BOOST_TEST(isReadable(wake->descriptor(), 0));
  BOOST_TEST(shown(watching.watcher->remove(id)) == "backend ");
}

BOOST_AUTO_TEST_CASE(a_descriptor_keeps_its_mode) {
  Watching watching;
  const SocketPair pair = makeSocketPair();
  const auto wake = std::make_shared<Wake>();
  const int before = ::fcntl(pair.theirs.get(), F_GETFL);
  const auto id = watching.watcher->add(backendWatch(pair.theirs.get()), wake);
  BOOST_TEST(::fcntl(pair.theirs.get(), F_GETFL) == before);
  watching.watcher->remove(id);
}

BOOST_AUTO_TEST_CASE(a_wake_is_readable_until_it_is_cleared) {
  const Wake wake;
  BOOST_REQUIRE(static_cast<bool>(wake));
  BOOST_TEST(!isReadable(wake.descriptor(), 0));
  wake.clear();
  wake.signal();
  wake.signal();
  BOOST_TEST(isReadable(wake.descriptor(), 0));
  wake.clear();
  BOOST_TEST(!isReadable(wake.descriptor(), 0));
}

// Under ThreadSanitizer this says more than its assertions.
BOOST_AUTO_TEST_CASE(threads_add_and_remove_while_another_dispatches) {
  Watching watching;
  std::atomic<int> missed{0};
  const auto park = [&](int thread) {
    const SocketPair pair = makeSocketPair();
    const auto wake = std::make_shared<Wake>();
    for (int round = 0; round < 300; ++round) {
      Watcher::Watch watch = backendWatch(pair.ours.get());
      const bool byDeadline = (round + thread) % 3 == 0;
      if (byDeadline) watch.until = Clock::now() + milliseconds{1};
      const auto id = watching.watcher->add(watch, wake);
      if ((round + thread) % 3 == 1) sendAll(pair.theirs.get(), "x");
      if ((round + thread) % 3 != 2 && !isReadable(wake->descriptor(), 20'000)) ++missed;
      const Woken woken = watching.watcher->remove(id);
      wake->clear();
      if (woken.backend) receive(pair.ours.get(), 1);
    }
  };
  std::jthread dispatching([&](const std::stop_token& over) {
    while (!over.stop_requested())
      if (isReadable(watching.watcher->descriptor(), 10)) watching.watcher->dispatch();
  });
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 3; ++thread) threads.emplace_back(park, thread);
  }
  BOOST_TEST(missed == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
