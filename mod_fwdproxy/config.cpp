// The configuration of mod_fwdproxy: storage, merging, directives.
#include "mod_fwdproxy/config.h"

#include "common/base/text.h"
#include "common/http/parent_url.h"
#include "common/http/upgrade.h"
#include "common/httpd/cache_stores.h"
#include "common/httpd/directive.h"
#include "common/httpd/pool_owned.h"
#include "common/net/resolver.h"
#include "mod_fwdproxy/module.h"

namespace fwdproxy {
namespace {

using proxycommon::ErrorKind;
using proxycommon::failure;
namespace directive = proxycommon::directive;

// Calls `add` for each word; there must be one.
template <class Add>
Outcome forEachWord(cmd_parms& command, std::string_view line, const char* expected, Add add) {
  auto word = directive::nextWord(command, line);
  if (!word) return failure(ErrorKind::kInternal, std::string{"nothing follows: write "} + expected);
  for (; word; word = directive::nextWord(command, line))
    if (auto added = add(*word); !added) return added;
  return {};
}

// FwdProxyAllow HOST[:PORTS] …
Outcome allow(cmd_parms& command, void* directory, std::string_view line) {
  AllowList& list = ServerConfig::of(command, directory).allowed;
  return forEachWord(command, line, "HOST[:PORTS] ...", [&](const std::string& word) { return list.add(word); });
}

// FwdProxyPrivateNetworks CIDR …
Outcome privateNetworks(cmd_parms& command, void* directory, std::string_view line) {
  auto& networks = ServerConfig::of(command, directory).privateNetworks;
  return forEachWord(command, line, "CIDR ..., such as 10.0.0.0/8", [&](const std::string& word) -> Outcome {
    const auto network = proxycommon::Network::parse(word);
    if (!network)
      return failure(ErrorKind::kInternal, "\"" + word +
                                               "\" is no network: write ADDRESS/BITS with no bits set behind the "
                                               "prefix, such as 10.0.0.0/8 (at most 32) or fd00::/8 (at most 128)");
    networks.push_back(*network);
    return {};
  });
}

// FwdProxyResolver ADDRESS:PORT …
Outcome nameServers(cmd_parms& command, void* directory, std::string_view line) {
  auto servers = proxycommon::readNameServers(directive::remainingWords(command, line));
  if (!servers) return std::move(servers.error());
  ServerConfig::of(command, directory).nameServers = std::move(*servers);
  return {};
}

Outcome cache(cmd_parms& command, void* directory, std::string_view line) {
  return proxycommon::readCacheLine(command, line, ServerConfig::of(command, directory).cache);
}

Outcome cacheTargets(cmd_parms& command, void* directory, std::string_view line) {
  return proxycommon::readCacheTargets(command, line, ServerConfig::of(command, directory).cache);
}

}  // namespace

ServerConfig& ServerConfig::of(server_rec& server) {
  return *static_cast<ServerConfig*>(ap_get_module_config(server.module_config, &fwdproxy_module));
}
ServerConfig& ServerConfig::of(cmd_parms& command, void*) {
  ServerConfig& config = of(*command.server);
  if (config.firstDirective.empty())
    config.firstDirective = std::string{command.cmd->name} + " at " + command.directive->filename + ":" +
                            std::to_string(command.directive->line_num);
  return config;
}
const ServerConfig& ServerConfig::of(const conn_rec& connection) {
  return of(*connection.base_server);
}

ServerConfig ServerConfig::merged(const ServerConfig& outer, const ServerConfig& inner) {
  ServerConfig result;
  result.requests = Setting<bool>::merged(outer.requests, inner.requests);
  result.timeout = Setting<milliseconds>::merged(outer.timeout, inner.timeout);
  result.connectTimeout = Setting<milliseconds>::merged(outer.connectTimeout, inner.connectTimeout);
  result.via = Setting<ViaMode>::merged(outer.via, inner.via);
  result.park = decltype(park)::merged(outer.park, inner.park);
  result.upgrade = Setting<std::string>::merged(outer.upgrade, inner.upgrade);
  result.nameServers = Setting<std::string>::merged(outer.nameServers, inner.nameServers);
  result.parent = decltype(parent)::merged(outer.parent, inner.parent);
  result.reactorThreads = Setting<unsigned>::merged(outer.reactorThreads, inner.reactorThreads);
  result.cache = proxycommon::CacheConfig::merged(outer.cache, inner.cache);
  result.tunnel = proxycommon::TunnelConfig::merged(outer.tunnel, inner.tunnel);
  // A server that names destinations of its own means these alone: lists that grow by inheritance open by accident.
  result.allowed = inner.allowed.empty() ? outer.allowed : inner.allowed;
  result.privateNetworks = inner.privateNetworks.empty() ? outer.privateNetworks : inner.privateNetworks;
  result.firstDirective = inner.firstDirective;
  return result;
}

void ServerConfig::seal() {
  // CDN-Cache-Control speaks to caches in front of an origin alone (RFC 9213 3.1).
  if (!cache.targets.isSet()) cache.targets = std::vector<std::string>{};
  guard = proxycommon::AddressGuard::closed();
  allowed.open(guard);
  for (const auto& network : privateNetworks) guard.allow(network, proxycommon::PortSet::all());
}

void* createServerConfig(apr_pool_t* pool, server_rec*) {
  return proxycommon::makePoolOwned<ServerConfig>(pool);
}
void* mergeServerConfig(apr_pool_t* pool, void* outer, void* inner) {
  return proxycommon::makePoolOwned<ServerConfig>(
      pool, ServerConfig::merged(*static_cast<ServerConfig*>(outer), *static_cast<ServerConfig*>(inner)));
}

const command_rec kDirectives[] = {
    directive::field<&ServerConfig::requests, &directive::readSwitch>(
        "FwdProxyRequests", RSRC_CONF, "On: this server is a forward proxy; default Off"),
    directive::line<&allow>("FwdProxyAllow", RSRC_CONF, "HOST[:PORTS] ...: destinations that are open; default none"),
    directive::line<&privateNetworks>(
        "FwdProxyPrivateNetworks", RSRC_CONF,
        "CIDR ...: networks beside the public Internet that may be dialled; default none"),
    directive::line<&cache>("FwdProxyCache", RSRC_CONF, "On|Off [store=NAME]: responses are kept; default Off"),
    directive::line<&proxycommon::defineStore>("FwdProxyCacheStore", RSRC_CONF,
                                               "NAME KIND [key=value ...]: where a cache keeps what it has"),
    directive::nested<&ServerConfig::cache, &proxycommon::CacheConfig::mayPurge, &directive::readSwitch>(
        "FwdProxyCachePurge", RSRC_CONF, "On: PURGE removes from the cache, for those whom Require lets; default Off"),
    directive::nested<&ServerConfig::cache, &proxycommon::CacheConfig::heuristicPercent, &proxycommon::readHeuristic>(
        "FwdProxyCacheHeuristic", RSRC_CONF,
        "PERCENT of the time since it was modified that a response without a lifetime is fresh; default 10, or Off"),
    directive::line<&cacheTargets>("FwdProxyCacheTargets", RSRC_CONF,
                                   "FIELD ...: in place of Cache-Control, for this cache; default None"),
    directive::nested<&ServerConfig::cache, &proxycommon::CacheConfig::storesSetCookie, &directive::readSwitch>(
        "FwdProxyCacheSetCookie", RSRC_CONF, "On: responses with Set-Cookie may be kept; default Off"),
    directive::nested<&ServerConfig::cache, &proxycommon::CacheConfig::mostBody, &directive::readSizeOrOff>(
        "FwdProxyCacheMaxObject", RSRC_CONF, "SIZE of the largest body that is kept; default: what the store takes"),
    directive::nested<&ServerConfig::cache, &proxycommon::CacheConfig::staleIfError, &directive::readDurationOrOff>(
        "FwdProxyCacheStaleIfError", RSRC_CONF,
        "how long what has expired may stand in for an error, where the response does not say; default Off"),
    directive::nested<&ServerConfig::cache, &proxycommon::CacheConfig::hitForMiss, &directive::readDuration>(
        "FwdProxyCacheHitForMiss", RSRC_CONF,
        "how long it is remembered that nobody need wait for a response that cannot be kept; default 10s"),
    directive::nested<&ServerConfig::cache, &proxycommon::CacheConfig::collapse, &directive::readDurationOrOff>(
        "FwdProxyCacheCollapse", RSRC_CONF,
        "how long a request waits for another one that brings the same; default 30s, or Off"),
    directive::field<&ServerConfig::timeout, &directive::readDuration>(
        "FwdProxyTimeout", RSRC_CONF, "how long an origin may stay silent; default: Timeout"),
    directive::field<&ServerConfig::connectTimeout, &directive::readDuration>(
        "FwdProxyConnectTimeout", RSRC_CONF, "how long a connection may take; default 10s"),
    directive::field<&ServerConfig::via, &proxycommon::readVia>("FwdProxyVia", RSRC_CONF,
                                                                "On, Off, or Full; default On"),
    directive::field<&ServerConfig::park, &proxycommon::readPark>(
        "FwdProxyPark", RSRC_CONF,
        "how long a worker waits for an origin before the request is parked; default 20ms; Off"),
    directive::field<&ServerConfig::upgrade, &proxycommon::readUpgrade>(
        "FwdProxyUpgrade", RSRC_CONF, "protocols that plain requests may change to, or None; default websocket"),
    directive::line<&nameServers>("FwdProxyResolver", RSRC_CONF,
                                  "ADDRESS:PORT ...: name servers to ask; default: the system's"),
    directive::field<&ServerConfig::parent, &proxycommon::readParent>(
        "FwdProxyRemote", RSRC_CONF,
        "http://[USER:PASSWORD@]HOST:PORT of a proxy to go through, or None; default None"),
    directive::field<&ServerConfig::reactorThreads, &directive::readThreads>(
        "FwdProxyReactorThreads", RSRC_CONF,
        "threads of a child that wait for everyone; default: processors, at most 4"),
    directive::nested<&ServerConfig::tunnel, &proxycommon::TunnelConfig::idle, &directive::readDuration>(
        "FwdProxyTunnelTimeout", RSRC_CONF, "how long a tunnel may be silent; default: FwdProxyTimeout, else 10min"),
    directive::nested<&ServerConfig::tunnel, &proxycommon::TunnelConfig::lifetime, &directive::readDurationOrOff>(
        "FwdProxyTunnelLifetime", RSRC_CONF, "how long a tunnel may last, or Off; default Off"),
    directive::nested<&ServerConfig::tunnel, &proxycommon::TunnelConfig::drain, &directive::readDuration>(
        "FwdProxyTunnelDrain", RSRC_CONF, "how long tunnels go on when their child stops; default 5min"),
    directive::nested<&ServerConfig::tunnel, &proxycommon::TunnelConfig::most, &directive::readCount>(
        "FwdProxyMaxTunnels", RSRC_CONF, "tunnels of a child; default: what its descriptors allow"),
    directive::nested<&ServerConfig::tunnel, &proxycommon::TunnelConfig::mostPerClient, &directive::readCount>(
        "FwdProxyMaxTunnelsPerClient", RSRC_CONF, "tunnels of a client's address in a child; default: no limit"),
    directive::end(),
};

}  // namespace fwdproxy
