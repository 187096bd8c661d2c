// ServerBalancer: a balancer as a server or vhost has it: what it is in itself (Balancer), and what httpd has to do
// with it: the expression that it hashes, the method that another module may have brought.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/httpd/expression.h"
#include "common/httpd/httpd_api.h"
#include "mod_revproxy/balancer.h"
#include "mod_revproxy/mapping.h"

namespace revproxy {

// Const once the child runs.
struct ServerBalancer {
  Balancer balancer;
  std::optional<proxycommon::Expression> hashKey;
  std::unique_ptr<const Method> method;
};

// A directive that names a balancer: which one is known when all is read.
struct BalancerReference {
  std::string directive;
  std::string name;
  std::string definedAt;
  std::shared_ptr<MappedTo> to;  // that gets it; nullptr: it is to be there, no more
};

// Those of a server or vhost.
struct ServerBalancers {
  std::map<std::string, std::shared_ptr<ServerBalancer>, std::less<>> named;  // <RevProxyBalancer NAME>
  std::map<std::string, std::shared_ptr<ServerBalancer>, std::less<>> plain;  // of plain URLs, by what they dial
  std::vector<BalancerReference> references;

  // Notes that a directive names one, as "balancer://NAME[/PATH]". Error: it is no such URL.
  proxycommon::Outcome refer(std::string directive, std::string_view url, std::string definedAt,
                             std::shared_ptr<MappedTo> to);

  // That of a plain URL; two mappings to one backend have the same.
  std::shared_ptr<ServerBalancer> ofBackend(const Backend& backend, const std::string& definedAt);
};

// In check_config: names, methods, expressions. What is wrong is logged. Whether all is well.
bool checkBalancers(server_rec& main);
// In post_config: finds what is shared. Error kInternal.
proxycommon::Outcome prepareBalancers(server_rec& main, std::string_view cookieKey);
// Those of all vhosts that have a configuration of their own, each with a text that tells it from all others.
struct ScopedServer {
  const server_rec* server;
  std::string scope;
};
std::vector<ScopedServer> scopedServers(const server_rec& main);

// Of all vhosts, once each.
std::vector<ServerBalancer*> allServerBalancers(const server_rec& main);

}  // namespace revproxy
