// Checks members on event loops.
#include "mod_revproxy/health/monitor.h"

#include <algorithm>
#include <exception>
#include <random>

#include "common/reactor/loop_waiter.h"
#include "mod_revproxy/health/leadership.h"
#include "mod_revproxy/health/probe.h"

namespace revproxy {

using proxycommon::Clock;
using proxycommon::LoopServices;

namespace {

// Without the advice, which is for those who see a request fail.
std::string shortly(const proxycommon::Error& error) {
  return std::string{proxycommon::traitsOf(error.kind).name} + ": " + error.detail;
}

}  // namespace

// What the tasks share. What the monitor was given is called under the lock alone.
struct Monitor::State {
  explicit State(MonitorSeams seams)
      : leadership(std::move(seams.isLeader)), changed(std::move(seams.changed)), random(std::random_device{}()) {}

  double share() {
    const auto lock = leadership.lockWhileLeading();
    return lock ? std::uniform_real_distribution<double>(0, 1)(random) : 0;
  }

  // nullopt: nothing is to be checked.
  std::optional<Result<HealthTarget::Dialled>> dial(const HealthTarget& target) {
    const auto lock = leadership.lockWhileLeading();
    if (!lock) return std::nullopt;
    auto dialled = target.dial();
    if (!dialled) return std::move(dialled.error());
    if (!*dialled) return std::nullopt;
    return std::move(**dialled);
  }

  void note(const HealthTarget& target, const std::string& member, const ProbeResult& result) {
    const auto lock = leadership.lockWhileLeading();
    if (!lock) return;
    const HealthCheck& check = *target.check;
    const HealthChange change = noteProbe(*target.state, result, check.rise, check.fall, Clock::now());
    if (change == HealthChange::kNone) return;
    const auto& inRow = change == HealthChange::kUp ? target.state->successes : target.state->failures;
    changed({member, target.balancer, change, inRow.load(), result.outcome ? "" : shortly(result.outcome.error())});
  }

  Leadership leadership;
  const std::function<void(const HealthNews&)> changed;
  std::minstd_rand random;
};

Monitor::Monitor(std::vector<LoopServices> loops, MonitorSeams seams, std::vector<HealthTarget> targets)
    : state_(std::make_shared<State>(std::move(seams))) {
  std::size_t turn = 0;
  tasks_.reserve(targets.size());
  for (HealthTarget& target : targets)
    tasks_.emplace_back(loops[turn++ % loops.size()], [state = state_, target = std::move(target)](LoopServices loop) {
      return watch(loop, state, target);
    });
}

Monitor::~Monitor() {
  stop();
}

void Monitor::stop() {
  state_->leadership.stop();
  tasks_.clear();
}

namespace {

proxycommon::Task<ProbeResult> asked(LoopServices loop, const HealthTarget& target,
                                     Result<HealthTarget::Dialled> dialled) {
  if (!dialled) co_return ProbeResult{std::move(dialled.error())};
  const Probe* probe = builtinProbes().find(probeName(target.check->method, target.speaksHttp2));
  // Named: g++ 12 destroys a temporary of a co_await twice.
  ProbeQuestion question{std::move(dialled->connect), target.host, target.target, target.check};
  co_return co_await (*probe)(loop, std::move(question));
}

}  // namespace

proxycommon::Task<void> Monitor::checkOnce(LoopServices loop, SharedState state, const HealthTarget& target) {
  auto dialled = state->dial(target);
  if (!dialled) co_return;
  const std::string address = *dialled ? (*dialled)->address : "";
  const ProbeResult result = co_await asked(loop, target, std::move(*dialled));
  state->note(target, address.empty() ? target.member : target.member + " (" + address + ")", result);
}

proxycommon::Task<void> Monitor::watch(LoopServices loop, SharedState state, const HealthTarget& target) {
  const milliseconds interval = target.check->interval;
  proxycommon::LoopWaiter waiter(loop.context);
  Clock::time_point due = Clock::now() + firstCheck(interval, state->share());
  while (true) {
    co_await waiter.sleepUntil(due);
    if (!state->leadership.holds()) {
      due = Clock::now() + std::min(Leadership::kAgain, interval);
      continue;
    }
    due = Clock::now() + nextCheck(interval, state->share());
    try {
      co_await checkOnce(loop, state, target);
    } catch (const std::exception&) {
      // Out of memory: the next check may have more of it.
    }
  }
}

milliseconds nextCheck(milliseconds interval, double share) {
  const double factor = 0.9 + 0.2 * share;
  return milliseconds{static_cast<milliseconds::rep>(static_cast<double>(interval.count()) * factor)};
}

milliseconds firstCheck(milliseconds interval, double share) {
  const auto most = std::min(interval / 2, milliseconds{1000});
  return milliseconds{static_cast<milliseconds::rep>(static_cast<double>(most.count()) * share)};
}

}  // namespace revproxy
