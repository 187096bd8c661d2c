// A request that follows a flight: how it is woken, and how it waits.
#pragma once

#include <functional>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/base/task.h"
#include "common/cache/flights.h"
#include "common/httpd/request_waiter.h"

namespace proxycommon {

// What Flights::board() is given. Error kInternal: no descriptor is left, or nobody would wake it.
PROXYCOMMON_API Result<std::function<void()>> flightWakeOf(RequestWaiter& waiter);

// What has become of the flight once that is no longer `known`, which is at once where it is not. A flight that is
// streaming has also changed when its file may have grown: whoever calls has read all of it since the last call.
// Errors: kTotalTimeout at `end`, kClientGone. All references outlive the Task.
PROXYCOMMON_API Task<Result<FlightPhase>> followUntilChange(const Flights::Follower& follower, FlightPhase known,
                                                            RequestWaiter& waiter, Clock::time_point end);

}  // namespace proxycommon
