// RequestTurns: where one request goes, try by try: candidates, the method's choice, the limits and the wait for a
// place; and what is learned of a member from how a try has ended. The handler asks, and does the rest.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/base/task.h"
#include "common/httpd/relay_report.h"
#include "common/httpd/request_waiter.h"
#include "mod_revproxy/balancer/candidates.h"
#include "mod_revproxy/balancer/turn.h"

namespace revproxy {

// What is known of the request from the start.
struct TurnsPlan {
  const Balancer& balancer;
  std::shared_ptr<const Endpoints> endpoints;
  Session session;
  std::string hashKey;
  bool mayBeRepeated = true;
  proxycommon::Clock::time_point end;  // of the time for all of it
};

// How a try has ended, for whoever counts.
struct TryEnd {
  const proxycommon::Error* error = nullptr;  // none: it was answered
  int status = 0;                             // of the answer; 0: none has come
  bool goesOn = false;                        // as a tunnel, in flight until that ends
};

// One thread at a time. References outlive it.
class RequestTurns {
 public:
  RequestTurns(request_rec& request, proxycommon::RequestWaiter& waiter, TurnsPlan plan);
  // A try that was not told of says nothing of its member.
  ~RequestTurns();

  // The endpoint of the next try: none that was tried before. It is in flight until giveBack() or the next call.
  // Errors: kNoMember, kSessionMemberDown, kQueueFull, kQueueTimeout, kTotalTimeout, kClientGone, kInternal.
  proxycommon::Task<Result<const Endpoint*>> next();
  // Whether there may be one more try elsewhere, after an error that allows it: by the number of tries, the budget, and
  // whether anybody is left, one that has no place just now included where the request may wait. Then it is spent.
  bool mayTryAgain(bool mayWait);
  // The backend is done.
  void giveBack() {
    if (turn_) turn_->giveBack();
  }
  // For a place, in all; none: there was no need to.
  proxycommon::RelayReport::Span queueWait() const { return queueWait_; }
  // Once after each try.
  void tell(const TryEnd& end, const proxycommon::RelayReport& report);
  // What is in flight until it dies, in whichever thread, be it long after this. Precondition: next() gave an endpoint,
  // and nobody has given it back.
  std::shared_ptr<void> take();

 private:
  bool tryNext();
  std::optional<bool> settle(const Candidates& candidates);
  std::optional<bool> takeOneOf(const Candidates& candidates);
  bool hasOthers(bool mayWait) const;
  bool isAwaited();
  Result<const Endpoint*> chosen() const;
  std::size_t choose(const Candidates& candidates);
  Candidate candidateOf(const Endpoint& endpoint) const;
  std::optional<std::size_t> chooseAlone() const;
  std::uint32_t wanted() const;
  proxycommon::Task<proxycommon::Outcome> wait();
  void learn(const Endpoint& endpoint, const TryEnd& end, proxycommon::Clock::time_point now);
  void abandon();
  void began(std::size_t place, Turn turn);

  request_rec& request_;
  proxycommon::RequestWaiter& waiter_;
  const TurnsPlan plan_;
  const Counting counting_;
  Asker asker_;
  std::optional<Turn> turn_;
  std::optional<proxycommon::Error> refusal_;  // why nobody can have it
  proxycommon::RelayReport::Span queueWait_;
  std::size_t tries_ = 0;
  bool isProbe_ = false;
  bool isChosen_ = false;  // by the method, which then hears of the end
  bool isTold_ = true;
  const Endpoint* waitsFor_ = nullptr;  // nullptr: for any
  proxycommon::Clock::time_point begun_;
};

}  // namespace revproxy
