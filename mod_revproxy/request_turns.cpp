// Where one request goes, try by try.
#include "mod_revproxy/request_turns.h"

#include <algorithm>
#include <random>

#include "common/httpd/child.h"
#include "common/httpd/line_waiter.h"
#include "mod_revproxy/member_log.h"

APLOG_USE_MODULE(revproxy);

namespace revproxy {
namespace {

using proxycommon::Error;
using proxycommon::ErrorKind;
using proxycommon::failure;
using proxycommon::Outcome;
using proxycommon::Task;
using std::chrono::duration_cast;

// How long others wait for the one that tries a suspect, before another may.
constexpr milliseconds kProbePatience{2000};

std::uint64_t random() {
  thread_local std::minstd_rand slow{std::random_device{}()};
  thread_local std::mt19937_64 generator{slow()};
  return generator();
}

// What says nothing of the member: it is ours, the client's, or another's word.
bool isOfMember(const Error& error, const BalancerSettings& settings) {
  if (proxycommon::traitsOf(error.kind).side != proxycommon::Side::kBackend) return false;
  switch (error.kind) {
    case ErrorKind::kBackendResting:
    case ErrorKind::kTotalTimeout:
      return false;
    case ErrorKind::kFirstByteTimeout:
      return settings.failOnTimeout;
    default:
      return true;
  }
}

bool isTimeout(ErrorKind kind) {
  return kind == ErrorKind::kFirstByteTimeout || kind == ErrorKind::kTotalTimeout;
}

}  // namespace

RequestTurns::RequestTurns(request_rec& request, proxycommon::RequestWaiter& waiter, TurnsPlan plan)
    : request_(request),
      waiter_(waiter),
      plan_(std::move(plan)),
      counting_{waiter.child().shared, waiter.child().number} {
  asker_.session = plan_.session.endpoint;
  asker_.keepsSession = plan_.balancer.settings.sticky.noFailover.valueOr(false) && asker_.session;
  asker_.mayBeRepeated = plan_.mayBeRepeated;
}

RequestTurns::~RequestTurns() {
  if (!isTold_) abandon();
}

void RequestTurns::abandon() {
  if (isProbe_ && turn_) abandonProbe((*plan_.endpoints)[turn_->place()].shared.state->ejection);
  isTold_ = true;
}

Task<Result<const Endpoint*>> RequestTurns::next() {
  turn_.reset();
  refusal_.reset();
  const bool isDone = !isAwaited() && tryNext();
  if (!isDone) {
    if (auto waited = co_await wait(); !waited) co_return std::move(waited.error());
  }
  co_return chosen();
}

Result<const Endpoint*> RequestTurns::chosen() const {
  if (!turn_) return *refusal_;
  return &(*plan_.endpoints)[turn_->place()];
}

// Whether somebody stands in the line for what this request wants: who comes now is not to overtake.
bool RequestTurns::isAwaited() {
  waitsFor_ = nullptr;
  const proxycommon::WaitLine& line = plan_.balancer.shared().line;
  if (!line) return false;
  asker_.full.clear();
  asker_.now = proxycommon::Clock::now();
  const Candidates candidates = candidatesFor(asker_, *plan_.endpoints);
  if (candidates.kind == Candidates::Kind::kSession) waitsFor_ = asker_.session;
  const bool isLimited = plan_.balancer.shared().limit ||
                         std::any_of(candidates.places.begin(), candidates.places.end(), [&](std::size_t place) {
                           return static_cast<bool>((*plan_.endpoints)[place].shared.limit);
                         });
  const bool isForBalancer = plan_.balancer.shared().limit && line.firstOf(proxycommon::kAnyPlace);
  return isForBalancer || (isLimited && line.firstOf(wanted()));
}

// A sole endpoint without limits, as that of a plain URL is, needs no filter and no choice.
std::optional<std::size_t> RequestTurns::chooseAlone() const {
  const Endpoints& endpoints = *plan_.endpoints;
  const bool isSole = endpoints.size() == 1 && tries_ == 0 && !plan_.balancer.shared().line;
  if (isSole && standingOf(endpoints.front()) == Standing::kUsable) return 0;
  return std::nullopt;
}

// Whether there is an answer, be it that nobody can have the request; else there is nothing but to wait.
bool RequestTurns::tryNext() {
  asker_.full.clear();
  isProbe_ = isChosen_ = false;
  while (true) {
    asker_.now = proxycommon::Clock::now();
    const auto alone = chooseAlone();
    const Candidates candidates =
        alone ? Candidates{Candidates::Kind::kSome, {*alone}} : candidatesFor(asker_, *plan_.endpoints);
    if (const auto settled = settle(candidates)) return *settled;
    if (const auto taken = takeOneOf(candidates)) return *taken;
  }
}

// Where there is nobody to choose: as tryNext(). nullopt: there is.
std::optional<bool> RequestTurns::settle(const Candidates& candidates) {
  const Endpoints& endpoints = *plan_.endpoints;
  switch (candidates.kind) {
    case Candidates::Kind::kNone:
      refusal_ = failure(ErrorKind::kNoMember, describeStandings(endpoints, asker_.tried));
      return true;
    case Candidates::Kind::kSessionDown:
      refusal_ = failure(ErrorKind::kSessionMemberDown,
                         plan_.session.endpoint->name + ": " + toString(standingOf(*plan_.session.endpoint)));
      return true;
    case Candidates::Kind::kFull: {
      const bool isBound = candidates.places.size() == 1 && &endpoints[candidates.places.front()] == asker_.session;
      waitsFor_ = isBound ? asker_.session : nullptr;
      return false;
    }
    default:
      return std::nullopt;
  }
}

// As tryNext(). nullopt: the one that was chosen is not to be had, which is known now.
std::optional<bool> RequestTurns::takeOneOf(const Candidates& candidates) {
  const std::size_t place = choose(candidates);
  const Endpoint& endpoint = (*plan_.endpoints)[place];
  EjectionState& ejection = endpoint.shared.state->ejection;
  isProbe_ = candidates.kind == Candidates::Kind::kProbe;
  if (isProbe_ && !claimProbe(ejection, asker_.now, kProbePatience)) return std::nullopt;
  auto taken = Turn::take(plan_.balancer, endpoint, place, counting_);
  if (taken.turn) {
    if (candidates.kind == Candidates::Kind::kPanic) count(plan_.balancer.shared().state->counters.panics);
    began(place, std::move(*taken.turn));
    return true;
  }
  if (isProbe_) abandonProbe(ejection);
  waitsFor_ = nullptr;
  if (taken.full == Turn::Full::kBalancer) return false;
  asker_.full.resize(plan_.endpoints->size());
  asker_.full[place] = true;
  return std::nullopt;
}

void RequestTurns::began(std::size_t place, Turn turn) {
  turn_.emplace(std::move(turn));
  ++tries_;
  isTold_ = false;
  begun_ = asker_.now;
  asker_.tried.resize(plan_.endpoints->size());
  asker_.tried[place] = true;
}

std::size_t RequestTurns::choose(const Candidates& candidates) {
  isChosen_ = candidates.places.size() > 1;
  if (!isChosen_) return candidates.places.front();
  std::vector<Candidate> views;
  views.reserve(candidates.places.size());
  for (const std::size_t place : candidates.places) views.push_back(candidateOf((*plan_.endpoints)[place]));
  const revproxy::Choice choice{plan_.hashKey, random(), asker_.now, plan_.balancer.shared().state->method, &request_};
  return candidates.places[plan_.balancer.method().choose(views, choice)];
}

Candidate RequestTurns::candidateOf(const Endpoint& endpoint) const {
  MemberState& state = *endpoint.shared.state;
  return {endpoint.identity,
          endpoint.name,
          endpoint.member->route,
          weightOf(endpoint, plan_.balancer.settings, asker_.now),
          endpoint.shared.inFlight.total(),
          state.counters.requests.load(std::memory_order_relaxed),
          state.counters.sent.load(std::memory_order_relaxed) + state.counters.received.load(std::memory_order_relaxed),
          state.method};
}

std::uint32_t RequestTurns::wanted() const {
  return waitsFor_ ? lineNumber(*waitsFor_) : proxycommon::kAnyPlace;
}

Task<Outcome> RequestTurns::wait() {
  BalancerCounters& counters = plan_.balancer.shared().state->counters;
  const auto begun = proxycommon::Clock::now();
  const proxycommon::LineWait line{plan_.balancer.shared().line,         [this] { return wanted(); },
                                   plan_.balancer.settings.queue,        [this] { return tryNext(); },
                                   plan_.balancer.settings.queueTimeout, plan_.end};
  count(counters.queued);
  auto waited = co_await proxycommon::waitInLine(line, waiter_);
  const auto span = duration_cast<std::chrono::microseconds>(proxycommon::Clock::now() - begun);
  counters.queueWait.add(span);
  queueWait_ = queueWait_.value_or(std::chrono::microseconds{0}) + span;
  if (!waited && waited.error().kind == ErrorKind::kQueueFull) count(counters.queueOverflows);
  if (!waited && waited.error().kind == ErrorKind::kQueueTimeout) count(counters.queueTimeouts);
  co_return waited;
}

bool RequestTurns::hasOthers(bool mayWait) const {
  const BalancerSettings& settings = plan_.balancer.settings;
  if (tries_ >= settings.maxAttempts.valueOr(static_cast<unsigned>(plan_.endpoints->size()))) return false;
  const auto kind = candidatesFor(asker_, *plan_.endpoints).kind;
  if (kind == Candidates::Kind::kFull) return mayWait;
  return kind != Candidates::Kind::kNone && kind != Candidates::Kind::kSessionDown;
}

bool RequestTurns::mayTryAgain(bool mayWait) {
  BalancerState& state = *plan_.balancer.shared().state;
  if (!hasOthers(mayWait)) return false;
  const bool isAllowed = plan_.balancer.settings.retryBudget > 0 && spendRetry(state.retryBudget);
  count(isAllowed ? state.counters.retries : state.counters.retriesRefused);
  return isAllowed;
}

void RequestTurns::tell(const TryEnd& end, const proxycommon::RelayReport& report) {
  const auto now = proxycommon::Clock::now();
  const Endpoint& endpoint = (*plan_.endpoints)[turn_->place()];
  MemberCounters& counters = endpoint.shared.state->counters;
  count(counters.requests);
  if (end.error) count(counters.errors[static_cast<std::size_t>(end.error->kind)]);
  if (!end.error) count(counters.responses[static_cast<std::size_t>(end.status / 100 % 6)]);
  count(counters.sent, report.exchange.sent);
  count(counters.received, report.exchange.received);
  if (!report.address.empty()) count(report.isReused ? counters.reuses : counters.dials);
  if (report.poolWait) count(counters.poolWaits);
  const bool isAnswered = report.exchange.firstByte != proxycommon::Clock::time_point{};
  const auto latency = (isAnswered ? report.exchange.firstByte : now) - begun_;
  if (isAnswered) counters.latency.add(duration_cast<std::chrono::microseconds>(latency));
  learn(endpoint, end, now);
  isTold_ = true;
  if (!end.goesOn) giveBack();
  if (plan_.endpoints->size() == 1) return;
  const Completed completed{now, latency, report.exchange.sent + report.exchange.received, end.error != nullptr,
                            isChosen_};
  plan_.balancer.method().finished(candidateOf(endpoint), completed, plan_.balancer.shared().state->method);
}

std::shared_ptr<void> RequestTurns::take() {
  struct Taken {
    std::shared_ptr<const Endpoints> endpoints;  // the turn refers to them
    Turn turn;
  };
  return std::make_shared<Taken>(plan_.endpoints, std::move(*turn_));
}

void RequestTurns::learn(const Endpoint& endpoint, const TryEnd& end, proxycommon::Clock::time_point now) {
  EjectionState& ejection = endpoint.shared.state->ejection;
  const BalancerSettings& settings = plan_.balancer.settings;
  // A suspect that lets its probe wait is no better than it was.
  const bool isLateProbe = isProbe_ && end.error && isTimeout(end.error->kind);
  const bool failed = isLateProbe || (end.error ? isOfMember(*end.error, settings) : settings.failsOn(end.status));
  if (end.error && !failed) {
    if (isProbe_) abandonProbe(ejection);
    return;
  }
  // The last one is never ejected. One that was, before it became the last, comes back all the same.
  const bool mayBeEjected = plan_.endpoints->size() > 1 && !endpoint.member->neverEjected;
  if (!mayBeEjected && (failed || !isEjected(ejection))) return;
  const auto change =
      failed ? noteFailure(ejection, settings.ejection, now) : noteSuccess(ejection, settings.ejection, begun_, now);
  if (change == EjectionChange::kNone) return;
  MemberCounters& counters = endpoint.shared.state->counters;
  count(change == EjectionChange::kEjected ? counters.ejections : counters.returns);
  logEjection(request_, plan_.balancer, endpoint, change,
              end.error ? proxycommon::describe(*end.error) : "it answered " + std::to_string(end.status));
}

}  // namespace revproxy
