// The HTTP/2 connections to one backend.
#include "common/http/h2_peer.h"

#include <algorithm>
#include <utility>

namespace proxycommon {
namespace {

// While some connections stand, and no further one can be made.
constexpr std::chrono::seconds kBetweenFailures{1};

}  // namespace

void H2Peer::callAttention(const std::shared_ptr<H2Peer>& self, const std::shared_ptr<H2Stream>& stream) {
  boost::asio::post(self->loop_.context, [self, stream] { self->attend(*stream); });
}

void H2Peer::enter(const std::shared_ptr<H2Peer>& self, std::shared_ptr<H2Stream> stream, H2PeerPlan plan) {
  boost::asio::post(self->loop_.context, [self, stream = std::move(stream), plan = std::move(plan)]() mutable {
    self->plan_ = std::move(plan);
    self->waiting_.push_back(std::move(stream));
    self->assign();
  });
}

void H2Peer::attend(H2Stream& stream) {
  if (const auto connection = stream.connection()) return connection->attend(stream);
  stream.settle();
  const auto found =
      std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& one) { return one.get() == &stream; });
  if (found != waiting_.end() && stream.isLeft()) waiting_.erase(found);
}

void H2Peer::assign() {
  while (!waiting_.empty() && placeOne(waiting_.front())) waiting_.pop_front();
  while (shouldDial()) dial();
}

bool H2Peer::placeOne(const std::shared_ptr<H2Stream>& stream) {
  if (stream->isLeft()) return true;
  const auto found = std::find_if(ready_.begin(), ready_.end(), [](const auto& one) { return one->freeStreams() > 0; });
  if (found == ready_.end()) return false;
  (*found)->open(stream);
  return true;
}

// Those that are on their way will take some of those that wait.
bool H2Peer::shouldDial() const {
  const std::size_t begun = dials_ + beginning_.size();
  if (waiting_.size() <= begun * streamsEach_ || Clock::now() < dialAgain_) return false;
  // One that the backend is closing is not counted: its streams may take hours to end.
  const auto standing =
      std::count_if(ready_.begin(), ready_.end(), [](const auto& one) { return one->takesStreams(); });
  return plan_.maximum == 0 || static_cast<std::size_t>(standing) + begun < plan_.maximum;
}

void H2Peer::dial() {
  ++dials_;
  const auto place = std::make_shared<std::shared_ptr<ConnectJob>>();
  auto job = std::make_shared<ConnectJob>(plan_.connect, [self = shared_from_this(), place, begun = Clock::now()] {
    // Not at once: the dial is still under way in the caller.
    boost::asio::post(self->loop_.context,
                      [self, job = std::exchange(*place, {}), begun] { self->dialled(job, begun); });
  });
  *place = job;
  loop_.connector.start(std::move(job));
}

void H2Peer::dialled(const std::shared_ptr<ConnectJob>& job, Clock::time_point begun) {
  --dials_;
  auto made = job->take();
  if (!made) return dialFailed(made.error());
  const auto spent = std::chrono::duration_cast<milliseconds>(Clock::now() - begun);
  made->connection->setAddress(std::move(made->report.address));
  auto connection = std::make_shared<H2Connection>(loop_.context, std::move(made->connection), plan_.idleTime,
                                                   [weak = weak_from_this()] {
                                                     if (const auto self = weak.lock()) self->changed();
                                                   });
  beginning_.push_back(connection);
  connection->start(std::max(plan_.connect.limit - spent, milliseconds{1}));
}

void H2Peer::changed() {
  std::erase_if(ready_, [](const auto& one) { return one->isOver(); });
  for (std::size_t index = 0; index < beginning_.size();) {
    const auto connection = beginning_[index];
    const bool isReady = connection->isReady() && !connection->isOver();
    if (!isReady && !connection->isOver()) {
      ++index;
      continue;
    }
    beginning_.erase(beginning_.begin() + static_cast<std::ptrdiff_t>(index));
    if (!isReady) {
      dialFailed(connection->error());
      continue;
    }
    streamsEach_ = std::max<std::size_t>(connection->streamLimit(), 1);
    if (connection->freeStreams() > 0) {
      ready_.push_back(connection);
    } else {
      connection->close();
      dialFailed(failure(ErrorKind::kRefused, "the backend takes no streams on a connection of HTTP/2"));
    }
  }
  assign();
}

void H2Peer::tryLater() {
  timer_.expires_at(dialAgain_);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    if (const auto self = weak.lock(); self && !error) self->assign();
  });
}

// Whoever waits is served by what stands already, or else hears of it.
void H2Peer::dialFailed(const Error& error) {
  dialAgain_ = Clock::now() + kBetweenFailures;
  if (dials_ + beginning_.size() > 0) return;
  // One that is closing serves nobody.
  if (std::any_of(ready_.begin(), ready_.end(), [](const auto& one) { return one->takesStreams(); })) return tryLater();
  dialAgain_ = {};
  for (const auto& stream : std::exchange(waiting_, {})) stream->onFailed(error);
}

}  // namespace proxycommon
