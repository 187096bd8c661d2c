// IdleLimit: how long one peer lets a connection be idle, as far as it has said so or shown it. A connection is retired
// before that: the request that goes out while the peer closes is the one that nobody can save. Pure.
#pragma once

#include <optional>

#include "common/base/clock.h"
#include "common/base/export.h"

namespace proxycommon {

// One thread at a time. All spans are how long a connection had been idle.
class PROXYCOMMON_API IdleLimit {
 public:
  // The peer has said so (Keep-Alive: timeout=).
  void promised(milliseconds span);
  // A connection was found open.
  void foundOpen(milliseconds idle);
  // A connection was found closed; when it was last looked at it was open.
  void foundClosed(milliseconds lastOpen, milliseconds closed, Clock::time_point now);

  // From when on a connection is not used any more; the largest span where nothing is known.
  milliseconds retirement(Clock::time_point now) const;
  // The same for a request that cannot be sent a second time: where nothing is known, a connection must be young.
  milliseconds safety(Clock::time_point now) const;

 private:
  struct Closing {
    milliseconds lastOpen;
    milliseconds closed;
    Clock::time_point when;
  };
  std::optional<milliseconds> promised_;
  std::optional<milliseconds> observed_;
  Clock::time_point observedAt_{};
  std::optional<Closing> lastClosing_;
  milliseconds longestOpen_{0};
};

}  // namespace proxycommon
