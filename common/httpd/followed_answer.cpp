// Behind another request.
#include "common/httpd/followed_answer.h"

#include <utility>

#include "common/httpd/answer_error.h"
#include "common/httpd/relay_body.h"

namespace proxycommon {
namespace {

class Following {
 public:
  Following(request_rec& request, Flights::Follower& follower, FollowedBody body, RequestWaiter& waiter,
            const ClientResponse::HeadEditor& edit)
      : follower_(follower), body_(std::move(body)), waiter_(waiter), response_(request, edit) {}

  ClientResponse& response() { return response_; }

  Task<Outcome> run() {
    while (true) {
      auto full = response_.isFull();
      if (!full) co_return std::move(full.error());
      bool isOver = false;
      if (!*full) {
        // Asked before the last read: what is over then has all been read.
        const FlightPhase phase = follower_.phase();
        auto moved = move();
        if (!moved) co_return std::move(moved.error());
        if (*moved) continue;
        auto complete = body_.isComplete();
        if (!complete) co_return std::move(complete.error());
        if (*complete) co_return Outcome{};
        isOver = phase != FlightPhase::kStreaming;
        if (auto flushed = response_.flush(); !flushed) co_return flushed;
      }
      if (isOver) co_return failure(ErrorKind::kBrokenBody, "the request that it followed has failed");
      Interest interest;
      interest.until = Clock::now() + std::chrono::seconds{1};
      interest.here = waiter_.patience();
      if (response_.keepsBack()) interest.clientEvents = POLLOUT;
      const Woken woken = co_await waiter_.until(interest);
      if (woken.clientGone) co_return failure(ErrorKind::kClientGone, "the client has closed its connection");
    }
  }

 private:
  // Whether anything has.
  Result<bool> move() {
    const std::span<char> block = response_.readBuffer();
    auto count = body_.read(block);
    if (!count) return std::move(count.error());
    if (*count == 0) return false;
    if (auto sent = response_.body(block.first(*count)); !sent) return std::move(sent.error());
    if (auto pushed = response_.push(); !pushed) return std::move(pushed.error());
    return true;
  }

  Flights::Follower& follower_;
  FollowedBody body_;
  RequestWaiter& waiter_;
  ClientResponse response_;
};

}  // namespace

Task<int> sendFollowed(request_rec& request, Flights::Follower& follower, FollowedBody body,
                       const StoredResponse& stored, const StoredAnswerPlan& plan, RequestWaiter& waiter,
                       int moduleIndex) {
  Following following(request, follower, std::move(body), waiter, plan.edit);
  StoredHead start = storedHead(request, stored, plan);
  // How long it is, is known by what the backend has said alone: of what is on its way, the record knows no length.
  const HeaderField* said = findField(stored.fields, "Content-Length");
  std::erase_if(start.head.fields,
                [](const HeaderField& field) { return equalsIgnoringCase(field.name, "Content-Length"); });
  if (said && start.hasBody) start.head.fields.push_back(*said);
  following.response().holdAtLeast(1024 * 1024);
  Outcome sent = following.response().head(start.head, true);
  if (sent && start.hasBody) sent = co_await following.run();
  if (sent) {
    ExchangeLimits limits{};
    limits.client = milliseconds{apr_time_as_msec(request.server->timeout)};
    sent = co_await finishResponse(following.response(), limits, waiter);
  }
  if (sent) co_return OK;
  co_return answerError(request, moduleIndex, "the cache", sent.error(), &following.response());
}

}  // namespace proxycommon
