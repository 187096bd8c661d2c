// The life of a request:
//
//   routing: mapping.find ── none → DECLINED
//     └ handler: the cache has it, or another brings it ── answer
//         └ (body into its buffer) → session → candidates → method.choose, or the wait for a place (RequestTurns)
//             └ forwarded head → lease → exchange ── ok → answer, and into the cache
//                ↑        ↑         │        │  └─── 101 → tunnel
//                │        └ again ──┘────────┘
//                └ next member ─────┘────────┘
//   lease: an idle connection, or a new one; with max=, what its place in the queue brings
//   again: once, on a fresh connection, when a reused one was closed before an answer, what was read of the body is
//          kept, and the request cannot have run or may run twice (idempotent; or keyed, with retry-post=key)
//   next member: while nothing has reached the client, the request may be sent twice, and the budget allows it
//
// A backend that speaks HTTP/2 has relayH2 in place of lease and exchange: a stream of a connection that many share,
// with the same second try.
//
// Whatever waits in it is parked where the MPM can: the co_awaits are where a worker may leave and another go on.
#include "mod_revproxy/handler.h"

#include <string>
#include <utility>

#include "common/http/upgrade.h"
#include "common/httpd/answer_error.h"
#include "common/httpd/background_request.h"
#include "common/httpd/cache_purge.h"
#include "common/httpd/caching_response.h"
#include "common/httpd/child.h"
#include "common/httpd/h2_relay.h"
#include "common/httpd/last_hop.h"
#include "common/httpd/parking.h"
#include "common/httpd/relay.h"
#include "common/httpd/tunnel_opening.h"
#include "mod_revproxy/cache_subject.h"
#include "mod_revproxy/config.h"
#include "mod_revproxy/forwarded_head.h"
#include "mod_revproxy/relay_plan.h"
#include "mod_revproxy/request_session.h"
#include "mod_revproxy/request_state.h"
#include "mod_revproxy/request_turns.h"

APLOG_USE_MODULE(revproxy);

namespace revproxy {
namespace {

using proxycommon::Error;
using proxycommon::ErrorKind;
using proxycommon::FlightLeader;
using proxycommon::RelayBody;
using proxycommon::RequestWaiter;
using proxycommon::Task;

const proxycommon::ReportNames& reportNames() {
  static const proxycommon::ReportNames names{"revproxy-"};
  return names;
}

// Of what may become of a request when its backend fails, the one that the next second may mend.
constexpr const char* kRetryAfter = "1";

constexpr const char* kCacheNote = "revproxy-cache";

void revalidateBehind(const request_rec& request, const RequestState& state, FlightLeader leader);

// One request, from its mapping to its answer.
class Service {
 public:
  Service(request_rec& request, const RequestState& state, FlightLeader behind)
      : request_(request),
        state_(state),
        to_(*state.mapping->to),
        server_(*to_.balancer),
        plan_{LocationConfig::of(request), mappingParameters(LocationConfig::of(request), to_)},
        offered_(offeredTo(server_.balancer)),
        waiter_(request, parkPolicy(plan_)),
        body_(request, bodyPlan(request, plan_, offered_)),
        cache_(waiter_, cachePlan(std::move(behind))),
        client_(
            request, [this](auto& head) { return bind(head); }, plan_.config.buffer.valueOr(0)),
        response_(client_, cache_, waiter_, [this](auto& head) { return editHead(head); }) {}

  Task<int> run() {
    const int result = co_await serve();
    countAnswer(result);
    co_return result;
  }

 private:
  using Answer = Result<std::optional<proxycommon::Switched>>;

  Task<int> serve() {
    if (const auto answered = co_await cache_.answer()) co_return *answered;
    BalancerState& state = *server_.balancer.shared().state;
    earnRetry(state.retryBudget, server_.balancer.settings.retryBudget);
    if (auto prepared = co_await body_.prepare(waiter_); !prepared) co_return fail(prepared.error(), nullptr);
    if (!offered_.empty()) {
      auto taken = proxycommon::takeTunnelSlot(request_, plan_.config.tunnel.settings(plan_.config.timeout));
      if (!taken) co_return fail(taken.error(), nullptr);
      slot_.emplace(std::move(*taken));
    }
    chooseAmong(server_.balancer.endpoints());
    auto answer = co_await answered();
    report_.backend = to_.name;
    report_.queueWait = turns_->queueWait();
    proxycommon::noteReport(request_, waiter_.child(), reportNames(), report_);
    if (const auto concluded = co_await cache_.conclude(answer ? nullptr : &answer.error(), client_.hasHead()))
      co_return *concluded;
    if (!answer) co_return fail(answer.error(), &response_);
    if (!*answer) co_return OK;
    co_return co_await tunnel(std::move(**answer));
  }

  // Those there are once the body is here: that may have taken its time.
  void chooseAmong(std::shared_ptr<const Endpoints> endpoints) {
    session_ = sessionOf(request_, server_.balancer, *endpoints);
    turns_.emplace(request_, waiter_,
                   TurnsPlan{server_.balancer, std::move(endpoints), session_,
                             server_.hashKey ? server_.hashKey->evaluate(request_) : "", body_.mayBeRepeated(),
                             endOf(plan_.parameters, plan_.begun)});
  }

  // Member by member.
  Task<Answer> answered() {
    while (true) {
      auto chosen = co_await turns_->next();
      if (!chosen) co_return std::move(chosen.error());
      endpoint_ = *chosen;
      Answer answer = co_await attempt();
      turns_->tell({answer ? nullptr : &answer.error(), answer ? status_ : 0, answer && *answer}, report_);
      if (answer || !mayGoOn(answer.error())) co_return answer;
      if (auto rewound = body_.rewind(); !rewound) co_return std::move(rewound.error());
      ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, &request_, "%s: the request goes to another member: %s",
                    endpoint_->name.c_str(), proxycommon::describe(answer.error()).c_str());
    }
  }

  Task<Answer> attempt() {
    Answer answer = co_await ask();
    if (!answer || !response_.asksAgain()) co_return answer;
    if (auto rewound = body_.rewind(); !rewound) co_return std::move(rewound.error());
    co_return co_await ask();
  }

  Task<Answer> ask() {
    const EndpointPlan at = endpointPlan(plan_, *endpoint_, state_.target, offered_);
    const Backend& backend = endpoint_->member->backend;
    proxycommon::RelayPlan relayed = relayPlan(request_, at);
    // Where there are others, ejection does what retry= is for.
    if (!server_.balancer.isPlain) relayed.rest = milliseconds{0};
    relayed.backendDone = [this] {
      if (response_.asksAgain()) return;
      turns_->giveBack();
      cache_.complete();
    };
    cache_.editRequest(relayed.head.fields);
    report_.backend = report_.member = endpoint_->name;
    status_ = 0;
    auto answer = backend.http2 ? proxycommon::relayH2(relayed, backend.tls ? "https" : "http", body_, response_,
                                                       waiter_, report_)
                                : proxycommon::relay(request_, relayed, body_, response_, waiter_, report_);
    co_return co_await std::move(answer);
  }

  // Whether the request goes to another member after that error.
  bool mayGoOn(const Error& error) {
    // That was decided when the answer was refused.
    if (error.kind == ErrorKind::kFailedStatus) return true;
    const bool isOfBackend =
        proxycommon::traitsOf(error.kind).side == proxycommon::Side::kBackend || error.kind == ErrorKind::kPoolTimeout;
    const bool isLate = error.kind == ErrorKind::kFirstByteTimeout && !server_.balancer.settings.failOnTimeout;
    if (!isOfBackend || isLate || error.kind == ErrorKind::kTotalTimeout || response_.hasHead()) return false;
    return body_.mayGoElsewhere(error) && turns_->mayTryAgain(true);
  }

  // A status that counts as a failure is not for the client while another member may do better.
  Outcome editHead(proxycommon::ResponseHead& head) {
    status_ = head.status;
    const Error failed = proxycommon::failure(ErrorKind::kFailedStatus, "it answered " + std::to_string(head.status),
                                              proxycommon::Seen::kRan);
    if (server_.balancer.settings.failsOn(head.status) && body_.mayGoElsewhere(failed) && turns_->mayTryAgain(false))
      return failed;
    return editForClient(head);
  }

  // Of one that comes from the store likewise.
  Outcome editForClient(proxycommon::ResponseHead& head) {
    editResponseHead(request_, plan_.config, server_.balancer, head);
    return {};
  }

  // What is this client's alone.
  Outcome bind(proxycommon::ResponseHead& head) {
    bindSession(request_, server_.balancer, session_, *endpoint_, head);
    return {};
  }

  proxycommon::RequestCachePlan cachePlan(FlightLeader behind) {
    proxycommon::RequestCachePlan plan{plan_.config.cache, cacheChoice(plan_), {}};
    if (!plan.choice.isOn) return plan;
    plan.subject = cacheSubject(request_, state_);
    plan.counters = to_.shared->cache;
    plan.note = kCacheNote;
    plan.edit = [this](auto& head) { return editForClient(head); };
    plan.moduleIndex = APLOG_MODULE_INDEX;
    plan.mayBecomeTunnel = !offered_.empty();
    plan.isOfUser = request_.user != nullptr;
    plan.behind = std::move(behind);
    plan.presentedAs = [this](std::string_view url) {
      return presentedAs(request_, server_, endpoint_->member->backend, url);
    };
    plan.placeOf = [this](std::string_view target) { return placeOfTarget(request_, target); };
    plan.revalidate = [this](FlightLeader leader) { revalidateBehind(request_, state_, std::move(leader)); };
    return plan;
  }

  Task<int> tunnel(proxycommon::Switched switched) {
    const Backend& backend = endpoint_->member->backend;
    count(endpoint_->shared.state->counters.tunnels);
    proxycommon::TunnelOpening opening{std::move(switched.backend),
                                       std::move(switched.behindHead),
                                       backend.socketPath.empty() ? backend.authority : backend.origin(),
                                       APLOG_MODULE_INDEX,
                                       plan_.config.tunnel.settings(plan_.config.timeout).limits,
                                       std::move(*slot_),
                                       turns_->take()};
    co_return co_await proxycommon::openTunnel(request_, std::move(opening), waiter_);
  }

  // For the log.
  std::string whereTo() const {
    if (!endpoint_ || server_.balancer.isPlain) return to_.name;
    return to_.name + ", member " + endpoint_->name;
  }

  int fail(const Error& error, proxycommon::RelayResponse* response) {
    const int result = proxycommon::answerError(request_, APLOG_MODULE_INDEX, whereTo(), error, response);
    if (error.kind == ErrorKind::kNoMember) count(server_.balancer.shared().state->counters.noMember);
    if (result == HTTP_SERVICE_UNAVAILABLE) apr_table_setn(request_.err_headers_out, "Retry-After", kRetryAfter);
    return result;
  }

  void countAnswer(int result) {
    BalancerCounters& counters = server_.balancer.shared().state->counters;
    const int status = result == OK || result == DONE ? request_.status : result;
    count(counters.requests);
    count(counters.answers[request_.connection->aborted || status < 100 || status > 599
                               ? 0
                               : static_cast<std::size_t>(status / 100)]);
  }

  std::string offeredTo(const Balancer& balancer) const {
    // What one member may change to, all may: they are one service.
    Setting<std::string> upgrade = plan_.parameters.upgrade;
    for (auto member = balancer.members.rbegin(); member != balancer.members.rend(); ++member)
      upgrade = Setting<std::string>::merged(upgrade, member->backend.parameters.upgrade);
    return proxycommon::offeredUpgrade(proxycommon::requestUpgrade(request_), upgrade.valueOr(""));
  }

  request_rec& request_;
  const RequestState& state_;
  const MappedTo& to_;
  const ServerBalancer& server_;
  const RequestPlan plan_;
  const std::string offered_;
  RequestWaiter waiter_;
  RelayBody body_;
  Session session_;
  std::optional<RequestTurns> turns_;
  proxycommon::RequestCache cache_;
  proxycommon::ClientResponse client_;
  proxycommon::CachingResponse response_;
  proxycommon::RelayReport report_;
  std::optional<proxycommon::TunnelSlot> slot_;
  const Endpoint* endpoint_ = nullptr;  // of the last try
  int status_ = 0;                      // that it has answered
};

// nullopt: it is none.
Task<std::optional<int>> purged(request_rec& request, const RequestState& state) {
  const LocationConfig& config = LocationConfig::of(request);
  if (!proxycommon::isPurge(request, config.cache)) co_return std::nullopt;
  const RequestPlan plan{config, mappingParameters(config, *state.mapping->to)};
  const proxycommon::CacheChoice choice = cacheChoice(plan);
  if (!choice.isOn) co_return std::nullopt;
  RequestWaiter waiter(request, parkPolicy(plan));
  co_return co_await proxycommon::purge(waiter, choice, cacheSubject(request, state));
}

Task<int> serve(request_rec& request, const RequestState& state, FlightLeader behind) {
  if (const auto answered = co_await purged(request, state)) co_return *answered;
  Service service(request, state, std::move(behind));
  co_return co_await service.run();
}

// The request once more, without its client.
void revalidateBehind(const request_rec& request, const RequestState& state, FlightLeader leader) {
  const PeerTrust trust = trustsPeer(request) ? PeerTrust::kTrusted : PeerTrust::kNone;
  (void)proxycommon::runInBackground(
      request, [&mapping = *state.mapping, target = std::string{state.target}, presented = std::string{state.presented},
                trust, leader](request_rec& copy) {
        RequestState& own = stateOf(copy);
        own.mapping = &mapping;
        own.target = apr_pstrdup(copy.pool, target.c_str());
        own.presented = apr_pstrdup(copy.pool, presented.c_str());
        own.trust = trust;
        return serve(copy, own, leader);
      });
}

}  // namespace

int handleRequest(request_rec* request) {
  const RequestState* state = findState(*request);
  if (!state || !state->mapping || request->proxyreq != PROXYREQ_REVERSE) return DECLINED;
  if (const int refusal = proxycommon::traceRefusal(*request); refusal != OK) return refusal;
  if (const auto answered = proxycommon::answerAtLastHop(*request)) return *answered;

  return proxycommon::runRequest(*request, serve(*request, *state, nullptr));
}

}  // namespace revproxy
