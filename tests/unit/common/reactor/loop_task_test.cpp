// Tasks on a reactor's loops, and the waiter that they wait with.
#include "common/reactor/loop_task.h"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <future>
#include <thread>

#include "common/reactor/loop_waiter.h"
#include "common/reactor/reactor.h"
#include "tests/unit/support/open_tunnel.h"
#include "tests/unit/support/printing.h"
#include "tests/unit/support/sockets.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(loop_task, *boost::unit_test::timeout(120))

namespace {

// What a task that runs on a loop of its own tells.
template <class T>
T toldOnLoop(const std::function<Task<void>(LoopServices, std::promise<T>&)>& make) {
  const auto reactor = startReactor(1);
  std::promise<T> told;
  auto future = told.get_future();
  const LoopTask task(reactor->loops().front(), [&](LoopServices loop) { return make(loop, told); });
  BOOST_REQUIRE((future.wait_for(kLongTime) == std::future_status::ready));
  return future.get();
}

Interest interestIn(int descriptor, short events, milliseconds limit) {
  Interest interest;
  interest.backend = descriptor;
  interest.backendEvents = events;
  interest.until = Clock::now() + limit;
  return interest;
}

// Says that it has gone.
struct Departure {
  std::atomic<int>& count;
  ~Departure() { ++count; }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_descriptor_that_is_ready_ends_a_wait_and_stays_open) {
  SocketPair pair = makeSocketPair();
  const bool ready = toldOnLoop<bool>([&](LoopServices loop, std::promise<bool>& told) -> Task<void> {
    LoopWaiter waiter(loop.context);
    const Interest writable = interestIn(pair.ours.get(), POLLOUT, kLongTime);
    const Woken first = co_await waiter.until(writable);
    sendAll(pair.theirs.get(), "x");
    const Interest readable = interestIn(pair.ours.get(), POLLIN, kLongTime);
    const Woken second = co_await waiter.until(readable);
    told.set_value(first.backend && second.backend);
  });
  BOOST_TEST(ready);
  BOOST_TEST(receive(pair.ours.get(), 1) == "x");
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_a_wait) {
  SocketPair pair = makeSocketPair();
  const bool ready = toldOnLoop<bool>([&](LoopServices loop, std::promise<bool>& told) -> Task<void> {
    LoopWaiter waiter(loop.context);
    const Interest readable = interestIn(pair.ours.get(), POLLIN, milliseconds{10});
    const Woken woken = co_await waiter.until(readable);
    told.set_value(woken.backend || Clock::now() < readable.until);
  });
  BOOST_TEST(!ready);
}

BOOST_AUTO_TEST_CASE(a_wake_of_any_thread_ends_a_wait_or_the_next_one) {
  std::promise<std::function<void()>> made;
  std::jthread waking([&] { made.get_future().get()(); });
  const int waits = toldOnLoop<int>([&](LoopServices loop, std::promise<int>& told) -> Task<void> {
    LoopWaiter waiter(loop.context);
    made.set_value(waiter.wake());
    co_await waiter.sleepUntil(Clock::time_point::max());
    waiter.wake()();
    LoopWaiter other(loop.context);
    co_await other.sleepUntil(Clock::now() + milliseconds{5});
    co_await waiter.sleepUntil(Clock::time_point::max());
    told.set_value(2);
  });
  BOOST_TEST(waits == 2);
}

BOOST_AUTO_TEST_CASE(a_connection_is_made_on_the_loop) {
  const Listener listener;
  const RefusingPort refusing;
  using Outcomes = std::pair<std::string, std::string>;
  const auto outcomes = toldOnLoop<Outcomes>([&](LoopServices loop, std::promise<Outcomes>& told) -> Task<void> {
    ConnectPlan plan;
    plan.destination = {"127.0.0.1", listener.port()};
    plan.guard = &AddressGuard::alwaysOpen();
    plan.limit = kLongTime;
    const auto good = co_await connectOn(loop, plan);
    plan.destination.port = refusing.port();
    const auto bad = co_await connectOn(loop, plan);
    told.set_value({std::string{outcomeOf(good)}, std::string{outcomeOf(bad)}});
  });
  BOOST_TEST(outcomes.first == "done");
  BOOST_TEST(outcomes.second == "refused");
}

BOOST_AUTO_TEST_CASE(a_task_that_is_dropped_is_destroyed_where_it_waits) {
  const auto reactor = startReactor(2);
  SocketPair pair = makeSocketPair();
  std::atomic<int> begun = 0;
  std::atomic<int> gone = 0;
  std::atomic<int> wentOn = 0;
  {
    std::vector<LoopTask> tasks;
    for (int count = 0; count < 50; ++count)
      tasks.emplace_back(reactor->loops()[count % 2], [&](LoopServices loop) -> Task<void> {
        const Departure departure{gone};
        LoopWaiter waiter(loop.context);
        ++begun;
        co_await waiter.sleepUntil(Clock::time_point::max());
        ++wentOn;
      });
    for (int wait = 0; wait < 10'000 && begun < 25; ++wait) std::this_thread::sleep_for(milliseconds{1});
  }
  // Those that have not begun never do.
  for (int wait = 0; wait < 10'000 && gone < begun; ++wait) std::this_thread::sleep_for(milliseconds{1});
  BOOST_TEST(begun >= 25);
  BOOST_TEST(gone == begun);
  BOOST_TEST(wentOn == 0);
}

BOOST_AUTO_TEST_CASE(a_task_may_be_dropped_when_its_loop_has_stopped) {
  const auto reactor = startReactor(1);
  std::atomic<int> begun = 0;
  std::atomic<int> gone = 0;
  auto task = std::make_unique<LoopTask>(reactor->loops().front(), [&](LoopServices loop) -> Task<void> {
    const Departure departure{gone};
    LoopWaiter waiter(loop.context);
    ++begun;
    co_await waiter.sleepUntil(Clock::time_point::max());
  });
  for (int wait = 0; wait < 10'000 && begun == 0; ++wait) std::this_thread::sleep_for(milliseconds{1});
  reactor->stop();
  task.reset();
  BOOST_TEST(gone == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
