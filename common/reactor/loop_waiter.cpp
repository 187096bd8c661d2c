// Waits on an event loop.
#include "common/reactor/loop_waiter.h"

#include <optional>
#include <utility>

#include "common/net/event_loop.h"

namespace proxycommon {

// What Asio calls may call when the waiter has gone, or waits for something else: each wait has a number.
struct LoopWaiter::State : std::enable_shared_from_this<State> {
  explicit State(boost::asio::io_context& loop) : context(loop), timer(loop) {}
  ~State() { stopWatching(); }

  void begin(const Interest& interest, std::coroutine_handle<> waiting) {
    continuation = waiting;
    woken = {};
    const unsigned wait = ++number;
    timer.expires_at(interest.until);
    timer.async_wait(ender(wait, {}));
    if (interest.backend < 0) return;
    descriptor.emplace(context, interest.backend);
    if (interest.backendEvents & POLLIN) descriptor->async_wait(AsioDescriptor::wait_read, ender(wait, {true}));
    if (interest.backendEvents & POLLOUT) descriptor->async_wait(AsioDescriptor::wait_write, ender(wait, {true}));
  }

  void signal() {
    if (continuation) return end(number, {});
    signalled = true;
  }

  void end(unsigned wait, Woken what) {
    if (wait != number || !continuation) return;
    woken = what;
    stopWatching();
    std::exchange(continuation, {}).resume();
  }

  // The descriptor is another's, and stays open.
  void stopWatching() {
    timer.cancel();
    if (descriptor) descriptor->release();
    descriptor.reset();
  }

  std::function<void(const boost::system::error_code&)> ender(unsigned wait, Woken what) {
    return [weak = weak_from_this(), wait, what](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (self && !error) self->end(wait, what);
    };
  }

  boost::asio::io_context& context;
  AsioTimer timer;
  std::optional<AsioDescriptor> descriptor;
  std::coroutine_handle<> continuation;
  Woken woken;
  unsigned number = 0;
  bool signalled = false;
};

LoopWaiter::LoopWaiter(boost::asio::io_context& context) : state_(std::make_shared<State>(context)) {}

LoopWaiter::~LoopWaiter() {
  state_->continuation = {};
  state_->stopWatching();
}

Waiter::Wait LoopWaiter::sleepUntil(Clock::time_point when) {
  Interest interest;
  interest.until = when;
  return until(interest);
}

std::function<void()> LoopWaiter::wake() const {
  return [weak = std::weak_ptr(state_), &context = state_->context] {
    boost::asio::post(context, [weak] {
      if (const auto state = weak.lock()) state->signal();
    });
  };
}

bool LoopWaiter::waitHere(const Interest&) {
  state_->woken = {};
  return std::exchange(state_->signalled, false);
}

void LoopWaiter::park(const Interest& interest, std::coroutine_handle<> continuation) {
  state_->begin(interest, continuation);
}

Woken LoopWaiter::woken() {
  return state_->woken;
}

}  // namespace proxycommon
