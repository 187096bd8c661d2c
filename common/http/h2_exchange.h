// The request's side of a stream of HTTP/2: what runExchange() is on a connection of its own. Both directions run at
// the same time; whether a thread is held meanwhile is the waiter's affair.
#pragma once

#include <functional>

#include "common/http/body.h"
#include "common/http/exchange.h"
#include "common/http/h2_stream.h"
#include "common/net/waiter.h"

namespace proxycommon {

struct H2ExchangePlan {
  BodyFraming framing;  // as in the stream's request
  ExchangeLimits limits;
  milliseconds opening{0};  // until the request has a place on a connection; then
  // Of bodies alone: heads are compressed with what others have said. May be null; outlives the Task.
  ExchangeReport* report = nullptr;
  ErrorKind openingError = ErrorKind::kConnectTimeout;
  bool expectsContinue = false;                          // as in ExchangePlan
  std::function<void(const H2Place&)> placed = nullptr;  // called once the request has its place
};

// On success the whole response has gone to the sink, pushed but not ended. The stream's wake must end a wait of
// `waiter`. An Error's `seen` says what the backend may have seen; once the sink has had a head, the response cannot be
// taken back. All references outlive the Task; a Task that is dropped leaves its stream.
// Errors: as runExchange(), kStreamReset, kConnectTimeout (no place on a connection in time), those of connectHere().
PROXYCOMMON_API Task<Result<ExchangeEnd>> runH2Exchange(H2StreamHandle stream, H2ExchangePlan plan, RequestBody& body,
                                                        ResponseSink& sink, Waiter& waiter);

}  // namespace proxycommon
