// The threads that make calls which wait.
#include "common/cache/store_threads.h"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <future>
#include <latch>
#include <set>
#include <thread>

#include "tests/unit/support/forks.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(store_threads, *boost::unit_test::timeout(60))

namespace {

// As in a child: never destroyed.
StoreThreads& forever() {
  return *new StoreThreads;
}

}  // namespace

BOOST_AUTO_TEST_CASE(jobs_run_in_other_threads_and_at_once) {
  StoreThreads& threads = forever();
  std::mutex mutex;
  std::set<std::thread::id> seen;
  std::latch together(static_cast<std::ptrdiff_t>(StoreThreads::kThreads) + 1);
  for (std::size_t job = 0; job < StoreThreads::kThreads; ++job)
    BOOST_REQUIRE(threads.run(
        [&] {
          {
            const std::lock_guard lock(mutex);
            seen.insert(std::this_thread::get_id());
          }
          together.arrive_and_wait();
        },
        100));
  together.arrive_and_wait();
  const std::lock_guard lock(mutex);
  BOOST_TEST(seen.size() == StoreThreads::kThreads);
  BOOST_TEST(!seen.contains(std::this_thread::get_id()));
}

BOOST_AUTO_TEST_CASE(only_so_many_wait) {
  StoreThreads& threads = forever();
  std::promise<void> open;
  const std::shared_future<void> opened = open.get_future().share();
  std::latch begun(static_cast<std::ptrdiff_t>(StoreThreads::kThreads));
  std::latch ended(static_cast<std::ptrdiff_t>(StoreThreads::kThreads) + 3);
  for (std::size_t job = 0; job < StoreThreads::kThreads; ++job)
    BOOST_REQUIRE(threads.run(
        [&begun, &ended, opened] {
          begun.count_down();
          opened.wait();
          ended.count_down();
        },
        100));
  begun.wait();
  for (int job = 0; job < 3; ++job) BOOST_TEST(threads.run([&ended] { ended.count_down(); }, 3));
  BOOST_TEST(!threads.run([] {}, 3));
  open.set_value();
  ended.wait();
}

BOOST_AUTO_TEST_CASE(behind_a_freeze_nothing_begins) {
  StoreThreads& threads = forever();
  std::promise<void> done;
  BOOST_REQUIRE(threads.run([&done] { done.set_value(); }, 10));
  done.get_future().wait();
  threads.freeze(milliseconds{1000});
  BOOST_TEST(!threads.run([] {}, 10));
}

// A job that hangs is not waited for: the process is ending.
BOOST_AUTO_TEST_CASE(a_freeze_comes_to_an_end) {
  StoreThreads& threads = forever();
  std::promise<void> begun;
  BOOST_REQUIRE(threads.run(
      [&begun] {
        begun.set_value();
        std::promise<void>().get_future().wait_for(std::chrono::hours{1});
      },
      10));
  begun.get_future().wait();
  threads.freeze(milliseconds{20});
  BOOST_TEST(!threads.run([] {}, 10));
}

namespace {

// A process that ends with 7 while a job hangs, or has ended. What stands for OpenSSL's own end makes 1 of it.
[[noreturn]] void endWithJob(bool hangs) {
  std::atexit([] { ::_exit(1); });
  StoreThreads& threads = forever();
  threads.outliveExit();
  std::promise<void> begun;
  const bool runs = threads.run(
      [&begun, hangs] {
        begun.set_value();
        while (hangs) ::pause();
      },
      10);
  if (!runs) ::_exit(2);
  begun.get_future().wait();
  threads.freeze(milliseconds{hangs ? 10 : 10'000});
  std::exit(7);
}

}  // namespace

BOOST_AUTO_TEST_CASE(nothing_is_taken_from_under_a_job_as_the_process_ends) {
  BOOST_TEST(statusOf(forked([]() -> int { endWithJob(true); })) == 7);
  BOOST_TEST(statusOf(forked([]() -> int { endWithJob(false); })) == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
