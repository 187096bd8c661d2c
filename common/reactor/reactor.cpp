// The threads of a child that wait for everyone.
#include "common/reactor/reactor.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <list>
#include <system_error>
#include <thread>
#include <utility>

#include "common/base/signals_blocked.h"
#include "common/net/event_loop.h"
#include "common/reactor/loop_tunnel.h"

namespace proxycommon {
namespace {

constexpr milliseconds kFreezing{200};

}  // namespace

Connecting::~Connecting() {
  if (job_ && !job_->isDone()) giveUp_(std::move(job_));
}

// One thread of the reactor. Everything that is not marked otherwise is for that thread.
class Reactor::Loop {
 public:
  Loop() : watched_(context_), freezing_(context_), home_{context_, buffer_, {}, {}} {}
  // Any other thread.
  void stop() {
    work_.reset();
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }
  ~Loop() {
    stop();
    if (watched_.is_open()) watched_.release();
    if (freezing_.is_open()) freezing_.release();
    for (Foreign& foreign : foreign_) foreign.descriptor.release();
  }

  // Before anything else.
  Outcome start(EscapedException escaped) {
    auto connector = Connector::make(context_);
    if (!connector) return std::move(connector.error());
    connector_ = std::move(*connector);
    auto watcher = Watcher::make();
    if (!watcher) return std::move(watcher.error());
    watcher_ = std::move(*watcher);
    watched_.assign(watcher_->descriptor());
    if (!freezer_) return failure(ErrorKind::kInternal, "no descriptor for the reactor");
    freezing_.assign(freezer_.descriptor());
    const SignalsBlocked blocked;
    try {
      thread_ = std::thread([this, escaped] { run(escaped); });
    } catch (const std::system_error& error) {
      return failure(ErrorKind::kInternal, std::string{"no thread for the reactor: "} + error.what());
    }
    return {};
  }

  // Any thread.
  template <class Work>
  void post(Work work) {
    boost::asio::post(context_, std::move(work));
  }
  Watcher& watcher() { return *watcher_; }
  std::size_t tunnels() const { return tunnelCount_.load(std::memory_order_acquire); }
  void pump(std::shared_ptr<TunnelPlan> plan) {
    tunnelCount_.fetch_add(1, std::memory_order_acq_rel);
    post([this, plan] {
      plan->ended = [this, tell = std::move(plan->ended)](const TunnelEnd& end) {
        tell(end);
        tunnelCount_.fetch_sub(1, std::memory_order_acq_rel);
      };
      std::make_shared<LoopTunnel>(home_, std::move(*plan))->start();
    });
  }

  Connector& connector() { return *connector_; }
  LoopServices services() { return {context_, *connector_}; }

  void freeze() const { freezer_.signal(); }
  bool isFrozen() const { return frozen_.load(std::memory_order_acquire); }

  Detached repeat(milliseconds interval, std::function<bool()> work) {
    AsioTimer timer(context_);
    do {
      timer.expires_after(interval);
      co_await TimerWait{timer};
    } while (work());
  }

  void watch(int number, std::function<void()> readable) {
    awaitForeign(foreign_.emplace_back(AsioDescriptor(context_, number), std::move(readable)));
  }

  void drain() {
    home_.stoppingSince = Clock::now();
    for (LoopTunnel* tunnel : home_.tunnels) tunnel->armTimer();
  }

  void endTunnels() {
    // One that ends leaves the set.
    const std::vector<LoopTunnel*> tunnels(home_.tunnels.begin(), home_.tunnels.end());
    for (LoopTunnel* tunnel : tunnels) tunnel->stop(tunnel_reason::kDrained);
  }

 private:
  void run(EscapedException escaped) noexcept {
    awaitWatched();
    freezing_.async_wait(AsioDescriptor::wait_read, [this](const boost::system::error_code& error) {
      if (!error) standStill();
    });
    while (!context_.stopped()) {
      try {
        context_.run();
      } catch (const std::exception& exception) {
        escaped(exception.what());
      }
    }
  }

  void awaitWatched() {
    watched_.async_wait(AsioDescriptor::wait_read, [this](const boost::system::error_code& error) {
      if (error) return;
      watcher_->dispatch();
      awaitWatched();
    });
  }

  struct Foreign {
    AsioDescriptor descriptor;
    std::function<void()> readable;
  };
  void awaitForeign(Foreign& foreign) {
    foreign.descriptor.async_wait(AsioDescriptor::wait_read, [this, &foreign](const boost::system::error_code& error) {
      if (error) return;
      try {
        foreign.readable();
      } catch (...) {
        awaitForeign(foreign);
        throw;
      }
      awaitForeign(foreign);
    });
  }

  void standStill() {
    frozen_.store(true, std::memory_order_release);
    while (true) ::pause();
  }

  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  std::array<char, 64 * 1024> buffer_;
  std::unique_ptr<Watcher> watcher_;
  AsioDescriptor watched_;
  Wake freezer_;
  AsioDescriptor freezing_;
  std::atomic<bool> frozen_ = false;
  std::list<Foreign> foreign_;  // each stays where it is
  std::unique_ptr<Connector> connector_;
  TunnelHome home_;
  std::atomic<std::size_t> tunnelCount_ = 0;
  std::thread thread_;
};

Reactor::Reactor(std::vector<std::unique_ptr<Loop>> loops) : loops_(std::move(loops)) {}
Reactor::~Reactor() = default;

void Reactor::stop() {
  for (const auto& loop : loops_) loop->stop();
}

void Reactor::freeze() {
  for (const auto& loop : loops_) loop->freeze();
  const Deadline deadline = Deadline::after(kFreezing);
  const timespec moment{0, 1'000'000};
  const auto allAreFrozen = [&] {
    return std::all_of(loops_.begin(), loops_.end(), [](const auto& loop) { return loop->isFrozen(); });
  };
  while (!allAreFrozen() && !deadline.expired()) ::nanosleep(&moment, nullptr);
}

std::vector<LoopServices> Reactor::loops() {
  std::vector<LoopServices> services;
  for (const auto& loop : loops_) services.push_back(loop->services());
  return services;
}

unsigned Reactor::defaultThreads() {
  return std::clamp(std::thread::hardware_concurrency(), 1U, 4U);
}

Result<std::unique_ptr<Reactor>> Reactor::start(unsigned threads, EscapedException escaped) {
  std::vector<std::unique_ptr<Loop>> loops;
  for (unsigned index = 0; index < threads; ++index) {
    loops.push_back(std::make_unique<Loop>());
    if (auto started = loops.back()->start(escaped); !started) return std::move(started.error());
  }
  return std::unique_ptr<Reactor>(new Reactor(std::move(loops)));
}

Reactor::Loop& Reactor::next() {
  return *loops_[turn_.fetch_add(1, std::memory_order_relaxed) % loops_.size()];
}

Connecting Reactor::connect(ConnectPlan plan, std::shared_ptr<const Wake> wake) {
  Loop& loop = next();
  const auto job = std::make_shared<ConnectJob>(std::move(plan), [wake = std::move(wake)] { wake->signal(); });
  loop.post([&loop, job] { loop.connector().start(job); });
  return Connecting(job, [&loop](std::shared_ptr<ConnectJob> abandoned) {
    loop.post([&loop, abandoned = std::move(abandoned)] { loop.connector().giveUp(*abandoned); });
  });
}

Watcher& Reactor::watcher() {
  return next().watcher();
}

void Reactor::pump(TunnelPlan plan) {
  next().pump(std::make_shared<TunnelPlan>(std::move(plan)));
}

void Reactor::repeat(milliseconds interval, std::function<bool()> work) {
  Loop& loop = next();
  loop.post([&loop, interval, work = std::move(work)]() mutable { loop.repeat(interval, std::move(work)); });
}

void Reactor::watch(int descriptor, std::function<void()> readable) {
  Loop& loop = next();
  loop.post(
      [&loop, descriptor, readable = std::move(readable)]() mutable { loop.watch(descriptor, std::move(readable)); });
}

void Reactor::drain() {
  for (const auto& loop : loops_) {
    loop->post([&loop = *loop] { loop.drain(); });
    loop->watcher().wakeAll();
  }
}

void Reactor::endTunnels() {
  for (const auto& loop : loops_) loop->post([&loop = *loop] { loop.endTunnels(); });
}

std::size_t Reactor::tunnels() const {
  std::size_t count = 0;
  for (const auto& loop : loops_) count += loop->tunnels();
  return count;
}

}  // namespace proxycommon
