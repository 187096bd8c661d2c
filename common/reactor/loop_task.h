// LoopTask: a task of the proxy's own that runs on an event loop, and what such a task needs there.
#pragma once

#include <functional>
#include <memory>

#include "common/base/export.h"
#include "common/base/task.h"
#include "common/net/connector.h"

namespace proxycommon {

// Any thread. The loop outlives it, or has been stopped for good and not been destroyed.
class PROXYCOMMON_API LoopTask {
 public:
  using Make = std::function<Task<void>(LoopServices)>;

  // Has the loop call `make`, and run what it gives. The function lives as long as the task.
  LoopTask(const LoopServices& loop, Make make);
  // Has the loop destroy the task where it waits just then; nothing of it runs afterwards. Does not wait for that.
  ~LoopTask();
  LoopTask(LoopTask&&) noexcept = default;
  LoopTask& operator=(LoopTask&&) = delete;

 private:
  struct Running;
  boost::asio::io_context* context_;
  std::shared_ptr<Running> running_;
};

// On the thread of the loop. A task that is dropped leaves the connection to itself, until its limit at most. Errors:
// as connectHere().
PROXYCOMMON_API Task<Result<Connected>> connectOn(LoopServices loop, ConnectPlan plan);

}  // namespace proxycommon
