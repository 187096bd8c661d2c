// What one child of all does for the others.
#include "mod_revproxy/leading.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>

#include "common/httpd/child.h"
#include "common/httpd/guarded.h"
#include "mod_revproxy/config.h"
#include "mod_revproxy/health/monitor.h"
#include "mod_revproxy/health/name_watch.h"
#include "mod_revproxy/module.h"
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
      std::string address = endpoint.address.empty() ? "" : connect->destination.toString();
      return std::optional(Dialled{std::move(*connect), std::move(address)});
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

struct Work {
  std::vector<HealthTarget> checks;
  std::vector<WatchedName> names;
};

WatchedName nameOf(const server_rec& server, const Balancer& balancer, std::size_t index) {
  const Member& member = balancer.members[index];
  const Balancer::Resolving& resolving = balancer.resolving(index);
  WatchedName name;
  name.question = {member.backend.host, member.backend.port, member.resolve == Resolve::kSrv};
  name.nameServers = settingsOf(server).nameServers.valueOr("");
  name.floor = balancer.settings.resolveFloor;
  name.ceiling = std::max(balancer.settings.resolveCeiling, name.floor);
  name.member = member.url;
  name.balancer = balancer.name;
  name.publish = [&resolving](const std::vector<NamedAddress>& addresses) {
    // A place that gets a new address knows nothing of the old one.
    return resolving.addresses->publish(addresses, [&](std::size_t place) { forget(*resolving.places[place].state); });
  };
  return name;
}

void addWork(const server_rec& server, const Balancer& balancer, Work& work) {
  for (std::size_t index = 0; index < balancer.members.size(); ++index) {
    const Member& member = balancer.members[index];
    if (balancer.resolving(index).addresses) work.names.push_back(nameOf(server, balancer, index));
    if (!balancer.health.isSet()) continue;
    for (const SharedMember& place : balancer.places(index))
      work.checks.push_back(targetOf(server, balancer, member, *place.state));
  }
}

Work workOf(const server_rec& main) {
  Work work;
  for (const server_rec* server = &main; server; server = server->next) {
    const ServerConfig& config = ServerConfig::of(*server);
    if (server != &main && &config == &ServerConfig::of(main)) continue;
    for (const auto& [name, balancer] : config.balancers.named) addWork(*server, balancer->balancer, work);
  }
  return work;
}

void logName(const NameNews& news) {
  ap_log_error(APLOG_MARK, news.kind == NameNews::Kind::kLost ? APLOG_WARNING : APLOG_NOTICE, 0, ap_server_conf, "%s",
               describe(news).c_str());
}

void logHealth(const HealthNews& news) {
  ap_log_error(APLOG_MARK, news.change == HealthChange::kDown ? APLOG_WARNING : APLOG_NOTICE, 0, ap_server_conf, "%s",
               describe(news).c_str());
}

bool leads(proxycommon::Child& child) {
  const bool isStopping = child.stoppingSince != proxycommon::Clock::time_point::max().time_since_epoch().count();
  if (!isStopping) return child.shared.lead(child.number, child.shared.generation());
  child.shared.resign(child.number);
  return false;
}

// Of one child. Never destroyed, as the child is not.
class Leading {
 public:
  Leading(proxycommon::Child& child, std::vector<proxycommon::LoopServices> loops, Work work)
      : child_(child), loops_(std::move(loops)), work_(std::move(work)) {}

  // Begins what the leader does, or ends it. Whether it is to be called again.
  bool look() {
    const std::lock_guard lock(mutex_);
    if (isOver_) return false;
    const bool isLeader = leads(child_);
    if (isLeader == monitor_.has_value()) return true;
    monitor_.reset();
    names_.reset();
    if (!isLeader) return true;
    const auto stillLeads = [this] { return leads(child_); };
    monitor_.emplace(loops_, MonitorSeams{stillLeads, &logHealth}, work_.checks);
    names_.emplace(loops_, NameWatchSeams{stillLeads, &logName}, work_.names);
    return true;
  }

  void end() {
    const std::lock_guard lock(mutex_);
    isOver_ = true;
    monitor_.reset();
    names_.reset();
    child_.shared.resign(child_.number);
  }

 private:
  proxycommon::Child& child_;
  const std::vector<proxycommon::LoopServices> loops_;
  const Work work_;
  std::mutex mutex_;
  bool isOver_ = false;
  std::optional<Monitor> monitor_;  // while it leads
  std::optional<NameWatch> names_;
};

apr_status_t endLeading(void* leading) {
  // Under prefork this is within the handler of a signal, where nothing may be locked: exit() ends the threads.
  if (proxycommon::canPark()) static_cast<Leading*>(leading)->end();
  return APR_SUCCESS;
}

}  // namespace

void startLeading(apr_pool_t* childPool, server_rec& main) {
  constexpr milliseconds kInterval{100};
  Work work = workOf(main);
  if (work.checks.empty() && work.names.empty()) return;
  proxycommon::Child& child = proxycommon::childOf(main);
  auto reactor = child.sideReactor();
  if (!reactor) {
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, &main, "this child checks no members and asks for no names: %s",
                 reactor.error().detail.c_str());
    return;
  }
  Leading* const leading = std::make_unique<Leading>(child, (*reactor)->loops(), std::move(work)).release();
  apr_pool_pre_cleanup_register(childPool, leading, proxycommon::guarded<&endLeading>);
  (*reactor)->repeat(kInterval, [leading] { return leading->look(); });
}

}  // namespace revproxy
