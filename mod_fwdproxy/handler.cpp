// The life of a request:
//
//   detection: for the proxy? ── no → DECLINED
//     └ allow_list.judge(name, port) ── closed → 403
//         └ handler: the cache has it, or another brings it ── answer
//                    CONNECT ? tunnel slot → connect → 200 → tunnel
//                            : an idle connection, or connect → exchange → answer, or 101 → tunnel
//                                  ↑__ again: once, on a fresh connection, when a reused one was closed before an
//                                      answer, what was read of the body is kept, and the request cannot have run
//                                      or may run twice (idempotent)
//            connect: resolve → guard.judge(each address) → dial
//                     or, with a parent: guard.judge(an address as destination) → resolve and dial the parent → its
//                     CONNECT
//
// Whatever waits in it is parked where the MPM can: the co_awaits are where a worker may leave and another go on.
#include "mod_fwdproxy/handler.h"

#include <string>

#include "common/http/header_rules.h"
#include "common/http/upgrade.h"
#include "common/httpd/answer_error.h"
#include "common/httpd/backend_connection.h"
#include "common/httpd/background_request.h"
#include "common/httpd/cache_purge.h"
#include "common/httpd/caching_response.h"
#include "common/httpd/child.h"
#include "common/httpd/last_hop.h"
#include "common/httpd/parking.h"
#include "common/httpd/pool_owned.h"
#include "common/httpd/relay.h"
#include "common/httpd/tunnel_opening.h"
#include "common/httpd/via.h"
#include "mod_fwdproxy/config.h"
#include "mod_fwdproxy/detection.h"

APLOG_USE_MODULE(fwdproxy);

namespace fwdproxy {
namespace {

using proxycommon::FlightLeader;
using proxycommon::RequestWaiter;
using proxycommon::Task;

constexpr milliseconds kConnectTimeout{10'000};
constexpr std::uint16_t kHttpPort = 80;

constexpr std::uint64_t kReplayBuffer = 64 * 1024;

constexpr const char* kDefaultUpgrade = "websocket";

milliseconds serverTimeout(const request_rec& request) {
  return milliseconds{apr_time_as_msec(request.connection->base_server->timeout)};
}

const proxycommon::ReportNames& reportNames() {
  static const proxycommon::ReportNames names{"fwdproxy-"};
  return names;
}

proxycommon::ConnectPlan connectPlan(const ForwardRequest& forward, const ServerConfig& config) {
  proxycommon::ConnectPlan plan;
  plan.destination = {forward.destination.host, forward.port};
  plan.guard = &config.guard;
  plan.limit = config.connectTimeout.valueOr(kConnectTimeout);
  plan.nameServers = config.nameServers.valueOr("");
  plan.parent = config.parent.valueOr(nullptr);
  return plan;
}

// The URL rules over a differing Host (RFC 9112 3.2.2): there is one notion of where the request goes.
proxycommon::RequestHead forwardedHead(request_rec& request, const ForwardRequest& forward, const ServerConfig& config,
                                       std::string_view host, std::string_view offered) {
  proxycommon::RequestHead head{request.method, forward.target, {}, {}};
  head.fields = proxycommon::forwardableFields(proxycommon::requestFields(request));
  head.fields.insert(head.fields.begin(), {"Host", host});
  proxycommon::lowerMaxForwards(request, head.fields);
  proxycommon::addVia(request, head.fields, config.via.valueOr(ViaMode::kOn));
  proxycommon::offerUpgrade(head.fields, offered);
  return head;
}

// A tunnel that an exchange has become.
Task<int> tunnelSwitched(request_rec& request, proxycommon::Switched switched, std::string peer,
                         const ServerConfig& config, proxycommon::TunnelSlot slot, RequestWaiter& waiter) {
  proxycommon::TunnelOpening opening{std::move(switched.backend),
                                     std::move(switched.behindHead),
                                     std::move(peer),
                                     APLOG_MODULE_INDEX,
                                     config.tunnel.settings(config.timeout).limits,
                                     std::move(slot)};
  co_return co_await proxycommon::openTunnel(request, std::move(opening), waiter);
}

proxycommon::CacheSubject cacheSubject(const request_rec& request, const ForwardRequest& forward) {
  const std::string host = proxycommon::Authority{forward.destination.host, forward.port}.toString(kHttpPort);
  return {proxycommon::siteOf(request) + "|forward", "http", host, std::string{forward.target}, ""};
}

Task<int> serve(request_rec& request, const ForwardRequest& forward, const ServerConfig& config, FlightLeader behind);

proxycommon::ClientResponse::HeadEditor responseEditor(request_rec& request, const ServerConfig& config) {
  return [&request, via = config.via.valueOr(ViaMode::kOn)](proxycommon::ResponseHead& head) {
    proxycommon::addResponseVia(request, head, via);
    return proxycommon::Outcome{};
  };
}

proxycommon::RequestCachePlan cachePlan(request_rec& request, const ForwardRequest& forward, const ServerConfig& config,
                                        FlightLeader behind) {
  proxycommon::RequestCachePlan plan{config.cache, config.cache.chosen(), {}};
  if (!plan.choice.isOn) return plan;
  plan.subject = cacheSubject(request, forward);
  plan.counters = config.cacheCounters;
  plan.note = "fwdproxy-cache";
  plan.edit = responseEditor(request, config);
  plan.moduleIndex = APLOG_MODULE_INDEX;
  plan.behind = std::move(behind);
  // The request once more, without its client.
  plan.revalidate = [&request, &forward, &config](FlightLeader leader) {
    (void)proxycommon::runInBackground(request, [forward, &config, leader](request_rec& copy) {
      return serve(copy, *proxycommon::makePoolOwned<ForwardRequest>(copy.pool, forward), config, leader);
    });
  };
  return plan;
}

using Answer = Result<std::optional<proxycommon::Switched>>;

Task<Answer> ask(request_rec& request, proxycommon::RelayPlan plan, proxycommon::RequestCache& cache,
                 proxycommon::RelayBody& body, proxycommon::CachingResponse& response, RequestWaiter& waiter,
                 proxycommon::RelayReport& report) {
  const proxycommon::HeaderFields fields = plan.head.fields;
  cache.editRequest(plan.head.fields);
  Answer answer = co_await proxycommon::relay(request, plan, body, response, waiter, report);
  if (!answer || !response.asksAgain()) co_return answer;
  if (auto rewound = body.rewind(); !rewound) co_return std::move(rewound.error());
  plan.head.fields = fields;
  cache.editRequest(plan.head.fields);
  co_return co_await proxycommon::relay(request, plan, body, response, waiter, report);
}

Task<int> relayRequest(request_rec& request, const ForwardRequest& forward, const ServerConfig& config,
                       RequestWaiter& waiter, FlightLeader behind) {
  const std::string offered =
      proxycommon::offeredUpgrade(proxycommon::requestUpgrade(request), config.upgrade.valueOr(kDefaultUpgrade));
  proxycommon::RequestCachePlan cached = cachePlan(request, forward, config, std::move(behind));
  cached.mayBecomeTunnel = !offered.empty();
  proxycommon::RequestCache cache(waiter, std::move(cached));
  if (const auto answered = co_await cache.answer()) co_return *answered;
  const std::string host = proxycommon::Authority{forward.destination.host, forward.port}.toString(kHttpPort);
  const std::string peer = "http://" + host;
  std::optional<proxycommon::TunnelSlot> slot;
  if (!offered.empty()) {
    auto taken = proxycommon::takeTunnelSlot(request, config.tunnel.settings(config.timeout));
    if (!taken) co_return proxycommon::answerError(request, APLOG_MODULE_INDEX, peer, taken.error(), nullptr);
    slot.emplace(std::move(*taken));
  }
  const auto parent = config.parent.valueOr(nullptr);
  const milliseconds silence = config.timeout.valueOr(serverTimeout(request));
  proxycommon::RelayPlan plan{
      // With the guard's text: a connection that one policy has judged good is not another's.
      .key = proxycommon::PeerKey{"forward", config.guard.fingerprint(), host, std::to_string(forward.port),
                                  config.nameServers.valueOr(""), parent ? parent->identity() : ""},
      .poolLimits = {},
      .connect = [&] { return Result<proxycommon::ConnectPlan>(connectPlan(forward, config)); },
      .head = forwardedHead(request, forward, config, host, offered),
      .offered = offered,
      .limits = {silence, silence, silence, serverTimeout(request)},
      .backendDone = [&cache] { cache.complete(); }};
  proxycommon::BodyPlan bodyPlan{.isRepeatable = proxycommon::isRepeatable(request, false),
                                 .replayBuffer = kReplayBuffer};
  if (offered.empty()) bodyPlan.framing = proxycommon::requestFraming(request);
  proxycommon::RelayBody body(request, bodyPlan);
  if (auto prepared = co_await body.prepare(waiter); !prepared)
    co_return proxycommon::answerError(request, APLOG_MODULE_INDEX, peer, prepared.error(), nullptr);
  proxycommon::ClientResponse client(request, nullptr);
  proxycommon::CachingResponse response(client, cache, waiter, responseEditor(request, config));
  proxycommon::RelayReport report;
  report.backend = peer;
  auto answer = co_await ask(request, std::move(plan), cache, body, response, waiter, report);
  proxycommon::noteReport(request, waiter.child(), reportNames(), report);
  if (const auto concluded = co_await cache.conclude(answer ? nullptr : &answer.error(), client.hasHead()))
    co_return *concluded;
  if (!answer) co_return proxycommon::answerError(request, APLOG_MODULE_INDEX, peer, answer.error(), &response);
  if (!*answer) co_return OK;
  co_return co_await tunnelSwitched(request, std::move(**answer), host, config, std::move(*slot), waiter);
}

bool announceTunnel(request_rec& request) {
  conn_rec* connection = request.connection;
  apr_bucket_brigade* brigade = apr_brigade_create(request.pool, connection->bucket_alloc);
  ap_fputs(connection->output_filters, brigade, "HTTP/1.1 200 Connection established\r\n\r\n");
  return ap_fflush(connection->output_filters, brigade) == APR_SUCCESS && !connection->aborted;
}

Task<int> connectRequest(request_rec& request, const ForwardRequest& forward, const ServerConfig& config,
                         RequestWaiter& waiter) {
  if (request.connection->master) {
    ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, &request,
                  "CONNECT on a stream of HTTP/2 is not supported: clients must "
                  "use HTTP/1.1 to open tunnels");
    co_return HTTP_NOT_IMPLEMENTED;
  }
  const std::string peer = forward.destination.toString(0);
  const auto settings = config.tunnel.settings(config.timeout);
  auto slot = proxycommon::takeTunnelSlot(request, settings);
  if (!slot) co_return proxycommon::answerError(request, APLOG_MODULE_INDEX, peer, slot.error(), nullptr);
  proxycommon::RelayReport report;
  report.backend = peer;
  report.beginTry();
  auto backend = co_await proxycommon::connectBackend(connectPlan(forward, config), waiter);
  if (backend) {
    report.address = backend->report.address;
    report.dial = backend->report.dial;
  }
  proxycommon::noteReport(request, waiter.child(), reportNames(), report);
  if (!backend) co_return proxycommon::answerError(request, APLOG_MODULE_INDEX, peer, backend.error(), nullptr);
  request.status = HTTP_OK;
  if (!announceTunnel(request)) {
    request.connection->keepalive = AP_CONN_CLOSE;
    request.output_filters = request.proto_output_filters = request.connection->output_filters;
    co_return DONE;
  }
  proxycommon::TunnelOpening opening{
      std::move(backend->connection), {}, peer, APLOG_MODULE_INDEX, settings.limits, std::move(*slot)};
  co_return co_await proxycommon::openTunnel(request, std::move(opening), waiter);
}

Task<int> serve(request_rec& request, const ForwardRequest& forward, const ServerConfig& config, FlightLeader behind) {
  RequestWaiter waiter(request, config.park.valueOr({}));
  const proxycommon::CacheChoice choice = config.cache.chosen();
  if (choice.isOn && proxycommon::isPurge(request, config.cache))
    co_return co_await proxycommon::purge(waiter, choice, cacheSubject(request, forward));
  if (request.method_number == M_CONNECT) co_return co_await connectRequest(request, forward, config, waiter);
  co_return co_await relayRequest(request, forward, config, waiter, std::move(behind));
}

}  // namespace

int handleRequest(request_rec* request) {
  const ForwardRequest* forward = findForwardRequest(*request);
  if (!forward) return DECLINED;
  if (const int refusal = proxycommon::traceRefusal(*request); refusal != OK) return refusal;
  if (const auto answered = proxycommon::answerAtLastHop(*request)) return *answered;
  const ServerConfig& config = ServerConfig::of(*request->connection);
  return proxycommon::runRequest(*request, serve(*request, *forward, config, nullptr));
}

}  // namespace fwdproxy
