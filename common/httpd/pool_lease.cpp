// A lease of a connection, for a request that waits for it.
#include "common/httpd/pool_lease.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "common/httpd/backend_connection.h"

namespace proxycommon {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

Error full(const RelayPlan& plan) {
  return failure(ErrorKind::kPoolTimeout, "none of " + std::to_string(plan.poolLimits.most) +
                                              " connections became free within " +
                                              std::to_string(plan.acquire.count()) + " ms");
}

// The dialer has switched them on.
void stopProbes(const Connection& connection) {
  const int off = 0;
  ::setsockopt(connection.descriptor(), SOL_SOCKET, SO_KEEPALIVE, &off, sizeof off);
}

Error outOfTime() {
  return failure(ErrorKind::kTotalTimeout, "there was no connection in the time for all of it");
}

// First come, first served.
Task<Result<Lease>> queued(const RelayPlan& plan, RequestWaiter& waiter) {
  const auto wake = waiter.wake();
  if (!wake) co_return failure(ErrorKind::kInternal, "no descriptor is left to wait for a connection with");
  const auto place = waiter.child().connections.queue(plan.key, plan.poolLimits, [wake] { wake->signal(); });
  Interest interest;
  interest.here = waiter.patience();
  interest.until = std::min(Clock::now() + plan.acquire, plan.limits.end);
  while (!place->isServed()) {
    const auto now = Clock::now();
    if (plan.limits.end <= now) co_return outOfTime();
    if (interest.until <= now) co_return full(plan);
    const Woken woken = co_await waiter.until(interest);
    if (woken.clientGone) co_return failure(ErrorKind::kClientGone, "the client has closed its connection");
  }
  co_return place->take();
}

Task<Outcome> dial(const RelayPlan& plan, Lease& lease, RequestWaiter& waiter, RelayReport& report) {
  // The word is the mapping's, though others know of the failure too.
  if (plan.rest.count() > 0 && lease.isPeerResting())
    co_return failure(ErrorKind::kBackendResting, "it is left alone for a while");
  auto connect = plan.connect();
  if (!connect) co_return std::move(connect.error());
  const auto begun = Clock::now();
  if (plan.limits.end < begun + connect->limit)
    connect->limit = std::max(std::chrono::ceil<milliseconds>(plan.limits.end - begun), milliseconds{1});
  auto fresh = co_await connectBackend(std::move(*connect), waiter);
  report.dial = duration_cast<microseconds>(Clock::now() - begun);
  if (!fresh) {
    if (fresh.error().kind == ErrorKind::kConnectTimeout && plan.limits.end <= Clock::now()) co_return outOfTime();
    if (plan.rest.count() > 0 && traitsOf(fresh.error().kind).side == Side::kBackend) lease.notReached(plan.rest);
    co_return std::move(fresh.error());
  }
  report.dial = fresh->report.dial;
  if (fresh->report.tls.count() > 0) report.tls = fresh->report.tls;
  fresh->connection->setAddress(std::move(fresh->report.address));
  if (!plan.probesIdle) stopProbes(*fresh->connection);
  lease.connect(std::move(fresh->connection));
  co_return Outcome{};
}

}  // namespace

Task<Result<Lease>> leaseConnection(const RelayPlan& plan, Wanted wanted, RequestWaiter& waiter, RelayReport& report) {
  std::optional<Lease> lease = waiter.child().connections.acquire(plan.key, plan.poolLimits, wanted);
  if (!lease) {
    const auto begun = Clock::now();
    auto served = co_await queued(plan, waiter);
    report.poolWait = duration_cast<microseconds>(Clock::now() - begun);
    if (!served) co_return std::move(served.error());
    lease.emplace(std::move(*served));
    if (wanted == Wanted::kFresh) lease->disconnect();
    lease->look();
  }
  report.isReused = lease->isReused();
  if (!lease->isConnected())
    if (auto dialled = co_await dial(plan, *lease, waiter, report); !dialled) co_return std::move(dialled.error());
  report.address = lease->connection().address();
  co_return std::move(*lease);
}

}  // namespace proxycommon
