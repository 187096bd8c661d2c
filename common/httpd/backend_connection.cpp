// A new connection to a backend.
#include "common/httpd/backend_connection.h"

#include <algorithm>
#include <utility>

namespace proxycommon {
namespace {

// What a dial on the same network takes.
constexpr milliseconds kAtOnce{2};

Task<Result<Connected>> connectWaiting(ConnectPlan plan, RequestWaiter& waiter) {
  Reactor* reactor = waiter.child().reactor.get();
  const auto isWanted = [&waiter] { return !waiter.clientHasGone(); };
  if (!reactor) co_return connectHere(std::move(plan), isWanted);
  const auto wake = waiter.wake();
  if (!wake) co_return connectHere(std::move(plan), isWanted);
  Interest interest;
  interest.here = std::min(waiter.patience(), kAtOnce);
  // The job has its own limit; this one only bounds what a fault could cost.
  interest.until = Clock::now() + plan.limit + std::chrono::seconds{1};
  Connecting connecting = reactor->connect(std::move(plan), wake);
  while (!connecting.isDone()) {
    const Woken woken = co_await waiter.until(interest);
    if (woken.clientGone) co_return failure(ErrorKind::kClientGone, "the client has closed its connection");
    if (interest.until <= Clock::now() && !connecting.isDone())
      co_return failure(ErrorKind::kInternal, "a dial has not ended in its time");
  }
  co_return connecting.take();
}

}  // namespace

Task<Result<Connected>> connectBackend(ConnectPlan plan, RequestWaiter& waiter) {
  plan.names = &waiter.child().names;
  auto connected = co_await connectWaiting(std::move(plan), waiter);
  if (connected && !connected->report.note.empty())
    ap_log_rerror_(__FILE__, __LINE__, APLOG_NO_MODULE, APLOG_WARNING, 0, &waiter.request(), "%s",
                   connected->report.note.c_str());
  co_return connected;
}

}  // namespace proxycommon
