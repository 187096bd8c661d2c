// waitInLine: a request that waits for a place which another request has to give back, in this child or another.
#pragma once

#include <functional>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/base/task.h"
#include "common/httpd/request_waiter.h"
#include "common/shared/wait_line.h"

namespace proxycommon {

struct LineWait {
  WaitLine line;
  std::function<std::uint32_t()> wanted;  // what it stands in the line for; asked again after each try
  std::size_t limit = 0;                  // how many may wait
  std::function<bool()> tryTake;          // takes a place, where one is free; in the thread of the request
  milliseconds patience{0};               // how long it waits
  Clock::time_point end;                  // of the request as a whole
};

// Joins the line, and tries whenever it is its turn. Whoever gives a place back calls SharedState::wakeNext()
// afterwards; a wake that is missed costs a moment only. Success: tryTake() gave true. Errors: kQueueFull,
// kQueueTimeout, kTotalTimeout, kClientGone, kInternal; nothing is taken then. All references outlive the Task.
PROXYCOMMON_API Task<Outcome> waitInLine(const LineWait& wait, RequestWaiter& waiter);

}  // namespace proxycommon
