// One request through a pooled connection to its answer.
#include "common/httpd/relay.h"

#include <utility>

#include "common/http/buffered_body.h"
#include "common/httpd/backend_connection.h"
#include "common/httpd/relay_steps.h"

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
  Relay(request_rec& request, const RelayPlan& plan, ClientResponse& response, RequestWaiter& waiter)
      : plan_(plan), response_(response), waiter_(waiter), clientBody_(request), bufferedBody_(clientBody_) {}

  Task<Answer> run() {
    // What may not be sent is refused before anything is read, or dialled.
    if (auto admitted = clientBody_.admit(plan_.head.framing); !admitted) co_return std::move(admitted.error());
    RequestHead head = plan_.head;
    if (plan_.requestBuffer > 0 && head.framing.kind != BodyFraming::Kind::kNone) {
      if (auto filled = co_await bufferedBody_.fill(plan_.requestBuffer, waiter_); !filled)
        co_return std::move(filled.error());
      head.framing = bufferedBody_.framing(head.framing);
    }
    std::string headBytes;
    if (auto appended = appendRequestHead(head, headBytes); !appended) co_return std::move(appended.error());

    if (auto reused = pool().acquire(plan_.key, plan_.poolLimits)) {
      auto answer = co_await runOn(*reused, headBytes, head.framing);
      if (answer || !mayRepeat(answer.error(), plan_.head.method, clientBody_)) co_return answer;
    }
    auto fresh = co_await dial();
    if (!fresh) co_return std::move(fresh.error());
    Lease lease = pool().lease(plan_.key, plan_.poolLimits, std::move(*fresh));
    co_return co_await runOn(lease, std::move(headBytes), head.framing);
  }

 private:
  ConnectionPool& pool() { return waiter_.child().connections; }

  Task<Result<std::unique_ptr<Connection>>> dial() {
    auto plan = plan_.connect();
    if (!plan) co_return std::move(plan.error());
    co_return co_await connectBackend(std::move(*plan), waiter_);
  }

  Task<Answer> runOn(Lease& lease, std::string headBytes, BodyFraming framing) {
    ExchangePlan plan{std::move(headBytes), framing, plan_.head.method == "HEAD", plan_.offered, plan_.limits};
    RequestBody& body = plan_.requestBuffer > 0 ? static_cast<RequestBody&>(bufferedBody_) : clientBody_;
    auto end = co_await runExchange(lease.connection(), std::move(plan), body, response_, waiter_);
    if (!end) co_return std::move(end.error());
    if (end->switched) co_return std::optional<Switched>({lease.take(), std::move(end->behindHead)});
    // Before the client has its last bytes: a slow one must not hold the connection.
    if (end->connectionIsReusable && !authenticatesConnection(plan_)) lease.keep();
    if (auto passed = co_await finishResponse(response_, plan_.limits.client, waiter_); !passed)
      co_return std::move(passed.error());
    co_return std::optional<Switched>();
  }

  const RelayPlan& plan_;
  ClientResponse& response_;
  RequestWaiter& waiter_;
  ClientBody clientBody_;
  BufferedBody bufferedBody_;
};

}  // namespace

Task<Result<std::optional<Switched>>> relay(request_rec& request, const RelayPlan& plan, ClientResponse& response,
                                            RequestWaiter& waiter) {
  Relay one(request, plan, response, waiter);
  co_return co_await one.run();
}

}  // namespace proxycommon
