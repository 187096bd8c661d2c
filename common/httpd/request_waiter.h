// RequestWaiter: how a request waits inside httpd. Where the MPM can wait in a worker's place the request is parked:
// the worker serves others, the reactor watches, and a worker comes back when there is something to do. Elsewhere, and
// where httpd does not allow it (subrequests, internal redirects, streams of HTTP/2), the worker itself waits.
#pragma once

#include <memory>
#include <optional>

#include "common/base/export.h"
#include "common/httpd/child.h"
#include "common/httpd/httpd_api.h"
#include "common/net/waiter.h"

namespace proxycommon {

struct ParkPolicy {
  bool allowed = true;
  milliseconds patience{20};  // how long a worker waits itself
  bool halfClose = false;     // a client that has closed its side only is still there
};

// The argument of FwdProxyPark and RevProxyPark: a duration, 0, or Off.
PROXYCOMMON_API Result<ParkPolicy> readPark(std::string_view text);

class PROXYCOMMON_API RequestWaiter final : public Waiter {
 public:
  RequestWaiter(request_rec& request, const ParkPolicy& policy);
  ~RequestWaiter() override;
  RequestWaiter(const RequestWaiter&) = delete;

  milliseconds patience() const override;

  Child& child() { return child_; }
  request_rec& request() { return request_; }
  // Whether whoever waits here is parked in the end, so that nothing here holds a worker.
  bool mayPark() const { return mayPark_; }
  // What ends a wait from outside; null when no descriptor is left.
  std::shared_ptr<const Wake> wake();
  // For whoever blocks elsewhere; outside a wait.
  bool clientHasGone();
  // What is waited for is not for the client alone: from now on its going away ends no wait.
  // Unless it is for the client alone after all.
  void outliveClient(bool outlives = true) { outlives_ = outlives; }
  // That has happened.
  bool hasLostClient() const { return hasLost_; }

  // Of the connection's hooks. The wait is over: what came of it is kept, and what waited goes on.
  void resume();
  // What becomes readable with wake(), for the MPM to wait for. A number of its own: the MPM may close it, and whoever
  // signals must not write to what has that number next.
  int standIn() const { return standIn_.get(); }
  // The MPM has closed it.
  void forgetStandIn();

 private:
  bool waitHere(const Interest& interest) override;
  void park(const Interest& interest, std::coroutine_handle<> continuation) override;
  Woken woken() override { return woken_; }

  bool block(const Interest& interest, Clock::time_point until);
  bool hasBegunToStop();
  void overlookClient();
  short hangUpEvent(const Interest& interest) const;
  void unpark();

  request_rec& request_;
  Child& child_;
  const ParkPolicy policy_;
  bool mayPark_;
  const bool isInBackground_;
  bool outlives_ = false;
  bool hasLost_ = false;
  int client_;  // the client's descriptor, or what tells that it is gone; -1: there is none to wait for
  std::shared_ptr<Wake> wake_;
  FileDescriptor standIn_;
  Woken woken_;
  Clock::rep seenStopping_;     // the child's stoppingSince, as whoever waits knows it
  Watcher* watcher_ = nullptr;  // while parked
  Watcher::Id watch_ = 0;
  std::coroutine_handle<> continuation_;
};

}  // namespace proxycommon
