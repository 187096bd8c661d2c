// What one child of all does for the others.
#include "mod_revproxy/health_checks.h"

#include <memory>

#include "common/httpd/child.h"
#include "common/httpd/guarded.h"
#include "mod_revproxy/config.h"
#include "mod_revproxy/health/monitor.h"
#include "mod_revproxy/relay_plan.h"

APLOG_USE_MODULE(revproxy);

namespace revproxy {
namespace {

using Dialled = HealthTarget::Dialled;

// The settings of the server itself, whatever a <Location> says.
const LocationConfig& settingsOf(const server_rec& server) {
  return *static_cast<const LocationConfig*>(ap_get_module_config(server.lookup_defaults, &revproxy_module));
}

// Whom a check of that place of a member dials: the member by its name, or the address that has the place now.
std::function<Result<std::optional<Dialled>>()> dialOf(const server_rec& server, const Balancer& balancer,
                                                       const MemberState& state) {
  return [&]() -> Result<std::optional<Dialled>> {
    for (const auto endpoints = balancer.endpoints(); const Endpoint& endpoint : *endpoints) {
      if (endpoint.shared.state != &state || endpoint.member->isStopped) continue;
      auto connect = connectPlanOf(server, endpoint, settingsOf(server));
      if (!connect) return std::move(connect.error());
      connect->names = &proxycommon::childOf(server).names;
      connect->sessionKey = "check|" + endpoint.name;
      return std::optional(Dialled{std::move(*connect), endpoint.address});
    }
    return std::optional<Dialled>();
  };
}

HealthTarget targetOf(const server_rec& server, const Balancer& balancer, const Member& member, MemberState& state) {
  const HealthCheck& check = balancer.health.value();
  HealthTarget target;
  target.member = member.url;
  target.balancer = balancer.name;
  target.dial = dialOf(server, balancer, state);
  target.host = check.host.empty() ? member.backend.authority : check.host;
  target.target = joinedPath(member.backend.basePath, check.uri);
  target.speaksHttp2 = member.backend.http2;
  target.state = &state.health;
  target.check = &check;
  return target;
}

std::vector<HealthTarget> targetsOf(const server_rec& main) {
  std::vector<HealthTarget> targets;
  for (const server_rec* server = &main; server; server = server->next) {
    const ServerConfig& config = ServerConfig::of(*server);
    if (server != &main && &config == &ServerConfig::of(main)) continue;
    for (const auto& [name, server_balancer] : config.balancers.named) {
      const Balancer& balancer = server_balancer->balancer;
      if (!balancer.health.isSet()) continue;
      for (std::size_t index = 0; index < balancer.members.size(); ++index)
        for (const SharedMember& place : balancer.places(index))
          targets.push_back(targetOf(*server, balancer, balancer.members[index], *place.state));
    }
  }
  return targets;
}

void logNews(const HealthNews& news) {
  ap_log_error(APLOG_MARK, news.change == HealthChange::kDown ? APLOG_WARNING : APLOG_NOTICE, 0, ap_server_conf, "%s",
               describe(news).c_str());
}

bool leads(proxycommon::Child& child) {
  const bool isStopping = child.stoppingSince != proxycommon::Clock::time_point::max().time_since_epoch().count();
  if (!isStopping) return child.shared.lead(child.number, child.shared.generation());
  child.shared.resign(child.number);
  return false;
}

apr_status_t stopChecks(void* monitor) {
  // Under prefork this is within the handler of a signal, where nothing may be locked: exit() ends the threads.
  if (proxycommon::canPark()) static_cast<Monitor*>(monitor)->stop();
  return APR_SUCCESS;
}

}  // namespace

void startChecks(apr_pool_t* childPool, server_rec& main) {
  auto targets = targetsOf(main);
  if (targets.empty()) return;
  proxycommon::Child& child = proxycommon::childOf(main);
  auto reactor = child.sideReactor();
  if (!reactor) {
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, &main, "this child checks no members: %s", reactor.error().detail.c_str());
    return;
  }
  // Never destroyed, as the child is not.
  auto monitor = std::make_unique<Monitor>((*reactor)->loops(), MonitorSeams{[&child] { return leads(child); }, &logNews},
                                           std::move(targets));
  apr_pool_pre_cleanup_register(childPool, monitor.release(), proxycommon::guarded<&stopChecks>);
}

}  // namespace revproxy
