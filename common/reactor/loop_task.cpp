// Tasks of the proxy's own on an event loop.
#include "common/reactor/loop_task.h"

#include <optional>
#include <utility>

#include "common/net/event_loop.h"
#include "common/reactor/loop_waiter.h"

namespace proxycommon {

struct LoopTask::Running {
  Make make;
  std::optional<Task<void>> task;
};

LoopTask::LoopTask(const LoopServices& loop, Make make)
    : context_(&loop.context), running_(std::make_shared<Running>(Running{std::move(make), std::nullopt})) {
  boost::asio::post(*context_, [weak = std::weak_ptr(running_), loop] {
    const auto running = weak.lock();
    if (!running) return;
    running->task.emplace(running->make(loop));
    running->task->start();
  });
}

LoopTask::~LoopTask() {
  // What the function holds goes with it, and none of it while the loop is inside.
  if (running_) boost::asio::post(*context_, [running = std::move(running_)] {});
}

Task<Result<Connected>> connectOn(LoopServices loop, ConnectPlan plan) {
  LoopWaiter waiter(loop.context);
  const auto job = std::make_shared<ConnectJob>(std::move(plan), waiter.wake());
  loop.connector.start(job);
  while (!job->isDone()) co_await waiter.sleepUntil(Clock::time_point::max());
  co_return job->take();
}

}  // namespace proxycommon
