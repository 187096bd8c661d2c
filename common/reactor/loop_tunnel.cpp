// A tunnel that an event loop pumps.
#include "common/reactor/loop_tunnel.h"

#include <algorithm>
#include <utility>

namespace proxycommon {
namespace {

// Reads in one direction before the other tunnels of the loop have their turn.
constexpr int kTurns = 16;
// What comes at once when it is worth while to let the kernel move what follows.
constexpr std::size_t kFlow = 16 * 1024;

// co_await: until the loop has been round once.
struct Yield {
  boost::asio::io_context& context;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> continuation) {
    boost::asio::post(context, [continuation] { continuation.resume(); });
  }
  void await_resume() const noexcept {}
};

}  // namespace

LoopTunnel::Side::Side(boost::asio::io_context& context, std::unique_ptr<Connection> owned)
    : connection(std::move(owned)), descriptor(context, connection->descriptor()) {
  // splice(2) asks the descriptor, not its caller, whether it may block.
  descriptor.native_non_blocking(true);
}

LoopTunnel::LoopTunnel(TunnelHome& home, TunnelPlan plan)
    : home_(home),
      plan_(std::move(plan)),
      client_(home.context, std::move(plan_.client)),
      backend_(home.context, std::move(plan_.backend)),
      timer_(home.context) {}

void LoopTunnel::start() {
  using namespace tunnel_reason;
  home_.tunnels.insert(this);
  const auto self = shared_from_this();
  armTimer();
  pump(self, {client_, backend_, end_.toBackend, kClientEnded, kClientBroke, kBackendBroke},
       std::move(plan_.fromClient));
  pump(self, {backend_, client_, end_.toClient, kBackendEnded, kBackendBroke, kClientBroke},
       std::move(plan_.fromBackend));
}

void LoopTunnel::stop(const char* reason) {
  if (std::exchange(stopped_, true)) return;
  end_.reason = reason;
  timer_.cancel();
  boost::system::error_code ignored;
  client_.descriptor.cancel(ignored);
  backend_.descriptor.cancel(ignored);
}

// Memory is borrowed: a read goes into the loop's own buffer, and only what cannot be passed on at once is kept.
Detached LoopTunnel::pump(std::shared_ptr<LoopTunnel> self, Direction direction, std::string pending) {
  LoopTunnel& tunnel = *self;
  bool open = true;
  direction.count += pending.size();
  if (!pending.empty()) open = co_await tunnel.writeAll(direction, std::move(pending));
  for (int turn = 0; open && !tunnel.stopped_; ++turn) {
    std::size_t moved = 0;
    if (direction.flows) moved = co_await tunnel.moveBulk(direction);
    if (moved > 0) {
      direction.flows = moved >= kFlow;
      open = !tunnel.stopped_;
    } else {
      open = co_await tunnel.moveOnce(direction);
    }
    if (open && turn % kTurns == kTurns - 1) co_await Yield{tunnel.home_.context};
  }
  tunnel.pumpEnded();
}

// A read, and what it brings is written; or a wait. False: nothing more comes in this direction.
Task<bool> LoopTunnel::moveOnce(Direction& direction) {
  const std::span<char> buffer = home_.buffer;
  const IoResult got = direction.from.connection->read(buffer);
  if (got.state == IoState::kWantRead || got.state == IoState::kWantWrite) {
    co_await awaitSide(direction.from, got.state);
    co_return true;
  }
  if (got.state != IoState::kDone) {
    if (got.state == IoState::kFailed) {
      stop(direction.fromBroke);
    } else if (!passOnEnd(direction)) {
      stop(direction.ended);
    }
    co_return false;
  }
  lastMove_ = Clock::now();
  direction.count += got.bytes;
  direction.flows = got.bytes >= kFlow && bothAreClear();
  const IoResult written = direction.to.connection->write(buffer.first(got.bytes), {});
  const std::size_t gone = written.state == IoState::kDone ? written.bytes : 0;
  if (gone == got.bytes) co_return true;
  const bool whole = co_await writeAll(direction, std::string(buffer.data() + gone, got.bytes - gone));
  co_return whole;
}

// How much was moved.
Task<std::size_t> LoopTunnel::moveBulk(Direction& direction) {
  Splicer::Moved moved =
      home_.splicer.move(direction.from.connection->descriptor(), direction.to.connection->descriptor());
  if (moved.bytes > 0) lastMove_ = Clock::now();
  direction.count += moved.bytes;
  if (!moved.rest.empty()) co_await writeAll(direction, std::move(moved.rest));
  co_return moved.bytes;
}

bool LoopTunnel::bothAreClear() const {
  return client_.connection->hasHalfClose() && backend_.connection->hasHalfClose();
}

Task<bool> LoopTunnel::writeAll(Direction& direction, std::string bytes) {
  std::span<const char> rest = bytes;
  while (!rest.empty() && !stopped_) {
    const IoResult written = direction.to.connection->write(rest, {});
    if (written.state == IoState::kDone) {
      rest = rest.subspan(written.bytes);
      lastMove_ = Clock::now();
    } else if (written.state == IoState::kWantRead || written.state == IoState::kWantWrite) {
      co_await awaitSide(direction.to, written.state);
    } else {
      stop(direction.toBroke);
    }
  }
  co_return rest.empty() && !stopped_;
}

ReadyWait LoopTunnel::awaitSide(Side& side, IoState state) {
  return {side.descriptor, state == IoState::kWantRead ? AsioDescriptor::wait_read : AsioDescriptor::wait_write};
}

// False: the whole tunnel ends with this direction.
bool LoopTunnel::passOnEnd(Direction& direction) {
  if (!bothAreClear()) return false;
  direction.to.connection->endWriting();
  if (std::exchange(oneEnded_, true)) stop(tunnel_reason::kBothEnded);
  return true;
}

std::pair<Clock::time_point, const char*> LoopTunnel::nextEnd() const {
  return nextTunnelEnd(plan_.limits, begun_, lastMove_, home_.stoppingSince);
}

// One timer for all limits; it is not moved by traffic, but looks again when it goes off.
void LoopTunnel::armTimer() {
  if (stopped_) return;
  timer_.expires_at(nextEnd().first);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || !self) return;
    const auto [at, reason] = self->nextEnd();
    if (at <= Clock::now()) return self->stop(reason);
    self->armTimer();
  });
}

void LoopTunnel::pumpEnded() {
  if (--pumps_ > 0) return;
  stop(tunnel_reason::kBothEnded);
  home_.tunnels.erase(this);
  client_.descriptor.release();
  backend_.descriptor.release();
  client_.connection.reset();
  backend_.connection.reset();
  end_.duration = std::chrono::duration_cast<milliseconds>(Clock::now() - begun_);
  plan_.ended(end_);
}

}  // namespace proxycommon
