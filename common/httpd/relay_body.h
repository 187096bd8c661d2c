// RelayBody: the body of a request on its way to a backend, and whether request and body can be sent a second time.
// What every way to relay has in common.
#pragma once

#include "common/base/export.h"
#include "common/base/task.h"
#include "common/http/buffered_body.h"
#include "common/http/exchange.h"
#include "common/http/replayed_body.h"
#include "common/httpd/request_io.h"

namespace proxycommon {

struct BodyPlan {
  BodyFraming framing = {};         // as it came
  bool isRepeatable = false;        // the request, by its method or its key
  std::uint64_t requestBuffer = 0;  // bytes that are taken in before anything is dialled
  std::uint64_t replayBuffer = 0;   // bytes that are kept, to be sent a second time
  Clock::time_point end = Clock::time_point::max();
};

// Whether a request may run twice: it is idempotent (RFC 9110 9.2.2), or has an Idempotency-Key where that counts.
PROXYCOMMON_API bool isRepeatable(const request_rec& request, bool countsKey);

// One request's, whichever backends it is tried on.
class PROXYCOMMON_API RelayBody {
 public:
  RelayBody(request_rec& request, const BodyPlan& plan);
  ~RelayBody();

  // Once, before anything is dialled: refuses what may not be sent, and takes in what request-buffer= says. Errors: of
  // the client's side, kInternal.
  Task<Outcome> prepare(Waiter& waiter);
  // The head with what there is to say of the body. After prepare().
  RequestHead completed(RequestHead head) const;

  RequestBody& source() { return replayed_; }
  // Whether the client waits for the backend's "100 Continue". After prepare().
  bool expectsContinue() const;
  // Whether it may be sent twice, should that be needed, as far as it can be told before.
  bool mayBeRepeated() const;
  // Whether it may be sent again now, after that error on a connection which was no newer than the request: it was
  // closed before a byte of a response, and the backend cannot have acted on the request, or may do so twice (RFC
  // 9110 9.2.2).
  bool mayRepeat(const Error& error) const;
  // The same for another backend, after an error that is this one's.
  bool mayGoElsewhere(const Error& error) const;
  // source() begins at the beginning again. Precondition: mayRepeat().
  Outcome rewind() { return replayed_.rewind(); }

 private:
  request_rec& request_;
  const BodyPlan plan_;
  BodyFraming framing_;  // how it goes on
  ClientBody client_;
  BufferedBody buffered_;
  ReplayedBody replayed_;
};

// Ends a response that the backend is done with, when its client has taken what was kept for it. Errors: kClientGone,
// kClientTimeout, kTotalTimeout.
Task<Outcome> finishResponse(RelayResponse& response, const ExchangeLimits& limits, Waiter& waiter);

}  // namespace proxycommon
