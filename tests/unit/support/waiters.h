// Waiters for tests: one that blocks the calling thread, and one that gives it back at every wait, so that the test
// says where and when the one who waits goes on.
#pragma once

#include <coroutine>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "common/base/task.h"
#include "common/net/waiter.h"

namespace proxytest {

using proxycommon::Interest;
using proxycommon::milliseconds;
using proxycommon::Woken;

// The client that a waiter watches besides.
struct WatchedClient {
  int descriptor = -1;
  bool halfClose = false;  // one that has closed its side alone has not gone away
};

// Polls until something comes or `until`; nullopt in the latter case.
std::optional<Woken> awaitEvents(const Interest& interest, WatchedClient client, proxycommon::Clock::time_point until);

class BlockingWaiter final : public proxycommon::Waiter {
 public:
  explicit BlockingWaiter(WatchedClient client = {}, milliseconds patience = milliseconds{20})
      : client_(client), patience_(patience) {}

  milliseconds patience() const override { return patience_; }
  int waits() const { return waits_; }

 private:
  bool waitHere(const Interest& interest) override;
  void park(const Interest&, std::coroutine_handle<>) override {}
  Woken woken() override { return woken_; }

  WatchedClient client_;
  milliseconds patience_;
  Woken woken_;
  int waits_ = 0;
};

// Every wait parks; nothing goes on until the test says so.
class ParkingWaiter final : public proxycommon::Waiter {
 public:
  explicit ParkingWaiter(WatchedClient client = {}) : client_(client) {}

  milliseconds patience() const override { return milliseconds{0}; }

  bool isParked() const { return static_cast<bool>(continuation_); }
  // What the parked one waits for. Precondition of this and the rest: isParked().
  const Interest& interest() const { return interest_; }
  // Goes on in the calling thread, with that.
  void resume(Woken woken);
  // Goes on in the calling thread when what it waits for has come, or its time is over.
  void resumeWhenReady();

 private:
  bool waitHere(const Interest&) override { return false; }
  void park(const Interest& interest, std::coroutine_handle<> continuation) override;
  Woken woken() override { return woken_; }

  WatchedClient client_;
  Interest interest_;
  std::coroutine_handle<> continuation_;
  Woken woken_;
};

// Runs a task whose waits block. What it gives.
template <class T>
T finished(proxycommon::Task<T> task) {
  task.start();
  if (!task.isDone()) throw std::logic_error("the task has given its thread back");
  return task.result();
}

// Runs a task whose waits park, each time in a new thread, at most `most` times. What it gives.
template <class T>
T finishedInThreads(proxycommon::Task<T> task, ParkingWaiter& waiter, int most = 10'000) {
  task.start();
  for (int count = 0; count < most && !task.isDone(); ++count) std::jthread([&waiter] { waiter.resumeWhenReady(); });
  if (!task.isDone()) throw std::logic_error("the task does not end");
  return task.result();
}

}  // namespace proxytest
