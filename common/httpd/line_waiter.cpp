// A request that waits in a line.
#include "common/httpd/line_waiter.h"

#include <algorithm>

namespace proxycommon {

Task<Outcome> waitInLine(const LineWait& wait, RequestWaiter& waiter) {
  const auto wake = waiter.wake();
  if (!wake) co_return failure(ErrorKind::kInternal, "no descriptor is left to wait in a line with");
  Child& child = waiter.child();
  // Nobody would wake it else.
  if (auto side = child.sideReactor(); !side) co_return std::move(side.error());
  const auto place = child.lineWaiters.join(wait.line, wait.wanted(), wait.limit, [wake] { wake->signal(); });
  if (!place)
    co_return failure(ErrorKind::kQueueFull, std::to_string(wait.limit) + " requests wait already, as many as may");
  Interest interest;
  interest.here = waiter.patience();
  interest.until = std::min(Clock::now() + wait.patience, wait.end);
  while (true) {
    if (place->isNext()) {
      if (wait.tryTake()) co_return Outcome{};
      // What it has found to be missing may be another thing than before, and may have become free since.
      if (const std::uint32_t wanted = wait.wanted(); wanted != place->wanted()) {
        place->want(wanted);
        continue;
      }
    }
    const auto now = Clock::now();
    if (wait.end <= now) co_return failure(ErrorKind::kTotalTimeout, "no place became free in the time for all of it");
    if (interest.until <= now)
      co_return failure(ErrorKind::kQueueTimeout,
                        "no place became free within " + std::to_string(wait.patience.count()) + " ms");
    const Woken woken = co_await waiter.until(interest);
    if (woken.clientGone) co_return failure(ErrorKind::kClientGone, "the client has closed its connection");
  }
}

}  // namespace proxycommon
