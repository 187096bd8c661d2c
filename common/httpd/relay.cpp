// One request through a pooled connection to its answer.
#include "common/httpd/relay.h"

#include <utility>

#include "common/httpd/pool_lease.h"

namespace proxycommon {
namespace {

// Schemes that authenticate the connection, not the request: what comes next on it would pass for the same user.
bool authenticatesConnection(const RelayPlan& plan) {
  const HeaderField* field = findField(plan.head.fields, "Authorization");
  return field && (startsWithIgnoringCase(field->value, "ntlm") || startsWithIgnoringCase(field->value, "negotiate"));
}

using Answer = Result<std::optional<Switched>>;

class Relay {
 public:
  Relay(request_rec& request, const RelayPlan& plan, RelayBody& body, RelayResponse& response, RequestWaiter& waiter,
        RelayReport& report)
      : request_(request), plan_(plan), body_(body), response_(response), waiter_(waiter), report_(report) {}

  Task<Answer> run() {
    const RequestHead head = body_.completed(plan_.head);
    std::string headBytes;
    if (auto appended = appendRequestHead(head, headBytes); !appended) co_return std::move(appended.error());

    auto answer = co_await attempt(body_.mayBeRepeated() ? Wanted::kAny : Wanted::kYoung, headBytes, head.framing);
    // On a connection that was made for the request, its closing is the backend's answer to it.
    if (answer || !report_.isReused || !body_.mayRepeat(answer.error())) co_return answer;
    if (auto rewound = body_.rewind(); !rewound) co_return std::move(rewound.error());
    co_return co_await attempt(Wanted::kFresh, std::move(headBytes), head.framing);
  }

 private:
  Task<Answer> attempt(Wanted wanted, std::string headBytes, BodyFraming framing) {
    report_.beginTry();
    auto lease = co_await leaseConnection(plan_, wanted, waiter_, report_);
    if (!lease) co_return std::move(lease.error());
    tellOfStrays(*lease);
    co_return co_await runOn(*lease, std::move(headBytes), framing);
  }

  void tellOfStrays(const Lease& lease) const {
    if (lease.strays() == 0) return;
    ap_log_rerror_(__FILE__, __LINE__, APLOG_NO_MODULE, APLOG_WARNING, 0, &request_,
                   "proxy: %s has sent bytes that nobody had asked for on %lu idle connection(s), which were closed: "
                   "no request has had them for an answer; the backend, or what stands before it, is at fault",
                   report_.backend.c_str(), static_cast<unsigned long>(lease.strays()));
  }

  Task<Answer> runOn(Lease& lease, std::string headBytes, BodyFraming framing) {
    ExchangePlan plan{std::move(headBytes), framing,      plan_.head.method == "HEAD",
                      plan_.offered,        plan_.limits, body_.expectsContinue(),
                      &report_.exchange};
    auto end = co_await runExchange(lease.connection(), std::move(plan), body_.source(), response_, waiter_);
    if (!end) co_return std::move(end.error());
    if (end->switched) co_return std::optional<Switched>({lease.take(), std::move(end->behindHead)});
    // Before the client has its last bytes: a slow one must not hold the connection.
    if (end->connectionIsReusable && !authenticatesConnection(plan_)) {
      lease.keep(end->promisedIdleTime);
    } else {
      lease.take().reset();
    }
    if (plan_.backendDone) plan_.backendDone();
    if (auto passed = co_await finishResponse(response_, plan_.limits, waiter_); !passed)
      co_return std::move(passed.error());
    co_return std::optional<Switched>();
  }

  request_rec& request_;
  const RelayPlan& plan_;
  RelayBody& body_;
  RelayResponse& response_;
  RequestWaiter& waiter_;
  RelayReport& report_;
};

}  // namespace

Task<Result<std::optional<Switched>>> relay(request_rec& request, const RelayPlan& plan, RelayBody& body,
                                            RelayResponse& response, RequestWaiter& waiter, RelayReport& report) {
  Relay one(request, plan, body, response, waiter, report);
  co_return co_await one.run();
}

}  // namespace proxycommon
