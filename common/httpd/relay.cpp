// One request through a pooled connection to its answer.
#include "common/httpd/relay.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/http/buffered_body.h"
#include "common/http/replayed_body.h"
#include "common/httpd/pool_lease.h"

namespace proxycommon {
namespace {

// RFC 9110 9.2.2.
bool isIdempotent(std::string_view method) {
  static constexpr std::array<std::string_view, 6> kMethods = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

// Schemes that authenticate the connection, not the request: what comes next on it would pass for the same user.
bool authenticatesConnection(const RelayPlan& plan) {
  const HeaderField* field = findField(plan.head.fields, "Authorization");
  return field && (startsWithIgnoringCase(field->value, "ntlm") || startsWithIgnoringCase(field->value, "negotiate"));
}

// What is left of the response goes to a client that is slower than the backend, which is done with it.
Task<Outcome> passRest(ClientResponse& response, const RelayPlan& plan, Waiter& waiter) {
  Interest interest;
  interest.clientEvents = POLLOUT;
  interest.until = Clock::now() + plan.limits.client;
  while (true) {
    auto full = response.isFull();
    if (!full) co_return std::move(full.error());
    if (!response.keepsBack()) co_return response.finish();
    interest.here = waiter.patience();
    const auto woken = co_await waiter.until(interest);
    if (woken.clientGone) co_return failure(ErrorKind::kClientGone, "the client has closed its connection");
    if (woken.client) {
      interest.until = Clock::now() + plan.limits.client;
    } else if (interest.until <= Clock::now()) {
      co_return failure(ErrorKind::kClientTimeout, "the client has stopped reading");
    }
  }
}

using Answer = Result<std::optional<Switched>>;

class Relay {
 public:
  Relay(request_rec& request, const RelayPlan& plan, ClientResponse& response, RequestWaiter& waiter,
        RelayReport& report)
      : plan_(plan),
        response_(response),
        waiter_(waiter),
        report_(report),
        request_(request),
        isRepeatable_(isIdempotent(plan.head.method) ||
                      (plan.repeatsWithKey && findField(plan.head.fields, "Idempotency-Key"))),
        clientBody_(request),
        bufferedBody_(clientBody_),
        body_(plan.requestBuffer > 0 ? static_cast<RequestBody&>(bufferedBody_) : clientBody_,
              isRepeatable_ ? plan.replayBuffer : 0) {}

  Task<Answer> run() {
    // What may not be sent is refused before anything is read, or dialled.
    if (auto admitted = clientBody_.admit(plan_.head.framing); !admitted) co_return std::move(admitted.error());
    RequestHead head = plan_.head;
    if (plan_.requestBuffer > 0 && head.framing.kind != BodyFraming::Kind::kNone) {
      if (auto filled = co_await bufferedBody_.fill(plan_.requestBuffer, waiter_); !filled)
        co_return std::move(filled.error());
      head.framing = bufferedBody_.framing(head.framing);
    }
    // What stands in the buffer was sent after a "100 Continue" of our own.
    expectsContinue_ =
        plan_.requestBuffer == 0 && head.framing.kind != BodyFraming::Kind::kNone && awaitsContinue(request_);
    if (expectsContinue_) head.fields.push_back({"Expect", "100-continue"});
    std::string headBytes;
    if (auto appended = appendRequestHead(head, headBytes); !appended) co_return std::move(appended.error());

    auto answer =
        co_await attempt(mayBeRepeated(head.framing) ? Wanted::kAny : Wanted::kYoung, headBytes, head.framing);
    if (answer || !mayRepeat(answer.error())) co_return answer;
    if (auto rewound = body_.rewind(); !rewound) co_return std::move(rewound.error());
    co_return co_await attempt(Wanted::kFresh, std::move(headBytes), head.framing);
  }

 private:
  // Whether the body will still be there for a second time, as far as it can be told before.
  bool mayBeRepeated(const BodyFraming& framing) const {
    if (!isRepeatable_) return false;
    return framing.kind == BodyFraming::Kind::kNone || framing.length <= plan_.replayBuffer;
  }

  // Only where a reused connection was closed under the request, for that is no one's fault; and only what cannot have
  // been acted on, or may be twice (RFC 9110 9.2.2).
  bool mayRepeat(const Error& error) const {
    if (error.kind != ErrorKind::kClosedEarly || !report_.isReused || !body_.canRewind()) return false;
    return error.seen == Seen::kNothing || (error.seen == Seen::kMaybeRan && isRepeatable_);
  }

  Task<Answer> attempt(Wanted wanted, std::string headBytes, BodyFraming framing) {
    ++report_.tries;
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
    report_.exchange = {};
    ExchangePlan plan{std::move(headBytes), framing,          plan_.head.method == "HEAD", plan_.offered, plan_.limits,
                      expectsContinue_,     &report_.exchange};
    auto end = co_await runExchange(lease.connection(), std::move(plan), body_, response_, waiter_);
    if (!end) co_return std::move(end.error());
    if (end->switched) co_return std::optional<Switched>({lease.take(), std::move(end->behindHead)});
    // Before the client has its last bytes: a slow one must not hold the connection.
    if (end->connectionIsReusable && !authenticatesConnection(plan_)) {
      lease.keep(end->promisedIdleTime);
    } else {
      lease.take().reset();
    }
    if (auto passed = co_await finish(); !passed) co_return std::move(passed.error());
    co_return std::optional<Switched>();
  }

  Task<Outcome> finish() {
    if (!response_.keepsBack()) co_return response_.finish();
    co_return co_await passRest(response_, plan_, waiter_);
  }

  const RelayPlan& plan_;
  ClientResponse& response_;
  RequestWaiter& waiter_;
  RelayReport& report_;
  request_rec& request_;
  const bool isRepeatable_;  // by its method or its key
  bool expectsContinue_ = false;
  ClientBody clientBody_;
  BufferedBody bufferedBody_;
  ReplayedBody body_;
};

}  // namespace

Task<Result<std::optional<Switched>>> relay(request_rec& request, const RelayPlan& plan, ClientResponse& response,
                                            RequestWaiter& waiter, RelayReport& report) {
  Relay one(request, plan, response, waiter, report);
  auto answer = co_await one.run();
  if (!answer) report.error = answer.error().kind;
  co_return answer;
}

}  // namespace proxycommon
