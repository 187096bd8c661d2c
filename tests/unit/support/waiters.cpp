// See waiters.h.
#include "tests/unit/support/waiters.h"

#include <array>

#include "common/net/wait.h"

namespace proxytest {

using proxycommon::Clock;
using proxycommon::Deadline;

std::optional<Woken> awaitEvents(const Interest& interest, WatchedClient client, Clock::time_point until) {
  const short hangUp = client.halfClose || interest.clientMayEnd ? 0 : POLLRDHUP;
  std::array<pollfd, 2> descriptors{pollfd{interest.backend, interest.backendEvents, 0},
                                    pollfd{client.descriptor, static_cast<short>(interest.clientEvents | hangUp), 0}};
  if (!proxycommon::waitFor(descriptors, Deadline::at(until))) return std::nullopt;
  Woken woken;
  woken.backend = descriptors[0].revents != 0;
  woken.clientGone = (descriptors[1].revents & (POLLHUP | POLLERR | POLLRDHUP)) != 0;
  woken.client = (descriptors[1].revents & (POLLIN | POLLOUT)) != 0;
  return woken;
}

bool BlockingWaiter::waitHere(const Interest& interest) {
  ++waits_;
  woken_ = awaitEvents(interest, client_, interest.until).value_or(Woken{});
  return true;
}

void ParkingWaiter::park(const Interest& interest, std::coroutine_handle<> continuation) {
  interest_ = interest;
  continuation_ = continuation;
}

void ParkingWaiter::resume(Woken woken) {
  woken_ = woken;
  std::exchange(continuation_, {}).resume();
}

void ParkingWaiter::resumeWhenReady() {
  resume(awaitEvents(interest_, client_, interest_.until).value_or(Woken{}));
}

}  // namespace proxytest
