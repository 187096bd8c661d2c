// Balancers as servers and vhosts have them.
#include "mod_revproxy/server_balancer.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "common/base/text.h"
#include "common/httpd/child.h"
#include "mod_revproxy/balancer_provider.h"
#include "mod_revproxy/config.h"

APLOG_USE_MODULE(revproxy);

namespace revproxy {
namespace {

using proxycommon::Outcome;

// Servers that have a configuration of their own: a vhost without directives of ours has the main server's.
std::vector<const server_rec*> serversOf(const server_rec& main) {
  std::vector<const server_rec*> servers;
  for (const server_rec* server = &main; server; server = server->next)
    if (server == &main || &ServerConfig::of(*server) != &ServerConfig::of(main)) servers.push_back(server);
  return servers;
}

std::string namesOf(const ServerBalancers& own, const ServerBalancers& outer) {
  std::set<std::string_view> all;
  for (const auto* balancers : {&own, &outer})
    for (const auto& [name, balancer] : balancers->named) all.insert(name);
  std::string names;
  for (const std::string_view name : all) names.append(names.empty() ? "" : ", ").append(name);
  return names.empty() ? "none is defined" : "there are " + names;
}

// Names that are used and nobody has defined. Whether there are none.
bool resolveReferences(const server_rec& server, const ServerBalancers& own, const ServerBalancers& outer) {
  bool isWell = true;
  for (const BalancerReference& reference : own.references) {
    auto found = own.named.find(reference.name);
    const bool isOwn = found != own.named.end();
    if (!isOwn) found = outer.named.find(reference.name);
    if (isOwn || found != outer.named.end()) {
      if (reference.to) reference.to->balancer = found->second;
      continue;
    }
    isWell = false;
    const std::string name = proxycommon::printable(reference.name);
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, &server,
                 "%s at %s: no balancer is called \"%s\": write <RevProxyBalancer %s> at the level of the server or of "
                 "this vhost; %s",
                 reference.directive.c_str(), reference.definedAt.c_str(), name.c_str(), name.c_str(),
                 namesOf(own, outer).c_str());
  }
  return isWell;
}

bool chooseMethod(const server_rec& server, ServerBalancer& balancer) {
  const BalancerSettings& settings = balancer.balancer.settings;
  auto method = findMethod(settings.method, MethodOptions{settings.balanceFactor});
  if (!method) {
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, &server, "RevProxyBalancer %s at %s: %s", balancer.balancer.name.c_str(),
                 balancer.balancer.definedAt.c_str(), method.error().detail.c_str());
    return false;
  }
  balancer.method = std::move(*method);
  return true;
}

std::vector<ServerBalancer*> balancersOf(const server_rec& server) {
  std::vector<ServerBalancer*> all;
  const ServerBalancers& balancers = ServerConfig::of(server).balancers;
  for (const auto* kind : {&balancers.named, &balancers.plain})
    for (const auto& [name, balancer] : *kind) all.push_back(balancer.get());
  return all;
}

std::string labelOf(const server_rec& server) {
  const std::string host = server.server_hostname ? server.server_hostname : "";
  return host + ":" + std::to_string(server.addrs ? server.addrs->host_port : server.port);
}

}  // namespace

std::shared_ptr<ServerBalancer> ServerBalancers::ofBackend(const Backend& backend, const std::string& definedAt) {
  auto& found = plain[backend.origin()];
  if (found) return found;
  found = std::make_shared<ServerBalancer>();
  found->balancer.name = backend.origin();
  found->balancer.isPlain = true;
  found->balancer.definedAt = definedAt;
  Member member;
  member.backend = backend;
  member.url = backend.origin();
  member.definedAt = definedAt;
  found->balancer.members.push_back(std::move(member));
  return found;
}

Outcome ServerBalancers::refer(std::string directive, std::string_view url, std::string definedAt,
                               std::shared_ptr<MappedTo> to) {
  const auto parts = readBalancerUrl(url);
  if (!parts || parts->name.empty() || url.find_first_of("?#") != std::string_view::npos)
    return proxycommon::failure(proxycommon::ErrorKind::kInternal,
                                "\"" + proxycommon::printable(url) + "\" is no such URL: write balancer://NAME[/PATH]");
  references.push_back({std::move(directive), std::string{parts->name}, std::move(definedAt), std::move(to)});
  return {};
}

bool checkBalancers(server_rec& main) {
  bool isWell = true;
  for (const server_rec* server : serversOf(main)) {
    isWell &= resolveReferences(*server, ServerConfig::of(*server).balancers, ServerConfig::of(main).balancers);
    for (ServerBalancer* balancer : balancersOf(*server)) isWell &= chooseMethod(*server, *balancer);
  }
  return isWell;
}

Outcome prepareBalancers(server_rec& main, std::string_view cookieKey) {
  proxycommon::SharedState* const state = proxycommon::sharedState();
  if (!state) return proxycommon::failure(proxycommon::ErrorKind::kInternal, "there is no shared memory");
  for (const auto& [server, scope] : scopedServers(main))
    for (ServerBalancer* balancer : balancersOf(*server))
      if (auto prepared = balancer->balancer.prepare(*state, scope, *balancer->method, cookieKey); !prepared)
        return prepared;
  return {};
}

std::vector<ScopedServer> scopedServers(const server_rec& main) {
  std::vector<std::string> labels;
  std::vector<ScopedServer> all;
  for (const server_rec* server : serversOf(main)) {
    std::string label = server == &main ? "" : labelOf(*server);
    const auto before = std::count(labels.begin(), labels.end(), label);
    labels.push_back(label);
    all.push_back({server, before > 0 ? label + "#" + std::to_string(before) : std::move(label)});
  }
  return all;
}

std::vector<ServerBalancer*> allServerBalancers(const server_rec& main) {
  std::vector<ServerBalancer*> all;
  for (const server_rec* server : serversOf(main)) {
    const auto own = balancersOf(*server);
    all.insert(all.end(), own.begin(), own.end());
  }
  return all;
}

}  // namespace revproxy
