// How the settings of a backend become plans for the library.
#include "mod_revproxy/relay_plan.h"

#include <string>

#include "common/httpd/child.h"
#include "mod_revproxy/forwarded_head.h"

namespace revproxy {
namespace {

constexpr milliseconds kConnectTimeout{5000};
constexpr std::uint64_t kReplayBuffer = 64 * 1024;

milliseconds serverTimeout(const request_rec& request) {
  return milliseconds{apr_time_as_msec(request.server->timeout)};
}

// A socket is on this machine: there is nothing to go through.
std::shared_ptr<const proxycommon::ParentProxy> parentOf(const Backend& backend, const LocationConfig& config) {
  return backend.socketPath.empty() ? config.parent.valueOr(nullptr) : nullptr;
}

proxycommon::TlsOptions tlsOptions(const Backend& backend, const LocationConfig& config) {
  proxycommon::TlsOptions options = config.tls.options();
  if (backend.http2) options.alpn = "h2";
  return options;
}

proxycommon::PeerKey keyOf(const Backend& backend, const BackendParameters& parameters, const LocationConfig& config) {
  const auto parent = parentOf(backend, config);
  return proxycommon::PeerKey{"reverse",
                              backend.scheme,
                              backend.host,
                              std::to_string(backend.port),
                              backend.socketPath,
                              parent ? parent->identity() : "",
                              backend.tls ? tlsOptions(backend, config).fingerprint() : "",
                              backend.tls ? config.tls.nameFor(backend.host) : "",
                              config.nameServers.valueOr(""),
                              parameters.keepAlive.valueOr(true) ? "" : "no probes"};
}

Result<proxycommon::ConnectPlan> connectPlan(const server_rec& server, const Backend& backend,
                                             const BackendParameters& parameters, const LocationConfig& config) {
  proxycommon::ConnectPlan plan;
  plan.destination = {backend.host, backend.port};
  // The administrator has named the backend: no address of it is refused.
  plan.guard = &proxycommon::AddressGuard::alwaysOpen();
  plan.limit = parameters.connectionTimeout.valueOr(config.connectTimeout.valueOr(kConnectTimeout));
  plan.nameServers = config.nameServers.valueOr("");
  plan.socketPath = backend.socketPath;
  plan.parent = parentOf(backend, config);
  if (!backend.tls) return plan;
  auto context = proxycommon::childOf(server).tlsContexts.get(tlsOptions(backend, config));
  if (!context) return std::move(context.error());
  plan.tls = std::move(*context);
  plan.verifyName = config.tls.nameFor(backend.host);
  plan.sessionKey = keyOf(backend, parameters, config).text();
  return plan;
}

proxycommon::PoolLimits poolLimits(const BackendParameters& parameters) {
  proxycommon::PoolLimits limits;
  limits.idle = parameters.disableReuse.valueOr(false) ? 0 : parameters.smax.valueOr(limits.idle);
  limits.idleTime = parameters.ttl.valueOr(limits.idleTime);
  limits.most = parameters.max.valueOr(0);
  return limits;
}

proxycommon::ExchangeLimits exchangeLimits(const request_rec& request, const BackendParameters& parameters,
                                           const LocationConfig& config) {
  const milliseconds silence = parameters.timeout.valueOr(config.timeout.valueOr(serverTimeout(request)));
  proxycommon::ExchangeLimits limits{parameters.firstByteTimeout.valueOr(silence),
                                     parameters.idleTimeout.valueOr(silence), parameters.sendTimeout.valueOr(silence),
                                     serverTimeout(request), config.headLimits.valueOr({})};
  limits.expect = parameters.expectTimeout.valueOr(limits.expect);
  limits.total = parameters.totalTimeout.valueOr(limits.total);
  if (limits.total.count() > 0) limits.end = proxycommon::Clock::now() + limits.total;
  return limits;
}

}  // namespace

proxycommon::ParkPolicy parkPolicy(const BackendParameters& parameters, const LocationConfig& config) {
  proxycommon::ParkPolicy policy = config.park.valueOr({});
  policy.halfClose = parameters.halfClose.valueOr(false);
  return policy;
}

proxycommon::RelayPlan relayPlan(request_rec& request, const Backend& backend, const BackendParameters& parameters,
                                 const LocationConfig& config, const char* target, std::string_view offered) {
  proxycommon::RelayPlan plan{.key = keyOf(backend, parameters, config),
                              .poolLimits = poolLimits(parameters),
                              .connect = [&] { return connectPlan(*request.server, backend, parameters, config); },
                              .head = forwardedHead(request, backend, config, target, offered),
                              .offered = offered,
                              .limits = exchangeLimits(request, parameters, config)};
  plan.acquire = parameters.acquire.valueOr(plan.acquire);
  plan.rest = parameters.retry.valueOr(plan.rest);
  plan.requestBuffer = parameters.requestBuffer.valueOr(0);
  plan.replayBuffer = config.replayBuffer.valueOr(kReplayBuffer);
  plan.probesIdle = parameters.keepAlive.valueOr(true);
  plan.repeatsWithKey = parameters.retryPost.valueOr(false);
  return plan;
}

}  // namespace revproxy
