// How a request waits inside httpd.
#include "common/httpd/request_waiter.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/text.h"
#include "common/httpd/background_request.h"
#include "common/httpd/client_socket.h"
#include "common/httpd/parking.h"
#include "common/net/wait.h"

namespace proxycommon {
namespace {

// The event MPM closes a connection whose wait takes longer than Timeout, without a response and without a line in the
// log: each wait ends before, and begins anew. Of two vhosts on one connection it may take either's.
milliseconds mpmLimit(const request_rec& request) {
  const apr_interval_time_t timeout = std::min(request.server->timeout, request.connection->base_server->timeout);
  return milliseconds{std::max<apr_int64_t>(apr_time_as_msec(timeout) / 2, 50)};
}

}  // namespace

Result<ParkPolicy> readPark(std::string_view text) {
  if (equalsIgnoringCase(text, "off")) return ParkPolicy{.allowed = false};
  if (text == "0") return ParkPolicy{.patience = milliseconds{0}};
  const auto patience = parseDuration(text);
  if (patience && *patience <= std::chrono::minutes{1}) return ParkPolicy{.patience = *patience};
  return failure(ErrorKind::kInternal,
                 "\"" + printable(text) + "\" is neither Off nor 0 nor a duration of at most 1min, such as 20ms");
}

RequestWaiter::RequestWaiter(request_rec& request, const ParkPolicy& policy)
    : request_(request),
      child_(childOf(*request.server)),
      policy_(policy),
      mayPark_(policy.allowed && child_.reactor && !request.main && !request.prev &&
               isOurConnection(*request.connection)),
      isInBackground_(isInBackground(*request.connection)),
      client_(isInBackground_              ? child_.background.stopDescriptor()
              : request.connection->master ? streamDescriptor(*request.connection)
                                           : clientDescriptor(*request.connection)),
      seenStopping_(child_.stoppingSince) {}

RequestWaiter::~RequestWaiter() {
  if (watcher_) unpark();
}

milliseconds RequestWaiter::patience() const {
  return mayPark_ && child_.workersAreScarce() ? milliseconds{0} : policy_.patience;
}

std::shared_ptr<const Wake> RequestWaiter::wake() {
  if (wake_) return wake_;
  auto made = std::make_shared<Wake>();
  if (*made && mayPark_) standIn_ = FileDescriptor{::fcntl(made->descriptor(), F_DUPFD_CLOEXEC, 0)};
  if (*made && (!mayPark_ || standIn_)) wake_ = std::move(made);
  return wake_;
}

bool RequestWaiter::waitHere(const Interest& interest) {
  woken_ = {};
  if (hasBegunToStop()) return true;
  const auto now = Clock::now();
  if (!mayPark_) {
    // It looks up now and then, for what no descriptor tells: that its child stops.
    block(interest, std::min(interest.until, now + std::chrono::seconds{1}));
    return true;
  }
  if (interest.until <= now) return true;
  if (interest.here.count() > 0 && block(interest, std::min(interest.until, now + interest.here))) return true;
  if (wake()) return false;
  // Out of descriptors: the worker waits, and httpd has one request more that holds one.
  block(interest, std::min(interest.until, now + std::chrono::seconds{1}));
  return true;
}

// Once: whoever waits then looks at its limits again.
bool RequestWaiter::hasBegunToStop() {
  const Clock::rep stopping = child_.stoppingSince;
  return std::exchange(seenStopping_, stopping) != stopping;
}

short RequestWaiter::hangUpEvent(const Interest& interest) const {
  // Without a client, what is watched in its place becomes readable in the end.
  if (isInBackground_) return POLLIN;
  return policy_.halfClose || interest.clientMayEnd || request_.connection->master ? 0 : POLLRDHUP;
}

// Whether anything came before `until`.
bool RequestWaiter::block(const Interest& interest, Clock::time_point until) {
  const bool watchesClient = interest.clientEvents != 0 || !request_.connection->master || isInBackground_;
  const short hangUp = hangUpEvent(interest);
  std::array<pollfd, 3> descriptors{
      pollfd{interest.backend, interest.backendEvents, 0},
      pollfd{watchesClient ? client_ : -1, static_cast<short>(interest.clientEvents | hangUp), 0},
      pollfd{wake_ ? wake_->descriptor() : -1, POLLIN, 0}};
  const bool ready = waitFor(descriptors, Deadline::at(until));
  // A stream of HTTP/2 has no descriptor that would tell of it.
  const conn_rec* master = request_.connection->master;
  woken_.clientGone = (master && (request_.connection->aborted || master->aborted)) ||
                      (isInBackground_ && child_.background.isStopping());
  if (!ready) {
    overlookClient();
    return woken_.clientGone;
  }
  woken_.backend = descriptors[0].revents != 0;
  // An invalid one: the MPM stops, and has closed it.
  woken_.clientGone |= (descriptors[1].revents & (POLLHUP | POLLERR | POLLRDHUP | POLLNVAL)) != 0;
  woken_.client = (descriptors[1].revents & (POLLIN | POLLOUT)) != 0;
  if (descriptors[2].revents != 0) wake_->clear();
  overlookClient();
  return true;
}

bool RequestWaiter::clientHasGone() {
  block({}, Clock::now());
  return woken_.clientGone;
}

void RequestWaiter::park(const Interest& interest, std::coroutine_handle<> continuation) {
  continuation_ = continuation;
  const short hangUp = hangUpEvent(interest);
  Watcher& watcher = child_.reactor->watcher();
  noteParked(request_, *this);
  child_.counters.parked.fetch_add(1, std::memory_order_relaxed);
  watcher_ = &watcher;
  watch_ = watcher.add(
      {interest.backend, interest.backendEvents, client_, static_cast<short>(interest.clientEvents | hangUp),
       std::min(interest.until, Clock::now() + mpmLimit(request_))},
      wake_);
  // It may have been told since the wait began, when this was nobody yet that could be woken.
  if (hasBegunToStop()) wake_->signal();
}

void RequestWaiter::unpark() {
  woken_ = std::exchange(watcher_, nullptr)->remove(watch_);
  wake_->clear();
  child_.counters.parked.fetch_sub(1, std::memory_order_relaxed);
  overlookClient();
}

// Its descriptor would end every wait from now on.
void RequestWaiter::overlookClient() {
  if (!outlives_ || isInBackground_ || !woken_.clientGone) return;
  client_ = -1;
  hasLost_ = true;
  woken_.clientGone = false;
}

void RequestWaiter::forgetStandIn() {
  standIn_.release();
  if (!watcher_) return;
  std::exchange(watcher_, nullptr)->remove(watch_);
  child_.counters.parked.fetch_sub(1, std::memory_order_relaxed);
}

void RequestWaiter::resume() {
  unpark();
  std::exchange(continuation_, {}).resume();
}

}  // namespace proxycommon
