// The life of a request:
//
//   routing: mapping.find ── none → DECLINED
//     └ handler: forwarded head → (body into its buffer) → pool.acquire or connect → exchange ── ok → answer
//                                      ↑__ once more on a fresh connection, while          └─ 101 → tunnel
//                                          the backend cannot have acted on it
//
// Whatever waits in it is parked where the MPM can: the co_awaits are where a worker may leave and another go on.
#include "mod_revproxy/handler.h"

#include <string>

#include "common/http/upgrade.h"
#include "common/httpd/answer_error.h"
#include "common/httpd/child.h"
#include "common/httpd/last_hop.h"
#include "common/httpd/parking.h"
#include "common/httpd/relay.h"
#include "common/httpd/tunnel_opening.h"
#include "mod_revproxy/config.h"
#include "mod_revproxy/forwarded_head.h"
#include "mod_revproxy/request_state.h"

APLOG_USE_MODULE(revproxy);

namespace revproxy {
namespace {

using proxycommon::RequestWaiter;
using proxycommon::Task;

constexpr milliseconds kConnectTimeout{5000};
constexpr std::uint64_t kReplayBuffer = 64 * 1024;

milliseconds serverTimeout(const request_rec& request) {
  return milliseconds{apr_time_as_msec(request.server->timeout)};
}

// The administrator has named the backend: no address of it is refused.
const proxycommon::AddressGuard& openGuard() {
  static const auto guard = proxycommon::AddressGuard::open();
  return guard;
}

const proxycommon::ReportNames& reportNames() {
  static const proxycommon::ReportNames names{"revproxy-"};
  return names;
}

Result<proxycommon::ConnectPlan> connectPlan(const server_rec& server, const Backend& backend,
                                             const BackendParameters& parameters, const LocationConfig& config) {
  proxycommon::ConnectPlan plan;
  plan.destination = {backend.host, backend.port};
  plan.guard = &openGuard();
  plan.limit = parameters.connectionTimeout.valueOr(config.connectTimeout.valueOr(kConnectTimeout));
  plan.nameServers = config.nameServers.valueOr("");
  if (!backend.tls) return plan;
  auto context = proxycommon::childOf(server).tlsContexts.get(config.tls.options());
  if (!context) return std::move(context.error());
  plan.tls = std::move(*context);
  plan.verifyName = config.tls.nameFor(backend.host);
  plan.sessionKey = backend.authority;
  return plan;
}

proxycommon::PeerKey keyOf(const Backend& backend, const LocationConfig& config) {
  return proxycommon::PeerKey{"reverse",
                              backend.scheme,
                              backend.host,
                              std::to_string(backend.port),
                              backend.tls ? config.tls.options().fingerprint() : "",
                              backend.tls ? config.tls.nameFor(backend.host) : "",
                              config.nameServers.valueOr("")};
}

proxycommon::PoolLimits poolLimitsOf(const BackendParameters& parameters) {
  proxycommon::PoolLimits limits;
  limits.idle = parameters.disableReuse.valueOr(false) ? 0 : parameters.smax.valueOr(limits.idle);
  limits.idleTime = parameters.ttl.valueOr(limits.idleTime);
  limits.most = parameters.max.valueOr(0);
  return limits;
}

proxycommon::ExchangeLimits exchangeLimitsOf(const request_rec& request, const BackendParameters& parameters,
                                             const LocationConfig& config) {
  const milliseconds silence = parameters.timeout.valueOr(config.timeout.valueOr(serverTimeout(request)));
  proxycommon::ExchangeLimits limits{parameters.firstByteTimeout.valueOr(silence),
                                     parameters.idleTimeout.valueOr(silence), parameters.sendTimeout.valueOr(silence),
                                     serverTimeout(request), config.headLimits.valueOr({})};
  limits.expect = parameters.expectTimeout.valueOr(limits.expect);
  if (parameters.totalTimeout.isSet()) limits.end = proxycommon::Clock::now() + parameters.totalTimeout.value();
  return limits;
}

proxycommon::ParkPolicy parkPolicyOf(const BackendParameters& parameters, const LocationConfig& config) {
  proxycommon::ParkPolicy policy = config.park.valueOr({});
  policy.halfClose = parameters.halfClose.valueOr(false);
  return policy;
}

Task<int> serve(request_rec& request, const Backend& backend, const LocationConfig& config, const char* target) {
  const auto fail = [&](const proxycommon::Error& error, proxycommon::ClientResponse* response) {
    return proxycommon::answerError(request, APLOG_MODULE_INDEX, backend.origin(), error, response);
  };
  const BackendParameters parameters = BackendParameters::merged(config.parameters, backend.parameters);
  RequestWaiter waiter(request, parkPolicyOf(parameters, config));
  const std::string offered =
      proxycommon::offeredUpgrade(proxycommon::requestUpgrade(request), parameters.upgrade.valueOr(""));
  std::optional<proxycommon::TunnelSlot> slot;
  if (!offered.empty()) {
    auto taken = proxycommon::takeTunnelSlot(request, config.tunnel.settings(config.timeout));
    if (!taken) co_return fail(taken.error(), nullptr);
    slot.emplace(std::move(*taken));
  }
  proxycommon::RelayPlan plan{.key = keyOf(backend, config),
                              .poolLimits = poolLimitsOf(parameters),
                              .connect = [&] { return connectPlan(*request.server, backend, parameters, config); },
                              .head = forwardedHead(request, backend, config, target, offered),
                              .offered = offered,
                              .limits = exchangeLimitsOf(request, parameters, config)};
  plan.acquire = parameters.acquire.valueOr(plan.acquire);
  plan.rest = parameters.retry.valueOr(plan.rest);
  plan.requestBuffer = parameters.requestBuffer.valueOr(0);
  plan.replayBuffer = config.replayBuffer.valueOr(kReplayBuffer);
  plan.probesIdle = parameters.keepAlive.valueOr(true);
  plan.repeatsWithKey = parameters.retryPost.valueOr(false);
  proxycommon::ClientResponse response(
      request, [&](auto& head) { editResponseHead(request, config, head); }, config.buffer.valueOr(0));
  proxycommon::RelayReport report;
  report.backend = backend.origin();
  auto answer = co_await proxycommon::relay(request, plan, response, waiter, report);
  proxycommon::noteReport(request, reportNames(), report);
  if (!answer) co_return fail(answer.error(), &response);
  if (!*answer) co_return OK;
  proxycommon::TunnelOpening opening{std::move((*answer)->backend),
                                     std::move((*answer)->behindHead),
                                     backend.authority,
                                     APLOG_MODULE_INDEX,
                                     config.tunnel.settings(config.timeout).limits,
                                     std::move(*slot)};
  co_return co_await proxycommon::openTunnel(request, std::move(opening), waiter);
}

}  // namespace

int handleRequest(request_rec* request) {
  const RequestState* state = findState(*request);
  if (!state || !state->mapping || request->proxyreq != PROXYREQ_REVERSE) return DECLINED;
  if (const int refusal = proxycommon::traceRefusal(*request); refusal != OK) return refusal;
  if (const auto answered = proxycommon::answerAtLastHop(*request)) return *answered;

  return proxycommon::runRequest(
      *request, serve(*request, *state->mapping->backend, LocationConfig::of(*request), state->target));
}

}  // namespace revproxy
