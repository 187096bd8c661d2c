// A snapshot, from what children share.
#include "mod_revproxy/status/take_snapshot.h"

#include <algorithm>
#include <tuple>

#include "mod_revproxy/balancer/candidates.h"
#include "mod_revproxy/status/value_text.h"

namespace revproxy {
namespace {

template <class Number>
Number read(const std::atomic<Number>& number) {
  return number.load(std::memory_order_relaxed);
}

template <class Number, std::size_t size>
std::array<Number, size> read(const std::array<std::atomic<Number>, size>& numbers) {
  std::array<Number, size> values;
  for (std::size_t index = 0; index < size; ++index) values[index] = read(numbers[index]);
  return values;
}

HistogramValues read(const Histogram& histogram) {
  return {read(histogram.counts), read(histogram.sum)};
}

MemberTotals read(const MemberCounters& counters) {
  return {
      .requests = read(counters.requests),
      .responses = read(counters.responses),
      .errors = read(counters.errors),
      .sent = read(counters.sent),
      .received = read(counters.received),
      .dials = read(counters.dials),
      .reuses = read(counters.reuses),
      .poolWaits = read(counters.poolWaits),
      .ejections = read(counters.ejections),
      .returns = read(counters.returns),
      .tunnels = read(counters.tunnels),
      .latency = read(counters.latency),
  };
}

BalancerTotals read(const BalancerCounters& counters) {
  return {
      .requests = read(counters.requests),
      .answers = read(counters.answers),
      .retries = read(counters.retries),
      .retriesRefused = read(counters.retriesRefused),
      .queued = read(counters.queued),
      .queueTimeouts = read(counters.queueTimeouts),
      .queueOverflows = read(counters.queueOverflows),
      .panics = read(counters.panics),
      .noMember = read(counters.noMember),
      .queueWait = read(counters.queueWait),
  };
}

CacheTotals read(const proxycommon::CacheCounters& counters) {
  return {
      .hits = read(counters.hits),
      .misses = read(counters.misses),
      .stale = read(counters.stale),
      .revalidated = read(counters.revalidated),
      .collapsed = read(counters.collapsed),
      .passes = read(counters.passes),
      .stored = read(counters.stored),
      .storedBytes = read(counters.storedBytes),
  };
}

// Times of shared memory: of Clock, in milliseconds; 0: never.
std::int64_t steadyTime(const Moment& now) {
  return std::chrono::floor<milliseconds>(now.steady.time_since_epoch()).count();
}
std::optional<WallTime> wallTime(std::int64_t steady, const Moment& now) {
  if (steady == 0) return std::nullopt;
  return now.wall + milliseconds{steady - steadyTime(now)};
}

std::string counted(std::uint64_t number, std::string_view what) {
  return std::to_string(number).append(" ").append(what).append(number == 1 ? "" : "s");
}

std::string whyDown(const HealthState& health) {
  const std::uint32_t kind = read(health.why);
  std::string why = "check failed: ";
  if (kind == 0 || kind > kErrorKinds)
    why += "unknown";
  else if (const auto of = static_cast<proxycommon::ErrorKind>(kind - 1); of == proxycommon::ErrorKind::kFailedStatus)
    why += "unexpected answer with status " + std::to_string(read(health.status));
  else
    why += proxycommon::traitsOf(of).name;
  return why + ", " + std::to_string(read(health.failures)) + " in a row";
}

std::string whyEjected(const EjectionState& ejection, const EjectionPolicy& policy) {
  const std::uint32_t failures = read(ejection.consecutive);
  if (policy.errors > 0 && failures >= policy.errors) return counted(failures, "failure") + " in a row";
  return std::to_string(policy.ratio) + " % and more of its requests within " +
         decimal(static_cast<std::uint64_t>(policy.window.count()), 3) + " s failed";
}

// What is to be said of one endpoint, from what it shares.
class MemberReader {
 public:
  MemberReader(const Balancer& balancer, const Endpoint& endpoint, const Moment& now)
      : balancer_(balancer), endpoint_(endpoint), state_(*endpoint.shared.state), now_(now) {}

  MemberStatus read() const {
    const Member& member = *endpoint_.member;
    MemberStatus status;
    status.name = endpoint_.name;
    status.url = member.url;
    status.route = member.route;
    status.weight = status.effectiveWeight = endpoint_.weight;
    status.set = endpoint_.set;
    status.role = member.role;
    status.limit = member.limit;
    if (endpoint_.shared.inFlight) status.inFlight = endpoint_.shared.inFlight.total();
    status.totals = revproxy::read(state_.counters);
    readHealth(status);
    readEjection(status);
    judge(status);
    return status;
  }

 private:
  void readHealth(MemberStatus& status) const {
    if (!balancer_.health.isSet()) return;
    const HealthState& health = state_.health;
    status.health = HealthStatus{wallTime(revproxy::read(health.checkedAt), now_), revproxy::read(health.status),
                                 revproxy::read(health.checks), revproxy::read(health.failed)};
  }

  void readEjection(MemberStatus& status) const {
    status.ejection = {revproxy::read(state_.ejection.level),
                       wallTime(revproxy::read(state_.ejection.ejectedUntil), now_)};
    status.effectiveWeight = weightOf(endpoint_, balancer_.settings, now_.steady);
  }

  // The worst comes first.
  void judge(MemberStatus& status) const {
    const Member& member = *endpoint_.member;
    if (member.isStopped) return say(status, Condition::kStopped, "stopped by its configuration", 0);
    if (status.health && state_.health.isDown())
      return say(status, Condition::kDown, whyDown(state_.health), revproxy::read(state_.health.changedAt));
    if (status.ejection.until) return judgeEjected(status);
    if (member.isDrained) return say(status, Condition::kDraining, "drained by its configuration", 0);
    if (member.limit > 0 && status.inFlight >= member.limit)
      return say(status, Condition::kFull,
                 std::to_string(status.inFlight) + " of " + std::to_string(member.limit) + " in flight", 0);
    if (status.effectiveWeight < status.weight)
      return say(status, Condition::kStarting,
                 decimal(std::uint64_t{status.effectiveWeight} * 100 / status.weight, 0) + " % of its weight",
                 returnedAt(state_));
    say(status, Condition::kOk, "", std::max(returnedAt(state_), revproxy::read(state_.health.changedAt)));
  }

  void judgeEjected(MemberStatus& status) const {
    const std::int64_t now = steadyTime(now_);
    const std::int64_t left = revproxy::read(state_.ejection.ejectedUntil) - now;
    const std::string why = whyEjected(state_.ejection, balancer_.settings.ejection);
    const std::int64_t since = revproxy::read(state_.ejection.ejectedAt);
    if (left > 0) {
      const std::uint64_t tenths = (static_cast<std::uint64_t>(left) + 99) / 100;
      return say(status, Condition::kEjected, why + ", again in " + decimal(tenths, 1) + " s", since);
    }
    const bool isTried = revproxy::read(state_.ejection.probedUntil) > now;
    say(status, Condition::kProbing, why + (isTried ? ", a request tries it" : ", the next request tries it"), since);
  }

  void say(MemberStatus& status, Condition condition, std::string why, std::int64_t since) const {
    status.condition = condition;
    status.why = std::move(why);
    status.since = wallTime(since, now_);
  }

  const Balancer& balancer_;
  const Endpoint& endpoint_;
  const MemberState& state_;
  const Moment& now_;
};

// Those whose cache is on.
std::vector<MappingCache> read(const std::vector<MappingView>& mappings) {
  std::vector<MappingCache> caches;
  for (const MappingView& mapping : mappings)
    if (mapping.cache->isUsed.load(std::memory_order_relaxed) != 0)
      caches.push_back({mapping.prefix, mapping.definedAt, read(*mapping.cache)});
  std::sort(caches.begin(), caches.end(), [](const MappingCache& left, const MappingCache& right) {
    return std::tie(left.prefix, left.definedAt) < std::tie(right.prefix, right.definedAt);
  });
  return caches;
}

BalancerStatus read(const BalancerView& view, const Moment& now) {
  const Balancer& balancer = view.balancer;
  BalancerStatus status;
  status.name = balancer.name;
  status.definedAt = balancer.definedAt;
  status.method = balancer.settings.method;
  status.isPlain = balancer.isPlain;
  status.limit = balancer.settings.limit;
  status.totals = read(view.shared.state->counters);
  status.caches = read(view.mappings);
  status.hasQueue = static_cast<bool>(view.shared.line);
  if (status.hasQueue) status.waiting = view.shared.line.size();
  for (const Endpoint& endpoint : *view.endpoints) {
    status.members.push_back(MemberReader(balancer, endpoint, now).read());
    status.inFlight += status.members.back().inFlight;
  }
  return status;
}

}  // namespace

StatusSnapshot takeSnapshot(std::span<const BalancerView> balancers,
                            std::span<const proxycommon::ChildCounters> children, pid_t leader, const Moment& now,
                            std::vector<StoreStatus> stores) {
  StatusSnapshot snapshot{now.wall, PROXYCOMMON_VERSION, {}, {}, std::move(stores)};
  for (const proxycommon::ChildCounters& child : children) {
    if (!proxycommon::ChildTable::isAlive(child)) continue;
    const pid_t process = child.process();
    snapshot.children.push_back(
        {process, read(child.tunnels), read(child.parked), read(child.idle), process == leader});
  }
  for (const BalancerView& view : balancers) snapshot.balancers.push_back(read(view, now));
  return snapshot;
}

}  // namespace revproxy
