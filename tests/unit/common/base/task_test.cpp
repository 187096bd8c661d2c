// Tasks and what tells them something later: values, exceptions, nesting, and the end of one that never ends.
#include "common/base/task.h"

#include <boost/test/unit_test.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(task)

namespace {

// Suspends whoever awaits it, until the test resumes `suspended`.
struct Pause {
  std::coroutine_handle<>& suspended;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> continuation) noexcept { suspended = continuation; }
  void await_resume() const noexcept {}
};

Task<int> giving(int value) {
  co_return value;
}
Task<int> sumOf(int first, int second) {
  const int left = co_await giving(first);
  const int right = co_await giving(second);
  co_return left + right;
}
Task<std::unique_ptr<std::string>> givingWhatOnlyMoves() {
  co_return std::make_unique<std::string>("moved");
}
Task<int> throwing() {
  throw std::runtime_error("thrown");
  co_return 0;
}
Task<void> throwingNothing() {
  throw std::runtime_error("thrown");
  co_return;
}
Task<int> pausing(std::coroutine_handle<>& suspended, std::shared_ptr<int> held) {
  co_await Pause{suspended};
  co_return *held;
}
Task<int> nestedPausing(std::coroutine_handle<>& suspended, std::shared_ptr<int> held) {
  const std::shared_ptr<int> own = held;
  const int value = co_await pausing(suspended, held);
  co_return value + *own;
}
Task<std::string> catching() {
  std::string caught;
  try {
    (void)co_await throwing();
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  co_return caught;
}
Task<void> appending(std::vector<int>& to, int value) {
  to.push_back(value);
  co_return;
}
Task<void> appendingMany(std::vector<int>& to, int count) {
  for (int value = 0; value < count; ++value) co_await appending(to, value);
}

Detached told(Pending<int>& pending, std::vector<int>& into) {
  into.push_back(co_await pending.told());
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_task_gives_the_value_that_it_returns) {
  Task<int> one = giving(42);
  one.start();
  BOOST_TEST(one.isDone());
  BOOST_TEST(one.result() == 42);
  Task<std::unique_ptr<std::string>> movable = givingWhatOnlyMoves();
  movable.start();
  BOOST_TEST(*movable.result() == "moved");
}

BOOST_AUTO_TEST_CASE(a_task_begins_when_it_is_started) {
  std::vector<int> seen;
  Task<void> task = appending(seen, 1);
  BOOST_TEST(seen.empty());
  task.start();
  BOOST_TEST(seen.size() == 1u);
  { const Task<void> never = appending(seen, 2); }
  BOOST_TEST(seen.size() == 1u);
}

BOOST_AUTO_TEST_CASE(tasks_await_each_other) {
  Task<int> sum = sumOf(40, 2);
  sum.start();
  BOOST_TEST(sum.result() == 42);
}

// Each one that ends goes on with whoever awaits it; were that a call, the stack would not hold a million.
BOOST_AUTO_TEST_CASE(a_long_row_of_tasks_needs_no_stack) {
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  constexpr int kMany = 1'000'000;
#else
  constexpr int kMany = 1000;
#endif
  std::vector<int> seen;
  Task<void> task = appendingMany(seen, kMany);
  task.start();
  BOOST_TEST(task.isDone());
  BOOST_TEST(seen.size() == static_cast<std::size_t>(kMany));
}

BOOST_AUTO_TEST_CASE(what_escapes_a_task_is_thrown_where_its_result_is_taken) {
  Task<int> task = throwing();
  task.start();
  BOOST_TEST(task.isDone());
  BOOST_CHECK_THROW((void)task.result(), std::runtime_error);
  Task<void> nothing = throwingNothing();
  nothing.start();
  BOOST_CHECK_THROW(nothing.result(), std::runtime_error);
  Task<std::string> catcher = catching();
  catcher.start();
  BOOST_TEST(catcher.result() == "thrown");
}

BOOST_AUTO_TEST_CASE(a_task_that_waits_goes_on_where_it_is_resumed) {
  std::coroutine_handle<> suspended;
  Task<int> task = nestedPausing(suspended, std::make_shared<int>(21));
  task.start();
  BOOST_TEST(!task.isDone());
  std::jthread([&suspended] { suspended.resume(); });
  BOOST_TEST(task.isDone());
  BOOST_TEST(task.result() == 42);
}

BOOST_AUTO_TEST_CASE(destroying_a_task_that_waits_destroys_what_its_frames_hold) {
  const auto held = std::make_shared<int>(1);
  std::coroutine_handle<> suspended;
  {
    Task<int> task = nestedPausing(suspended, held);
    task.start();
    BOOST_TEST(held.use_count() > 1);
  }
  BOOST_TEST(held.use_count() == 1);
  { const Task<int> neverStarted = nestedPausing(suspended, held); }
  BOOST_TEST(held.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(a_task_can_be_moved_and_moved_over) {
  const auto held = std::make_shared<int>(1);
  std::coroutine_handle<> suspended;
  Task<int> first = pausing(suspended, held);
  first.start();
  Task<int> second = std::move(first);
  BOOST_TEST(!second.isDone());
  second = giving(5);
  second.start();
  BOOST_TEST(second.result() == 5);
}

BOOST_AUTO_TEST_CASE(what_is_told_reaches_the_one_who_waits) {
  std::vector<int> heard;
  Pending<int> later;
  told(later, heard);
  BOOST_TEST(heard.empty());
  later.tell(1);
  BOOST_TEST((heard == std::vector<int>{1}));
  Pending<int> before;
  before.tell(2);
  told(before, heard);
  BOOST_TEST((heard == std::vector<int>{1, 2}));
}

BOOST_AUTO_TEST_CASE(the_first_telling_counts) {
  std::vector<int> heard;
  Pending<int> pending;
  pending.tell(1);
  pending.tell(2);
  told(pending, heard);
  pending.tell(3);
  BOOST_TEST((heard == std::vector<int>{1}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
