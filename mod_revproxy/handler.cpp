// The life of a request:
//
//   routing: mapping.find ── none → DECLINED
//     └ handler: forwarded head → (body into its buffer) → pool.acquire or connect → exchange ── ok → answer
//                                      ↑__ once more on a fresh connection, while          └─ 101 → tunnel
//                                          the backend cannot have acted on it
//
// A backend that speaks HTTP/2 has relayH2 in place of pool and exchange: a stream of a connection that many share.
//
// Whatever waits in it is parked where the MPM can: the co_awaits are where a worker may leave and another go on.
#include "mod_revproxy/handler.h"

#include <string>

#include "common/http/upgrade.h"
#include "common/httpd/answer_error.h"
#include "common/httpd/child.h"
#include "common/httpd/h2_relay.h"
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

milliseconds serverTimeout(const request_rec& request) {
  return milliseconds{apr_time_as_msec(request.server->timeout)};
}

// The administrator has named the backend: no address of it is refused.
const proxycommon::AddressGuard& openGuard() {
  static const auto guard = proxycommon::AddressGuard::open();
  return guard;
}

proxycommon::TlsOptions tlsOptionsOf(const Backend& backend, const LocationConfig& config) {
  proxycommon::TlsOptions options = config.tlsOptions();
  if (backend.http2) options.alpn = "h2";
  return options;
}

Result<proxycommon::ConnectPlan> connectPlan(const server_rec& server, const Backend& backend,
                                             const LocationConfig& config) {
  proxycommon::ConnectPlan plan;
  plan.destination = {backend.host, backend.port};
  plan.guard = &openGuard();
  plan.limit = backend.parameters.connectionTimeout.valueOr(config.connectTimeout.valueOr(kConnectTimeout));
  plan.nameServers = config.nameServers.valueOr("");
  if (!backend.tls) return plan;
  auto context = proxycommon::childOf(server).tlsContexts.get(tlsOptionsOf(backend, config));
  if (!context) return std::move(context.error());
  plan.tls = std::move(*context);
  plan.verifyName = backend.host;
  plan.sessionKey = backend.authority;
  return plan;
}

proxycommon::PeerKey keyOf(const Backend& backend, const LocationConfig& config) {
  return proxycommon::PeerKey{"reverse",
                              backend.scheme,
                              backend.host,
                              std::to_string(backend.port),
                              backend.tls ? tlsOptionsOf(backend, config).fingerprint() : "",
                              config.nameServers.valueOr("")};
}

proxycommon::PoolLimits poolLimitsOf(const BackendParameters& parameters) {
  proxycommon::PoolLimits limits;
  limits.idle = parameters.disableReuse.valueOr(false) ? 0 : parameters.smax.valueOr(limits.idle);
  limits.idleTime = parameters.ttl.valueOr(limits.idleTime);
  return limits;
}

proxycommon::ExchangeLimits exchangeLimitsOf(const request_rec& request, const Backend& backend,
                                             const LocationConfig& config) {
  const milliseconds silence = backend.parameters.timeout.valueOr(config.timeout.valueOr(serverTimeout(request)));
  return {silence, silence, silence, serverTimeout(request)};
}

proxycommon::ParkPolicy parkPolicyOf(const Backend& backend, const LocationConfig& config) {
  proxycommon::ParkPolicy policy = config.park.valueOr({});
  policy.halfClose = backend.parameters.halfClose.valueOr(false);
  return policy;
}

Task<int> serve(request_rec& request, const Backend& backend, const LocationConfig& config, const char* target) {
  const auto fail = [&](const proxycommon::Error& error, proxycommon::ClientResponse* response) {
    return proxycommon::answerError(request, APLOG_MODULE_INDEX, backend.origin(), error, response);
  };
  RequestWaiter waiter(request, parkPolicyOf(backend, config));
  const std::string offered =
      proxycommon::offeredUpgrade(proxycommon::requestUpgrade(request), backend.parameters.upgrade.valueOr(""));
  std::optional<proxycommon::TunnelSlot> slot;
  if (!offered.empty()) {
    auto taken = proxycommon::takeTunnelSlot(request, config.tunnel.settings(config.timeout));
    if (!taken) co_return fail(taken.error(), nullptr);
    slot.emplace(std::move(*taken));
  }
  const proxycommon::RelayPlan plan{keyOf(backend, config),
                                    poolLimitsOf(backend.parameters),
                                    [&] { return connectPlan(*request.server, backend, config); },
                                    forwardedHead(request, backend, config, target, offered),
                                    offered,
                                    exchangeLimitsOf(request, backend, config),
                                    backend.parameters.requestBuffer.valueOr(0)};
  proxycommon::ClientResponse response(
      request, [&](auto& head) { editResponseHead(request, config, head); }, config.buffer.valueOr(0));
  auto relayed = backend.http2 ? proxycommon::relayH2(request, plan, backend.tls ? "https" : "http", response, waiter)
                               : proxycommon::relay(request, plan, response, waiter);
  auto answer = co_await std::move(relayed);
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

  return proxycommon::runRequest(
      *request, serve(*request, *state->mapping->backend, LocationConfig::of(*request), state->target));
}

}  // namespace revproxy
