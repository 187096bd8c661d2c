// The life of a request:
//
//   routing: mapping.find ── none → DECLINED
//     └ handler: forwarded head → pool.acquire (dial) → exchange ── ok → answer
//                                      ↑__ once more on a fresh connection, while the backend cannot have acted on it
#include "mod_revproxy/handler.h"

#include <string>

#include "common/httpd/answer_error.h"
#include "common/httpd/child.h"
#include "common/httpd/relay.h"
#include "common/net/dialer.h"
#include "mod_revproxy/config.h"
#include "mod_revproxy/forwarded_head.h"
#include "mod_revproxy/request_state.h"

APLOG_USE_MODULE(revproxy);

namespace revproxy {
namespace {

using proxycommon::Connection;

constexpr milliseconds kConnectTimeout{5000};

milliseconds serverTimeout(const request_rec& request) {
  return milliseconds{apr_time_as_msec(request.server->timeout)};
}

Result<std::unique_ptr<Connection>> dial(const server_rec& server, const Backend& backend,
                                         const LocationConfig& config) {
  const milliseconds limit =
      backend.parameters.connectionTimeout.valueOr(config.connectTimeout.valueOr(kConnectTimeout));
  // The administrator has named the backend: no address of it is refused.
  static const auto guard = proxycommon::AddressGuard::open();
  const auto deadline = proxycommon::Deadline::after(limit);
  auto socket = proxycommon::dial({backend.host, backend.port}, guard, limit);
  if (!socket) return std::move(socket.error());
  if (!backend.tls) return proxycommon::makeClearConnection(std::move(*socket));
  const auto options = config.tlsOptions();
  auto context = proxycommon::childOf(server).tlsContexts.get(options);
  if (!context) return std::move(context.error());
  return proxycommon::makeTlsConnection(std::move(*socket), *context, backend.host, backend.authority,
                                        deadline.remaining());
}

proxycommon::PeerKey keyOf(const Backend& backend, const LocationConfig& config) {
  return proxycommon::PeerKey{"reverse", backend.scheme, backend.host, std::to_string(backend.port),
                              backend.tls ? config.tlsOptions().fingerprint() : ""};
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
  return {silence, silence, silence};
}

}  // namespace

int handleRequest(request_rec* request) {
  const RequestState* state = findState(*request);
  if (!state || !state->mapping || request->proxyreq != PROXYREQ_REVERSE) return DECLINED;
  if (const int refusal = proxycommon::traceRefusal(*request); refusal != OK) return refusal;

  const Backend& backend = *state->mapping->backend;
  const LocationConfig& config = LocationConfig::of(*request);
  const server_rec& server = *request->server;
  const proxycommon::RelayPlan plan{proxycommon::childOf(server).connections,
                                    keyOf(backend, config),
                                    poolLimitsOf(backend.parameters),
                                    [&] { return dial(server, backend, config); },
                                    forwardedHead(*request, backend, config, state->target),
                                    exchangeLimitsOf(*request, backend, config)};
  proxycommon::ClientResponse response(*request, [&](auto& head) { editResponseHead(*request, config, head); });
  const Outcome outcome = proxycommon::relay(*request, plan, response);
  if (outcome) return OK;
  return proxycommon::answerError(*request, APLOG_MODULE_INDEX, backend.origin(), outcome.error(), &response);
}

}  // namespace revproxy
