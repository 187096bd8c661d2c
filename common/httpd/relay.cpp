// One request through a pooled connection to its answer.
#include "common/httpd/relay.h"

#include <algorithm>
#include <array>
#include <utility>

namespace proxycommon {
namespace {

// RFC 9110 9.2.2.
bool isIdempotent(std::string_view method) {
  static constexpr std::array<std::string_view, 6> kMethods = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

bool mayRepeat(const Error& error, const RelayPlan& plan, const ClientBody& body) {
  if (error.kind != ErrorKind::kClosedEarly || body.isTouched()) return false;
  return error.seen == Seen::kNothing || isIdempotent(plan.head.method);
}

// Schemes that authenticate the connection, not the request: what comes next on it would pass for the same user.
bool authenticatesConnection(const RelayPlan& plan) {
  const HeaderField* field = findField(plan.head.fields, "Authorization");
  return field && (startsWithIgnoringCase(field->value, "ntlm") || startsWithIgnoringCase(field->value, "negotiate"));
}

Outcome runOn(Lease& lease, std::string headBytes, const RelayPlan& plan, ClientBody& body, ClientResponse& response) {
  auto end = runExchange(lease.connection(), std::move(headBytes), plan.head.framing, plan.head.method == "HEAD", body,
                         response, plan.limits);
  if (!end) return std::move(end.error());
  // Before the client has its last bytes: a slow one must not hold the connection.
  if (end->connectionIsReusable && !authenticatesConnection(plan)) lease.keep();
  return response.finish();
}

}  // namespace

Outcome relay(request_rec& request, const RelayPlan& plan, ClientResponse& response) {
  std::string headBytes;
  if (auto appended = appendRequestHead(plan.head, headBytes); !appended) return appended;
  ClientBody body(request);
  if (auto admitted = body.admit(plan.head.framing); !admitted) return admitted;

  auto lease = plan.pool.acquire(plan.key, plan.poolLimits, plan.dial);
  if (!lease) return std::move(lease.error());
  auto outcome = runOn(*lease, headBytes, plan, body, response);
  if (outcome || !lease->isReused() || !mayRepeat(outcome.error(), plan, body)) return outcome;

  auto fresh = plan.pool.acquireFresh(plan.key, plan.poolLimits, plan.dial);
  if (!fresh) return std::move(fresh.error());
  return runOn(*fresh, std::move(headBytes), plan, body, response);
}

}  // namespace proxycommon
