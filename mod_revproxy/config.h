// The configuration of mod_revproxy: what its directives set, and how sections merge. Const once httpd runs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/setting.h"
#include "common/http/head_limits.h"
#include "common/http/set_cookie.h"
#include "common/httpd/cache_config.h"
#include "common/httpd/httpd_api.h"
#include "common/httpd/request_waiter.h"
#include "common/httpd/tunnel_config.h"
#include "common/httpd/via.h"
#include "common/net/parent_proxy.h"
#include "mod_revproxy/mapping.h"
#include "mod_revproxy/reverse_map.h"
#include "mod_revproxy/server_balancer.h"
#include "mod_revproxy/tls_settings.h"

namespace revproxy {

using proxycommon::ViaMode;

enum class ForwardedMode { kOff, kOn, kFull };  // full: with ports, and where the request came in

// Of a server or vhost.
struct ServerConfig {
  MappingTable mappings;
  MappingTable locationMappings;        // those of its <Location> sections, to find two for one prefix
  ServerBalancers balancers;            // its own, whoever maps to them
  Setting<std::string> stickyKey;       // that signs cookies
  Setting<milliseconds> keepAliveHold;  // zero: off
  Setting<unsigned> reactorThreads;
  std::vector<std::string> warnings;  // for the log at start

  static ServerConfig& of(cmd_parms& command, void* directory);
  static const ServerConfig& of(const server_rec& server);
  static ServerConfig merged(const ServerConfig& outer, const ServerConfig& inner);
};

// Of a server, vhost or <Location>. A field has one line in merged(), and one row in the table of directives.
struct LocationConfig {
  std::shared_ptr<const Mapping> mapping;  // a RevProxyPass of this very <Location>
  ServerBalancer* section = nullptr;       // the <RevProxyBalancer> this is the configuration of, while it is read
  Setting<bool> preserveHost;
  Setting<bool> addHeaders;
  Setting<ForwardedMode> forwarded;
  Setting<ViaMode> via;
  Setting<milliseconds> timeout;
  Setting<milliseconds> connectTimeout;
  BackendParameters parameters;         // of every mapping that does not say otherwise
  Setting<std::uint64_t> replayBuffer;  // bytes of a request's body that are kept, to be sent a second time
  Setting<proxycommon::ParkPolicy> park;
  Setting<std::uint64_t> buffer;     // bytes of a response that are kept for a slow client
  Setting<std::string> nameServers;  // as readNameServers() gives them
  Setting<std::shared_ptr<const proxycommon::ParentProxy>> parent;  // nullptr: none
  proxycommon::TunnelConfig tunnel;
  proxycommon::CacheConfig cache;
  TlsSettings tls;
  Setting<proxycommon::HeadLimits> headLimits;  // of responses
  std::vector<ReverseRule> reverseRules;
  std::vector<proxycommon::CookieRule> cookieDomains;
  std::vector<proxycommon::CookieRule> cookiePaths;

  static LocationConfig& of(cmd_parms& command, void* directory);
  static const LocationConfig& of(const request_rec& request);
  static LocationConfig merged(const LocationConfig& outer, const LocationConfig& inner);
};

// The rows of the module structure.
extern const command_rec kDirectives[];
void* createServerConfig(apr_pool_t* pool, server_rec* server);
void* mergeServerConfig(apr_pool_t* pool, void* outer, void* inner);
void* createLocationConfig(apr_pool_t* pool, char* path);
void* mergeLocationConfig(apr_pool_t* pool, void* outer, void* inner);

}  // namespace revproxy
