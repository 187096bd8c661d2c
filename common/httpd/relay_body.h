// RelayBody: the body of a request on its way to a backend, and whether request and body can be sent a second time.
// What every way to relay has in common.
#pragma once

#include "common/base/task.h"
#include "common/http/buffered_body.h"
#include "common/http/replayed_body.h"
#include "common/httpd/relay.h"

namespace proxycommon {

// One request's. `plan` outlives it.
class RelayBody {
 public:
  RelayBody(request_rec& request, const RelayPlan& plan);

  // Before anything is dialled: refuses what may not be sent, and takes in what request-buffer= says. Gives how the
  // body goes on. Errors: of the client's side, kInternal.
  Task<Result<BodyFraming>> prepare(Waiter& waiter);

  RequestBody& source() { return replayed_; }
  // Whether the client waits for the backend's "100 Continue". After prepare().
  bool expectsContinue() const;
  // Whether it may be sent twice, should that be needed, as far as it can be told before.
  bool mayBeRepeated() const;
  // Whether it may be sent again now, after that error on a connection which was no newer than the request: it was
  // closed before a byte of a response, and the backend cannot have acted on the request, or may do so twice (RFC
  // 9110 9.2.2).
  bool mayRepeat(const Error& error) const;
  // source() begins at the beginning again. Precondition: mayRepeat().
  Outcome rewind() { return replayed_.rewind(); }

 private:
  request_rec& request_;
  const RelayPlan& plan_;
  const bool isRepeatable_;  // by its method or its key
  BodyFraming framing_;
  ClientBody client_;
  BufferedBody buffered_;
  ReplayedBody replayed_;
};

// Ends a response that the backend is done with, when its client has taken what was kept for it. Errors: kClientGone,
// kClientTimeout, kTotalTimeout.
Task<Outcome> finishResponse(ClientResponse& response, const ExchangeLimits& limits, Waiter& waiter);

}  // namespace proxycommon
