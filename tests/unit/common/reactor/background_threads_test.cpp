// Work that nobody waits for: that it is done, how much there may be, and how it ends.
#include "common/reactor/background_threads.h"

#include <poll.h>

#include <boost/test/unit_test.hpp>
#include <memory>
#include <stdexcept>

#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(background_threads, *boost::unit_test::timeout(120))

namespace {

void forget(const char*) noexcept {}

// Counts, and is waited for.
class Count {
 public:
  void add() {
    {
      const std::lock_guard lock(mutex_);
      ++value_;
    }
    changed_.notify_all();
  }
  void awaitAtLeast(std::size_t value) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return value_ >= value; });
  }
  std::size_t value() {
    const std::lock_guard lock(mutex_);
    return value_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t value_ = 0;
};

// Work that holds its thread until it is opened.
struct Gate {
  std::function<void()> work() {
    return [this] {
      begun.add();
      opened.awaitAtLeast(1);
      ended.add();
    };
  }
  Count begun;
  Count opened;
  Count ended;
};

bool isReadable(int descriptor) {
  pollfd one{descriptor, POLLIN, 0};
  return ::poll(&one, 1, 0) == 1;
}

}  // namespace

BOOST_AUTO_TEST_CASE(all_work_is_done_and_an_exception_ends_its_own_alone) {
  Count done;
  BackgroundThreads threads(&forget);
  BOOST_TEST(threads.run([] { throw std::runtime_error("of this piece"); }));
  for (std::size_t piece = 1; piece <= 500; ++piece) {
    BOOST_TEST(threads.run([&] { done.add(); }));
    if (piece % 50 == 0) done.awaitAtLeast(piece);
  }
  BOOST_TEST(done.value() == 500u);
}

BOOST_AUTO_TEST_CASE(there_are_so_many_threads_and_so_many_places_and_then_it_is_refused) {
  Gate gate;
  BackgroundThreads threads(&forget);
  for (std::size_t piece = 0; piece < BackgroundThreads::kThreads; ++piece) BOOST_TEST(threads.run(gate.work()));
  gate.begun.awaitAtLeast(BackgroundThreads::kThreads);
  for (std::size_t piece = 0; piece < BackgroundThreads::kQueue; ++piece) {
    BOOST_TEST(threads.hasRoom());
    BOOST_TEST(threads.run(gate.work()));
  }
  BOOST_TEST(!threads.hasRoom());
  BOOST_TEST(!threads.run(gate.work()));
  BOOST_TEST(gate.begun.value() == BackgroundThreads::kThreads);
  gate.opened.add();
  gate.ended.awaitAtLeast(BackgroundThreads::kThreads + BackgroundThreads::kQueue);
  BOOST_TEST(threads.hasRoom());
}

BOOST_AUTO_TEST_CASE(what_work_holds_dies_with_it_in_its_thread) {
  Count done;
  BackgroundThreads threads(&forget);
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> seen = held;
  BOOST_REQUIRE(threads.run([held = std::move(held), &done] { done.add(); }));
  done.awaitAtLeast(1);
  threads.freeze();
  BOOST_TEST(seen.expired());
}

BOOST_AUTO_TEST_CASE(stopped_it_tells_what_runs_and_begins_nothing) {
  Gate gate;
  BackgroundThreads threads(&forget);
  for (std::size_t piece = 0; piece < BackgroundThreads::kThreads; ++piece) BOOST_TEST(threads.run(gate.work()));
  gate.begun.awaitAtLeast(BackgroundThreads::kThreads);
  bool hasBegun = false;
  BOOST_TEST(threads.run([&] { hasBegun = true; }));
  BOOST_TEST(!threads.isStopping());
  BOOST_TEST(!isReadable(threads.stopDescriptor()));
  threads.stop();
  BOOST_TEST(threads.isStopping());
  BOOST_TEST(isReadable(threads.stopDescriptor()));
  BOOST_TEST(!threads.run([] {}));
  gate.opened.add();
  threads.freeze();
  BOOST_TEST(gate.ended.value() == BackgroundThreads::kThreads);
  BOOST_TEST(!hasBegun);
}

BOOST_AUTO_TEST_CASE(freezing_waits_for_what_runs_until_it_has_seen_that) {
  Count begun;
  std::atomic<bool> hasSeen = false;
  BackgroundThreads threads(&forget);
  BOOST_REQUIRE(threads.run([&] {
    begun.add();
    pollfd stopped{threads.stopDescriptor(), POLLIN, 0};
    ::poll(&stopped, 1, -1);
    hasSeen = true;
  }));
  begun.awaitAtLeast(1);
  threads.freeze();
  BOOST_TEST(hasSeen);
}

BOOST_AUTO_TEST_CASE(freezing_does_not_wait_for_ever) {
  Gate gate;
  BackgroundThreads threads(&forget);
  BOOST_REQUIRE(threads.run(gate.work()));
  gate.begun.awaitAtLeast(1);
  threads.freeze();
  BOOST_TEST(gate.ended.value() == 0u);
  gate.opened.add();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
