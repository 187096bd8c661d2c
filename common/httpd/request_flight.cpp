// A request that leads or follows.
#include "common/httpd/request_flight.h"

#include <utility>

#include "common/httpd/flight_wait.h"

namespace proxycommon {
namespace {

// Who has waited for others in vain so often goes itself.
constexpr unsigned kMostBoardings = 3;

}  // namespace

RequestFlight::RequestFlight(RequestWaiter& waiter, milliseconds patience, FlightLeader leader)
    : waiter_(waiter), patience_(patience), leader_(std::move(leader)) {}

RequestFlight::~RequestFlight() {
  end(FlightPhase::kFailed);
}

bool RequestFlight::mayBoard() const {
  return patience_.count() > 0 && boardings_ < kMostBoardings;
}

RequestFlight::Seat RequestFlight::board(const Digest& key) {
  leave();
  auto wake = flightWakeOf(waiter_);
  if (!wake) return Seat::kAlone;
  ++boardings_;
  key_ = key;
  auto boarding = waiter_.child().flights->board(key, std::move(*wake));
  if (boarding.leader) {
    lead(std::move(boarding.leader));
    return Seat::kLeads;
  }
  follower_ = std::move(boarding.follower);
  return follower_ ? Seat::kFollows : Seat::kAlone;
}

// Others may come to wait for it: that its own client goes is no reason to stop, until it is known that they cannot
// share it.
void RequestFlight::lead(FlightLeader leader) {
  leader_ = std::move(leader);
  waiter_.outliveClient();
}

Task<Result<RequestFlight::News>> RequestFlight::wait() {
  if (!waitsUntil_) waitsUntil_ = Clock::now() + patience_;
  FlightPhase known = FlightPhase::kAsking;
  while (true) {
    auto changed = co_await followUntilChange(*follower_, known, waiter_, *waitsUntil_);
    if (!changed) co_return std::move(changed.error());
    switch (*changed) {
      case FlightPhase::kStored:
        co_return News::kStored;
      case FlightPhase::kUncacheable:
        co_return News::kAlone;
      case FlightPhase::kFailed:
        co_return News::kFailed;
      case FlightPhase::kAbandoned:
        if (auto taken = follower_->takeOver()) {
          lead(std::move(taken));
          co_return News::kLeads;
        }
        [[fallthrough]];
      case FlightPhase::kAsking:
        // Another has taken over, and may be further already.
        known = FlightPhase::kAsking;
        break;
      case FlightPhase::kStreaming: {
        auto body = FollowedBody::open(follower_->path());
        if (!body) co_return News::kAlone;
        body_ = std::move(*body);
        if (body_) co_return News::kStreams;
        // It is on its way to its place in the store, and its flight over in a moment.
        known = FlightPhase::kStreaming;
        break;
      }
    }
  }
}

FollowedBody RequestFlight::takeBody() {
  FollowedBody body = std::move(*body_);
  body_.reset();
  return body;
}

void RequestFlight::end(FlightPhase phase) {
  if (!leader_) return;
  leader_->end(phase);
  leader_.reset();
}

bool RequestFlight::isAwaited() const {
  return leader_ && (hasBroughtOthers_ || leader_->isFollowed());
}

void RequestFlight::stream(const std::string& path) {
  if (!leader_) return;
  if (!std::exchange(isStreamed_, true)) leader_->stream(path);
  leader_->grew();
}

void RequestFlight::grew() {
  if (leader_) leader_->grew();
}

FlightLeader RequestFlight::changeTo(const Digest& key) {
  if (!leader_) return nullptr;
  FlightLeader own = waiter_.child().flights->board(key, [] {}).leader;
  if (!own) return nullptr;
  FlightLeader before = std::exchange(leader_, std::move(own));
  hasBroughtOthers_ = before->isFollowed();
  return before;
}

}  // namespace proxycommon
