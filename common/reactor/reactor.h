// Reactor: the few threads of a child that wait for everyone. It makes connections, watches what parked requests wait
// for, and pumps tunnels whose client is no worker's any more. It knows nothing of HTTP and nothing of httpd.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/net/connector.h"
#include "common/reactor/tunnel.h"
#include "common/reactor/wake.h"
#include "common/reactor/watcher.h"

namespace proxycommon {

// A connection on its way; given up when this dies first. One thread at a time.
class PROXYCOMMON_API Connecting {
 public:
  ~Connecting();
  Connecting(Connecting&&) = default;
  Connecting& operator=(Connecting&&) = delete;

  bool isDone() const { return job_->isDone(); }
  // Precondition: isDone(). Once.
  Result<Connected> take() { return job_->take(); }

 private:
  friend class Reactor;
  Connecting(std::shared_ptr<ConnectJob> job, std::function<void(std::shared_ptr<ConnectJob>)> giveUp)
      : job_(std::move(job)), giveUp_(std::move(giveUp)) {}
  std::shared_ptr<ConnectJob> job_;
  std::function<void(std::shared_ptr<ConnectJob>)> giveUp_;
};

using EscapedException = void (*)(const char* what) noexcept;

// Any thread.
class PROXYCOMMON_API Reactor {
 public:
  // As many threads as processors, at most four.
  static unsigned defaultThreads();

  // `escaped` hears of an exception that reached the end of a thread, which then goes on. Error kInternal: no
  // descriptors or threads left.
  static Result<std::unique_ptr<Reactor>> start(unsigned threads, EscapedException escaped);
  ~Reactor();
  // Ends its threads. Whoever is parked is not woken any more; what is asked of it afterwards is not done.
  void stop();
  // For an end within a signal handler, where nothing may be locked or joined: its threads do nothing any more, for
  // ever. Waits for that, but not long: one that holds a lock, or wants one, stands still as well.
  void freeze();

  // `wake` is signalled when it is done.
  Connecting connect(ConnectPlan plan, std::shared_ptr<const Wake> wake);
  // One of its watchers; a watch is removed where it was added.
  Watcher& watcher();
  void pump(TunnelPlan plan);
  // Calls `work` on one of its threads, again and again, until it gives false.
  void repeat(milliseconds interval, std::function<bool()> work);
  // Calls `readable` on one of its threads each time the descriptor is readable, for as long as it is, until stop().
  // The descriptor is not closed, and outlives this.
  void watch(int descriptor, std::function<void()> readable);
  // For those who run code of their own on its loops.
  std::vector<LoopServices> loops();

  // The child stops: from now on tunnels have as long as their drain limit; parked requests are woken to look again.
  void drain();
  // They end now.
  void endTunnels();
  std::size_t tunnels() const;

 private:
  class Loop;
  explicit Reactor(std::vector<std::unique_ptr<Loop>> loops);
  Loop& next();

  std::vector<std::unique_ptr<Loop>> loops_;
  std::atomic<unsigned> turn_ = 0;
};

}  // namespace proxycommon
