// LoopTunnel: a tunnel that an event loop pumps: a coroutine for each direction, memory only for bytes that could not
// be passed on yet. Between reactor files only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <span>
#include <unordered_set>

#include "common/base/task.h"
#include "common/net/event_loop.h"
#include "common/reactor/splicer.h"
#include "common/reactor/tunnel.h"

namespace proxycommon {

class LoopTunnel;

// What the tunnels of one loop share. On the loop's thread.
struct TunnelHome {
  boost::asio::io_context& context;
  std::span<char> buffer;  // borrowed between two waits
  Splicer splicer;
  std::unordered_set<LoopTunnel*> tunnels;
  Clock::time_point stoppingSince = Clock::time_point::max();
};

// On the thread of its loop. Owns itself from start() until it has ended.
class LoopTunnel : public std::enable_shared_from_this<LoopTunnel> {
 public:
  LoopTunnel(TunnelHome& home, TunnelPlan plan);

  void start();
  void stop(const char* reason);
  // After home.stoppingSince has changed.
  void armTimer();

 private:
  struct Side {
    Side(boost::asio::io_context& context, std::unique_ptr<Connection> connection);
    std::unique_ptr<Connection> connection;
    AsioDescriptor descriptor;
  };
  // One direction.
  struct Direction {
    Side& from;
    Side& to;
    std::uint64_t& count;
    const char* ended;
    const char* fromBroke;
    const char* toBroke;
    bool flows = false;  // much came at once
  };

  static Detached pump(std::shared_ptr<LoopTunnel> self, Direction direction, std::string pending);
  Task<bool> moveOnce(Direction& direction);
  Task<std::size_t> moveBulk(Direction& direction);
  Task<bool> writeAll(Direction& direction, std::string bytes);
  ReadyWait awaitSide(Side& side, IoState state);
  bool passOnEnd(Direction& direction);
  bool bothAreClear() const;
  std::pair<Clock::time_point, const char*> nextEnd() const;
  void pumpEnded();

  TunnelHome& home_;
  TunnelPlan plan_;
  Side client_;
  Side backend_;
  AsioTimer timer_;
  Clock::time_point begun_ = Clock::now();
  Clock::time_point lastMove_ = begun_;
  TunnelEnd end_;
  bool stopped_ = false;
  bool oneEnded_ = false;
  int pumps_ = 2;
};

}  // namespace proxycommon
