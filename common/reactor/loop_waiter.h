// LoopWaiter: waits on an event loop, without a thread and without a client: for what the proxy asks on its own behalf.
#pragma once

#include <functional>
#include <memory>

#include "common/base/export.h"
#include "common/net/waiter.h"

namespace boost::asio {
class io_context;
}

namespace proxycommon {

// On the thread of its loop: whoever waits goes on there. It may die while somebody waits; he then does not go on.
class PROXYCOMMON_API LoopWaiter final : public Waiter {
 public:
  explicit LoopWaiter(boost::asio::io_context& context);
  ~LoopWaiter() override;
  LoopWaiter(const LoopWaiter&) = delete;

  milliseconds patience() const override { return milliseconds{0}; }
  // co_await: until then, or until it is woken.
  Wait sleepUntil(Clock::time_point when);

  // What ends the wait under way, or else the next one. To be called by any thread, as long as there is the loop; it
  // may outlive the waiter.
  std::function<void()> wake() const;

 private:
  struct State;

  bool waitHere(const Interest&) override;
  void park(const Interest& interest, std::coroutine_handle<> continuation) override;
  Woken woken() override;

  std::shared_ptr<State> state_;
};

}  // namespace proxycommon
