// The life of a request:
//
//   routing: mapping.find ── none → DECLINED
//     └ handler: forwarded head → (body into its buffer) → lease → exchange ── ok → answer
//                                                            ↑        │  └─── 101 → tunnel
//                                                            └ again ─┘
//   lease: an idle connection, or a new one; with max=, what its place in the queue brings
//   again: once, on a fresh connection, when a reused one was closed before an answer, what was read of the body is
//          kept, and the request cannot have run or may run twice (idempotent; or keyed, with retry-post=key)
//
// A backend that speaks HTTP/2 has relayH2 in place of lease and exchange: a stream of a connection that many share,
// with the same second try.
//
// Whatever waits in it is parked where the MPM can: the co_awaits are where a worker may leave and another go on.
#include "mod_revproxy/handler.h"

#include <string>

#include "common/http/upgrade.h"
#include "common/httpd/answer_error.h"
#include "common/httpd/child.h"
#include "common/httpd/h2_relay.h"
#include "common/httpd/last_hop.h"
#include "common/httpd/parking.h"
#include "common/httpd/relay.h"
#include "common/httpd/tunnel_opening.h"
#include "mod_revproxy/config.h"
#include "mod_revproxy/forwarded_head.h"
#include "mod_revproxy/relay_plan.h"
#include "mod_revproxy/request_state.h"

APLOG_USE_MODULE(revproxy);

namespace revproxy {
namespace {

using proxycommon::RequestWaiter;
using proxycommon::Task;

const proxycommon::ReportNames& reportNames() {
  static const proxycommon::ReportNames names{"revproxy-"};
  return names;
}

Task<int> serve(request_rec& request, const Backend& backend, const LocationConfig& config, const char* target) {
  const auto fail = [&](const proxycommon::Error& error, proxycommon::ClientResponse* response) {
    return proxycommon::answerError(request, APLOG_MODULE_INDEX, backend.origin(), error, response);
  };
  const BackendParameters parameters = BackendParameters::merged(config.parameters, backend.parameters);
  RequestWaiter waiter(request, parkPolicy(parameters, config));
  const std::string offered =
      backend.http2 ? ""
                    : proxycommon::offeredUpgrade(proxycommon::requestUpgrade(request), parameters.upgrade.valueOr(""));
  std::optional<proxycommon::TunnelSlot> slot;
  if (!offered.empty()) {
    auto taken = proxycommon::takeTunnelSlot(request, config.tunnel.settings(config.timeout));
    if (!taken) co_return fail(taken.error(), nullptr);
    slot.emplace(std::move(*taken));
  }
  const proxycommon::RelayPlan plan = relayPlan(request, backend, parameters, config, target, offered);
  proxycommon::ClientResponse response(
      request, [&](auto& head) { editResponseHead(request, config, head); }, config.buffer.valueOr(0));
  proxycommon::RelayReport report;
  report.backend = backend.origin();
  auto relayed = backend.http2
                     ? proxycommon::relayH2(request, plan, backend.tls ? "https" : "http", response, waiter, report)
                     : proxycommon::relay(request, plan, response, waiter, report);
  auto answer = co_await std::move(relayed);
  proxycommon::noteReport(request, waiter.child(), reportNames(), report);
  if (!answer) co_return fail(answer.error(), &response);
  if (!*answer) co_return OK;
  proxycommon::TunnelOpening opening{std::move((*answer)->backend),
                                     std::move((*answer)->behindHead),
                                     backend.socketPath.empty() ? backend.authority : backend.origin(),
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
