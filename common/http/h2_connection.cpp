// One HTTP/2 connection to a backend on its loop.
#include "common/http/h2_connection.h"

#include <utility>

namespace proxycommon {
namespace {

constexpr std::size_t kBlock = 64 * 1024;
// Streams of one connection that were given up before it takes no more.
constexpr int kMostGivenUp = 100;
// So long a backend may well be thinking.
constexpr milliseconds kSilence{1000};
// Blocks in one direction before the others of the loop have their turn.
constexpr int kTurns = 16;
constexpr std::chrono::seconds kProbe{5};

}  // namespace

H2Connection::H2Connection(boost::asio::io_context& context, std::unique_ptr<Connection> connection,
                           milliseconds idleTime, std::function<void()> changed)
    : context_(context),
      connection_(std::move(connection)),
      descriptor_(context, connection_->descriptor()),
      timer_(context),
      probeTimer_(context),
      idleTime_(idleTime),
      changed_(std::move(changed)),
      buffer_(kBlock) {}

H2Connection::~H2Connection() {
  if (descriptor_.is_open()) descriptor_.release();
}

void H2Connection::start(milliseconds limit) {
  startLimit_ = limit;
  armTimer(limit);
  writeSoon();
  awaitReadable();
}

void H2Connection::open(const std::shared_ptr<H2Stream>& stream) {
  isIdle_ = false;
  timer_.cancel();
  const auto id = session_.open(stream->request(), stream);
  writeSoon();
  if (!id) return stream->onFailed(id.error());
  stream->setPlace(weak_from_this(), *id, {connection_->address(), std::exchange(hasCarried_, true)});
}

void H2Connection::attend(H2Stream& stream) {
  const H2Stream::Tasks tasks = stream.settle();
  if (isOver()) return;
  if (tasks.left) {
    if (session_.cancel(stream.id())) noteGivenUp();
  } else {
    if (tasks.bodyIsReady) session_.bodyIsReady(stream.id());
    if (tasks.consumed > 0) session_.consumed(stream.id(), tasks.consumed);
  }
  writeSoon();
}

void H2Connection::close() {
  session_.close();
  writeSoon();
}

void H2Connection::awaitReadable() {
  if (isOver()) return;
  descriptor_.async_wait(AsioDescriptor::wait_read,
                         [self = shared_from_this()](const boost::system::error_code& error) {
                           if (!error) self->readAll();
                         });
}

void H2Connection::readAll() {
  if (isOver()) return;
  for (int turn = 0; turn < kTurns && !isOver(); ++turn) {
    const IoResult got = connection_->read(buffer_);
    if (got.state == IoState::kWantRead || got.state == IoState::kWantWrite) {
      if (got.state == IoState::kWantWrite) awaitWritable(got.state);
      writeSoon();
      return awaitReadable();
    }
    if (got.state != IoState::kDone) {
      if (auto said = connection_->failureOfRead()) return end(std::move(*said));
      return end(session_.endOf(got.state == IoState::kClosed ? "the backend has closed the connection"
                                                              : "the connection to the backend was reset"));
    }
    isProbing_ = false;
    lastRead_ = Clock::now();
    if (auto fed = session_.feed(std::span<const char>(buffer_).first(got.bytes)); !fed)
      return end(std::move(fed.error()));
    tellChanged();
  }
  if (isOver()) return;
  writeSoon();
  boost::asio::post(context_, [self = shared_from_this()] { self->readAll(); });
}

// Once for all that the loop's turn brings.
void H2Connection::writeSoon() {
  if (std::exchange(writeIsPosted_, true)) return;
  boost::asio::post(context_, [self = shared_from_this()] {
    self->writeIsPosted_ = false;
    self->writeAll();
  });
}

void H2Connection::writeAll() {
  for (int turn = 0; !isOver() && !awaitsWrite_; ++turn) {
    if (turn == kTurns) return writeSoon();
    if (outTaken_ == out_.size()) {
      out_.clear();
      outTaken_ = 0;
      if (auto made = session_.output(out_, kBlock); !made) return end(std::move(made.error()));
      if (out_.empty()) break;
    }
    const IoResult written = connection_->write(std::span<const char>(out_).subspan(outTaken_), {});
    if (written.state == IoState::kDone) {
      outTaken_ += written.bytes;
    } else if (written.state == IoState::kWantWrite || written.state == IoState::kWantRead) {
      awaitWritable(written.state);
    } else {
      // What the backend has sent before says more than that it has closed: it is read to its end.
      awaitsWrite_ = true;
    }
  }
  if (isOver()) return;
  if (session_.isOver() && outTaken_ == out_.size()) return end(session_.endOf());
  looksIdle();
  tellChanged();
}

void H2Connection::awaitWritable(IoState state) {
  if (std::exchange(awaitsWrite_, true)) return;
  descriptor_.async_wait(state == IoState::kWantRead ? AsioDescriptor::wait_read : AsioDescriptor::wait_write,
                         [self = shared_from_this()](const boost::system::error_code& error) {
                           self->awaitsWrite_ = false;
                           if (!error) self->writeAll();
                         });
}

void H2Connection::armTimer(milliseconds limit) {
  timer_.expires_after(limit);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!error && self && !self->isOver()) self->timeIsUp();
  });
}

void H2Connection::timeIsUp() {
  if (!isReady())
    return end(failure(ErrorKind::kConnectTimeout, "no SETTINGS of HTTP/2 came from the backend within " +
                                                       std::to_string(startLimit_.count()) + " ms"));
  if (isIdle_ && session_.openStreams() == 0) close();
}

// The timer runs from the end of the last stream.
void H2Connection::looksIdle() {
  if (!isReady() || session_.openStreams() > 0 || std::exchange(isIdle_, true)) return;
  armTimer(idleTime_);
}

// Backends take many resets for an attack, and end the connection for all who share it: it takes no more streams before
// that. And a request that is given up may have waited for a backend that is gone without a word.
void H2Connection::noteGivenUp() {
  if (++givenUp_ == kMostGivenUp) return close();
  if (Clock::now() - lastRead_ > kSilence) probe();
}

// Nobody else should wait for a backend that is gone, until TCP finds out. What is under way has its own limits.
void H2Connection::probe() {
  if (std::exchange(isProbing_, true)) return;
  session_.ping();
  probeTimer_.expires_after(kProbe);
  probeTimer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!error && self && self->isProbing_ && !self->isOver()) self->close();
  });
}

void H2Connection::end(Error why) {
  if (isOver()) return;
  over_ = std::move(why);
  timer_.cancel();
  probeTimer_.cancel();
  boost::system::error_code ignored;
  descriptor_.cancel(ignored);
  descriptor_.release();
  connection_.reset();
  session_.lost(over_->detail);
  tellChanged();
}

void H2Connection::tellChanged() {
  if (std::exchange(changeIsPosted_, true)) return;
  boost::asio::post(context_, [self = shared_from_this()] {
    self->changeIsPosted_ = false;
    self->changed_();
  });
}

}  // namespace proxycommon
