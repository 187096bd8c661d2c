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

}  // namespace

bool isRepeatable(const request_rec& request, bool countsKey) {
  return isIdempotent(request.method) || (countsKey && apr_table_get(request.headers_in, "Idempotency-Key"));
}

RelayBody::RelayBody(request_rec& request, const BodyPlan& plan)
    : request_(request),
      plan_(plan),
      framing_(plan.framing),
      client_(request),
      buffered_(client_),
      replayed_(plan.requestBuffer > 0 ? static_cast<RequestBody&>(buffered_) : client_,
                plan.isRepeatable ? plan.replayBuffer : 0) {}

RelayBody::~RelayBody() = default;

Task<Outcome> RelayBody::prepare(Waiter& waiter) {
  if (auto admitted = client_.admit(framing_); !admitted) co_return admitted;
  if (plan_.requestBuffer == 0 || framing_.kind == BodyFraming::Kind::kNone) co_return Outcome{};
  if (auto filled = co_await buffered_.fill(plan_.requestBuffer, waiter, plan_.end); !filled)
    co_return std::move(filled.error());
  framing_ = buffered_.framing(framing_);
  co_return Outcome{};
}

RequestHead RelayBody::completed(RequestHead head) const {
  head.framing = framing_;
  if (expectsContinue()) head.fields.push_back({"Expect", "100-continue"});
  return head;
}

// What stands in the buffer was sent after a "100 Continue" of our own.
bool RelayBody::expectsContinue() const {
  return plan_.requestBuffer == 0 && framing_.kind != BodyFraming::Kind::kNone && awaitsContinue(request_);
}

bool RelayBody::mayBeRepeated() const {
  if (!plan_.isRepeatable || framing_.kind == BodyFraming::Kind::kChunked) return false;
  return framing_.length <= plan_.replayBuffer;
}

bool RelayBody::mayRepeat(const Error& error) const {
  return error.kind == ErrorKind::kClosedEarly && error.seen != Seen::kRan && mayGoElsewhere(error);
}

bool RelayBody::mayGoElsewhere(const Error& error) const {
  return replayed_.canRewind() && (error.seen == Seen::kNothing || plan_.isRepeatable);
}

Task<Outcome> finishResponse(RelayResponse& response, const ExchangeLimits& limits, Waiter& waiter) {
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
