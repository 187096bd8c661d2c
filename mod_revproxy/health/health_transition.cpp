// What follows from the results of checks.
#include "mod_revproxy/health/health_transition.h"

namespace revproxy {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

std::int64_t millisecondsOf(proxycommon::Clock::time_point when) {
  return std::chrono::duration_cast<milliseconds>(when.time_since_epoch()).count();
}

void become(HealthState& state, Health health, proxycommon::Clock::time_point now) {
  state.changedAt.store(millisecondsOf(now), kRelaxed);
  state.health.store(static_cast<std::uint32_t>(health), kRelaxed);
}

HealthChange noteSuccess(HealthState& state, unsigned rise, proxycommon::Clock::time_point now) {
  state.failures.store(0, kRelaxed);
  const auto successes = state.successes.load(kRelaxed) + 1;
  state.successes.store(successes, kRelaxed);
  const auto health = static_cast<Health>(state.health.load(kRelaxed));
  if (health == Health::kUnknown) become(state, Health::kUp, now);
  if (health != Health::kDown || successes < rise) return HealthChange::kNone;
  become(state, Health::kUp, now);
  state.returnedAt.store(millisecondsOf(now), kRelaxed);
  return HealthChange::kUp;
}

HealthChange noteFailure(HealthState& state, const proxycommon::Error& why, unsigned fall,
                         proxycommon::Clock::time_point now) {
  state.why.store(static_cast<std::uint32_t>(why.kind) + 1, kRelaxed);
  state.failed.fetch_add(1, kRelaxed);
  state.successes.store(0, kRelaxed);
  const auto failures = state.failures.load(kRelaxed) + 1;
  state.failures.store(failures, kRelaxed);
  if (state.isDown() || failures < fall) return HealthChange::kNone;
  become(state, Health::kDown, now);
  return HealthChange::kDown;
}

}  // namespace

HealthChange noteProbe(HealthState& state, const ProbeResult& result, unsigned rise, unsigned fall,
                       proxycommon::Clock::time_point now) {
  state.checks.fetch_add(1, kRelaxed);
  state.checkedAt.store(millisecondsOf(now), kRelaxed);
  state.status.store(result.status, kRelaxed);
  return result.outcome ? noteSuccess(state, rise, now) : noteFailure(state, result.outcome.error(), fall, now);
}

std::string describe(const HealthNews& news) {
  const bool isUp = news.change == HealthChange::kUp;
  std::string text = "member " + news.member + " of balancer " + news.balancer + (isUp ? " is up: " : " is down: ");
  text += std::to_string(news.checks) + (news.checks == 1 ? " check" : " checks in a row");
  return text + (isUp ? " succeeded" : " failed (" + news.why + ")");
}

}  // namespace revproxy
