// The answer to a request from a response that another request is bringing just now.
#pragma once

#include "common/base/task.h"
#include "common/cache/flights.h"
#include "common/cache/incoming_body.h"
#include "common/httpd/stored_answer.h"

namespace proxycommon {

// As it comes, until it is whole; broken off where the one who brings it fails. What the handler returns. References
// outlive the Task. `moduleIndex`: of the log's lines.
Task<int> sendFollowed(request_rec& request, Flights::Follower& follower, FollowedBody body,
                       const StoredResponse& stored, const StoredAnswerPlan& plan, RequestWaiter& waiter,
                       int moduleIndex);

}  // namespace proxycommon
