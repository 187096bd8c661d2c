// RequestFlight: one request's part in the flights of all children: it leads one, which others may follow, or it
// follows one, or it goes alone. What is brought, and whether that does, is RequestCache's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/base/task.h"
#include "common/cache/digest.h"
#include "common/cache/flights.h"
#include "common/cache/incoming_body.h"
#include "common/httpd/request_waiter.h"

namespace proxycommon {

using FlightLeader = std::shared_ptr<Flights::Leader>;

// One thread at a time. The waiter outlives it.
class PROXYCOMMON_API RequestFlight {
 public:
  // `patience`: how long it waits for others, in all. `leader`, unless nullptr: it leads from the beginning.
  RequestFlight(RequestWaiter& waiter, milliseconds patience, FlightLeader leader);
  // Whoever follows is told that nothing comes, unless it has come.
  ~RequestFlight();
  RequestFlight(const RequestFlight&) = delete;

  // Whether it may wait for others: not once it has done so in vain again and again.
  bool mayBoard() const;
  enum class Seat { kLeads, kFollows, kAlone };
  Seat board(const Digest& key);
  // Of the flight that it has boarded last.
  const Digest& key() const { return key_; }

  // What comes of following.
  enum class News {
    kLeads,    // its leader has died, and it leads now
    kStored,   // the store has it, or had: look there
    kStreams,  // takeBody() gives what there is so far, and what comes
    kAlone,    // everybody for himself
    kFailed,   // the leader has brought nothing
  };
  // Of who follows. Errors: kTotalTimeout, kClientGone.
  Task<Result<News>> wait();
  // Of kStreams.
  FollowedBody takeBody();
  Flights::Follower& follower() { return *follower_; }
  // It follows no more.
  void leave() { follower_.reset(); }

  bool leads() const { return leader_ != nullptr; }
  // Of who leads; nothing otherwise.
  void end(FlightPhase phase);
  // The duty to end it goes to another.
  FlightLeader release() { return std::exchange(leader_, nullptr); }
  // Whether anybody waits for what it brings.
  bool isAwaited() const;
  // It can be followed in that file, and more has come.
  void stream(const std::string& path);
  void grew();
  // From now on it leads the flight of that key, which those who follow have yet to come over to; gives the one before.
  // nullptr: another leads there, or it did not lead, and nothing has changed.
  FlightLeader changeTo(const Digest& key);

 private:
  void lead(FlightLeader leader);

  RequestWaiter& waiter_;
  const milliseconds patience_;
  FlightLeader leader_;
  std::unique_ptr<Flights::Follower> follower_;
  std::optional<FollowedBody> body_;
  Digest key_;
  unsigned boardings_ = 0;
  std::optional<Clock::time_point> waitsUntil_;
  bool isStreamed_ = false;
  bool hasBroughtOthers_ = false;  // who have yet to come over from the flight before
};

}  // namespace proxycommon
