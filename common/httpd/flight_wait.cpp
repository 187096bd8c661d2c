// A request that follows a flight.
#include "common/httpd/flight_wait.h"

namespace proxycommon {

Result<std::function<void()>> flightWakeOf(RequestWaiter& waiter) {
  auto wake = waiter.wake();
  if (!wake) return failure(ErrorKind::kInternal, "no descriptor is left to follow another request with");
  if (auto side = waiter.child().sideReactor(); !side) return std::move(side.error());
  return std::function<void()>([wake = std::move(wake)] { wake->signal(); });
}

Task<Result<FlightPhase>> followUntilChange(const Flights::Follower& follower, FlightPhase known, RequestWaiter& waiter,
                                            Clock::time_point end) {
  FlightPhase phase = follower.phase();
  Interest interest;
  interest.here = waiter.patience();
  interest.until = end;
  while (phase == known) {
    if (end <= Clock::now())
      co_return failure(ErrorKind::kTotalTimeout, "the request that asks for the same did not end in time");
    const Woken woken = co_await waiter.until(interest);
    if (woken.clientGone) co_return failure(ErrorKind::kClientGone, "the client has closed its connection");
    phase = follower.phase();
    if (phase == FlightPhase::kStreaming) break;
  }
  co_return phase;
}

}  // namespace proxycommon
