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

std::string portText(const Endpoint& endpoint) {
  return std::to_string(endpoint.address.empty() ? endpoint.member->backend.port : endpoint.port);
}

proxycommon::PeerKey keyOf(const EndpointPlan& plan) {
  const Backend& backend = plan.endpoint.member->backend;
  const LocationConfig& config = plan.request.config;
  const auto parent = parentOf(backend, config);
  return proxycommon::PeerKey{"reverse",
                              backend.scheme,
                              backend.host,
                              plan.endpoint.address,
                              portText(plan.endpoint),
                              backend.socketPath,
                              parent ? parent->identity() : "",
                              backend.tls ? tlsOptions(backend, config).fingerprint() : "",
                              backend.tls ? config.tls.nameFor(backend.host) : "",
                              config.nameServers.valueOr(""),
                              plan.parameters.keepAlive.valueOr(true) ? "" : "no probes"};
}

Result<proxycommon::ConnectPlan> connectPlan(const server_rec& server, const EndpointPlan& plan) {
  const LocationConfig& config = plan.request.config;
  auto connect = connectPlanOf(server, plan.endpoint, config);
  if (!connect) return connect;
  connect->limit = plan.parameters.connectionTimeout.valueOr(connect->limit);
  connect->sessionKey = keyOf(plan).text();
  return connect;
}

proxycommon::PoolLimits poolLimits(const BackendParameters& parameters) {
  proxycommon::PoolLimits limits;
  limits.idle = parameters.disableReuse.valueOr(false) ? 0 : parameters.smax.valueOr(limits.idle);
  limits.idleTime = parameters.ttl.valueOr(limits.idleTime);
  limits.most = parameters.max.valueOr(0);
  return limits;
}

proxycommon::ExchangeLimits exchangeLimits(const request_rec& request, const EndpointPlan& plan) {
  const BackendParameters& parameters = plan.parameters;
  const LocationConfig& config = plan.request.config;
  const milliseconds silence = parameters.timeout.valueOr(config.timeout.valueOr(serverTimeout(request)));
  proxycommon::ExchangeLimits limits{parameters.firstByteTimeout.valueOr(silence),
                                     parameters.idleTimeout.valueOr(silence), parameters.sendTimeout.valueOr(silence),
                                     serverTimeout(request), config.headLimits.valueOr({})};
  limits.expect = parameters.expectTimeout.valueOr(limits.expect);
  limits.total = parameters.totalTimeout.valueOr(limits.total);
  limits.end = endOf(parameters, plan.request.begun);
  return limits;
}

}  // namespace

BackendParameters mappingParameters(const LocationConfig& config, const MappedTo& to) {
  const BackendParameters outer = BackendParameters::merged(config.parameters, to.balancer->balancer.parameters);
  return BackendParameters::merged(outer, to.parameters);
}

Result<proxycommon::ConnectPlan> connectPlanOf(const server_rec& server, const Endpoint& endpoint,
                                               const LocationConfig& config) {
  const Backend& backend = endpoint.member->backend;
  proxycommon::ConnectPlan plan;
  plan.destination = {backend.host, backend.port};
  if (!endpoint.address.empty()) plan.destination = {endpoint.address, endpoint.port};
  // The administrator has named the backend: no address of it is refused.
  plan.guard = &proxycommon::AddressGuard::alwaysOpen();
  plan.limit = config.connectTimeout.valueOr(kConnectTimeout);
  plan.nameServers = config.nameServers.valueOr("");
  plan.socketPath = backend.socketPath;
  plan.parent = parentOf(backend, config);
  if (!backend.tls) return plan;
  auto context = proxycommon::childOf(server).tlsContexts.get(tlsOptions(backend, config));
  if (!context) return std::move(context.error());
  plan.tls = std::move(*context);
  plan.verifyName = config.tls.nameFor(backend.host);
  return plan;
}

proxycommon::Clock::time_point endOf(const BackendParameters& parameters, proxycommon::Clock::time_point begun) {
  const milliseconds total = parameters.totalTimeout.valueOr(milliseconds{0});
  return total.count() > 0 ? begun + total : proxycommon::Clock::time_point::max();
}

proxycommon::CacheChoice cacheChoice(const RequestPlan& plan) {
  return plan.config.cache.chosen(plan.parameters.cache, plan.parameters.cacheStore);
}

proxycommon::ParkPolicy parkPolicy(const RequestPlan& plan) {
  proxycommon::ParkPolicy policy = plan.config.park.valueOr({});
  policy.halfClose = plan.parameters.halfClose.valueOr(false);
  return policy;
}

proxycommon::BodyPlan bodyPlan(request_rec& request, const RequestPlan& plan, std::string_view offered) {
  proxycommon::BodyPlan body;
  if (offered.empty()) body.framing = proxycommon::requestFraming(request);
  body.isRepeatable = proxycommon::isRepeatable(request, plan.parameters.retryPost.valueOr(false));
  body.requestBuffer = plan.parameters.requestBuffer.valueOr(0);
  body.replayBuffer = plan.config.replayBuffer.valueOr(kReplayBuffer);
  body.end = endOf(plan.parameters, plan.begun);
  return body;
}

EndpointPlan endpointPlan(const RequestPlan& plan, const Endpoint& endpoint, const char* target,
                          const std::string& offered) {
  const Backend& backend = endpoint.member->backend;
  return {plan, endpoint, BackendParameters::merged(plan.parameters, backend.parameters),
          backend.basePath == "/" ? target : joinedPath(backend.basePath, target), backend.http2 ? "" : offered};
}

proxycommon::RelayPlan relayPlan(request_rec& request, const EndpointPlan& plan) {
  const BackendParameters& parameters = plan.parameters;
  proxycommon::RelayPlan relay{.key = keyOf(plan),
                               .poolLimits = poolLimits(parameters),
                               .connect = [&] { return connectPlan(*request.server, plan); },
                               .head = forwardedHead(request, plan),
                               .offered = plan.offered,
                               .limits = exchangeLimits(request, plan)};
  relay.acquire = parameters.acquire.valueOr(relay.acquire);
  relay.rest = parameters.retry.valueOr(relay.rest);
  relay.probesIdle = parameters.keepAlive.valueOr(true);
  return relay;
}

}  // namespace revproxy
