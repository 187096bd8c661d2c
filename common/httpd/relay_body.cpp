// The body of a request on its way to a backend.
#include "common/httpd/relay_body.h"

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

bool isRepeatable(const RelayPlan& plan) {
  return isIdempotent(plan.head.method) || (plan.repeatsWithKey && findField(plan.head.fields, "Idempotency-Key"));
}

}  // namespace

RelayBody::RelayBody(request_rec& request, const RelayPlan& plan)
    : request_(request),
      plan_(plan),
      isRepeatable_(isRepeatable(plan)),
      framing_(plan.head.framing),
      client_(request),
      buffered_(client_),
      replayed_(plan.requestBuffer > 0 ? static_cast<RequestBody&>(buffered_) : client_,
                isRepeatable_ ? plan.replayBuffer : 0) {}

Task<Result<BodyFraming>> RelayBody::prepare(Waiter& waiter) {
  if (auto admitted = client_.admit(framing_); !admitted) co_return std::move(admitted.error());
  if (plan_.requestBuffer == 0 || framing_.kind == BodyFraming::Kind::kNone) co_return framing_;
  if (auto filled = co_await buffered_.fill(plan_.requestBuffer, waiter, plan_.limits.end); !filled)
    co_return std::move(filled.error());
  framing_ = buffered_.framing(framing_);
  co_return framing_;
}

// What stands in the buffer was sent after a "100 Continue" of our own.
bool RelayBody::expectsContinue() const {
  return plan_.requestBuffer == 0 && framing_.kind != BodyFraming::Kind::kNone && awaitsContinue(request_);
}

bool RelayBody::mayBeRepeated() const {
  if (!isRepeatable_ || framing_.kind == BodyFraming::Kind::kChunked) return false;
  return framing_.length <= plan_.replayBuffer;
}

bool RelayBody::mayRepeat(const Error& error) const {
  if (error.kind != ErrorKind::kClosedEarly || !replayed_.canRewind()) return false;
  return error.seen == Seen::kNothing || (error.seen == Seen::kMaybeRan && isRepeatable_);
}

Task<Outcome> finishResponse(ClientResponse& response, const ExchangeLimits& limits, Waiter& waiter) {
  if (!response.keepsBack()) co_return response.finish();
  Interest interest;
  interest.clientEvents = POLLOUT;
  interest.until = std::min(Clock::now() + limits.client, limits.end);
  while (true) {
    auto full = response.isFull();
    if (!full) co_return std::move(full.error());
    if (!response.keepsBack()) co_return response.finish();
    interest.here = waiter.patience();
    const auto woken = co_await waiter.until(interest);
    if (woken.clientGone) co_return failure(ErrorKind::kClientGone, "the client has closed its connection");
    const auto now = Clock::now();
    if (limits.end <= now) co_return failure(ErrorKind::kTotalTimeout, "the client has not taken the response in time");
    if (woken.client) {
      interest.until = std::min(now + limits.client, limits.end);
    } else if (interest.until <= now) {
      co_return failure(ErrorKind::kClientTimeout, "the client has stopped reading");
    }
  }
}

}  // namespace proxycommon
