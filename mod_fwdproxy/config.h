// The configuration of mod_fwdproxy: what its directives set, and how servers merge. Const once httpd runs. All of it
// belongs to a server or to the first vhost of an address: the client of a forward proxy chooses among name-based
// vhosts by the destination that it names, and must not choose its rules so.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/setting.h"
#include "common/cache/cache_counters.h"
#include "common/httpd/cache_config.h"
#include "common/httpd/httpd_api.h"
#include "common/httpd/request_waiter.h"
#include "common/httpd/tunnel_config.h"
#include "common/httpd/via.h"
#include "common/net/address_guard.h"
#include "common/net/parent_proxy.h"
#include "mod_fwdproxy/access/allow_list.h"

namespace fwdproxy {

using proxycommon::milliseconds;
using proxycommon::Setting;
using proxycommon::ViaMode;

struct ServerConfig {
  Setting<bool> requests;
  Setting<milliseconds> timeout;
  Setting<milliseconds> connectTimeout;
  Setting<ViaMode> via;
  Setting<proxycommon::ParkPolicy> park;
  Setting<std::string> upgrade;                                     // protocols that may be changed to
  Setting<std::string> nameServers;                                 // as readNameServers() gives them
  Setting<std::shared_ptr<const proxycommon::ParentProxy>> parent;  // nullptr: none
  Setting<unsigned> reactorThreads;
  proxycommon::TunnelConfig tunnel;
  proxycommon::CacheConfig cache;
  proxycommon::CacheCounters* cacheCounters = nullptr;  // set before the first request
  AllowList allowed;
  std::vector<proxycommon::Network> privateNetworks;
  std::string firstDirective;  // "FwdProxyAllow at FILE:LINE": the first of ours that this very server has

  // Made by seal(), from the two lists above.
  proxycommon::AddressGuard guard = proxycommon::AddressGuard::closed();

  static ServerConfig& of(cmd_parms& command, void* directory);
  static ServerConfig& of(server_rec& server);
  // The rules for a connection, whatever the request on it names.
  static const ServerConfig& of(const conn_rec& connection);
  static ServerConfig merged(const ServerConfig& outer, const ServerConfig& inner);

  // Once, after the configuration is read.
  void seal();
};

extern const command_rec kDirectives[];
void* createServerConfig(apr_pool_t* pool, server_rec* server);
void* mergeServerConfig(apr_pool_t* pool, void* outer, void* inner);

}  // namespace fwdproxy
