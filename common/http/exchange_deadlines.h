// ExchangeDeadlines: until when what is under way in an exchange must have moved, and what it is called if it has not.
// Whoever drives the exchange tells what happens; this decides whose time is running. No I/O. Inside common/http only.
#pragma once

#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/http/exchange.h"

namespace proxycommon {

// One thread at a time.
class ExchangeDeadlines {
 public:
  explicit ExchangeDeadlines(const ExchangeLimits& limits) : limits_(limits) {}

  struct Due {
    Clock::time_point at;
    ErrorKind kind;
  };
  // What the exchange is at.
  enum class Phase { kClientSends, kSending, kAwaitingContinue, kAwaitingHead, kReceiving };

  void sent() { lastSent_ = Clock::now(); }
  Clock::time_point received() { return lastReceived_ = Clock::now(); }
  // An interim head has come: the next one has its own time.
  void interimCame() { head_.reset(); }
  // Whether the client lets us wait before it takes more.
  void clientIsBehind(bool isBehind);
  bool isClientBehind() const { return clientBehindSince_.has_value(); }
  // The one that is behind has taken something.
  void clientMoved() { clientBehindSince_ = Clock::now(); }

  Due due(Phase phase);
  // What is told where `kind` was due and nothing had come.
  Error tooLate(ErrorKind kind) const;

 private:
  Due dueAlone(Phase phase);

  const ExchangeLimits limits_;
  std::optional<Clock::time_point> head_;
  std::optional<Clock::time_point> continue_;
  std::optional<Clock::time_point> clientBehindSince_;
  Clock::time_point lastSent_ = Clock::now();
  Clock::time_point lastReceived_ = lastSent_;
};

}  // namespace proxycommon
