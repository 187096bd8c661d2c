// What mod_revproxy does before the first request.
#include "mod_revproxy/startup.h"

#include <algorithm>

#include "common/httpd/cache_stores.h"
#include "common/httpd/child.h"
#include "common/httpd/mpm_advice.h"
#include "mod_revproxy/config.h"
#include "mod_revproxy/leading.h"
#include "mod_revproxy/mapping_counters.h"
#include "mod_revproxy/sticky_key.h"

APLOG_USE_MODULE(revproxy);

namespace revproxy {
namespace {

milliseconds keepAliveHoldOf(const server_rec& server) {
  return ServerConfig::of(server).keepAliveHold.valueOr(proxycommon::kDefaultKeepAliveHold);
}

bool isProxy(const server_rec& main) {
  for (const server_rec* server = &main; server; server = server->next) {
    const ServerConfig& config = ServerConfig::of(*server);
    if (!config.mappings.empty() || !config.locationMappings.empty()) return true;
  }
  return false;
}

bool makesCookies(const server_rec& main) {
  for (const ServerBalancer* balancer : allServerBalancers(main))
    if (balancer->balancer.settings.sticky.cookie.isSet()) return true;
  return false;
}

// What is wrong is logged. Whether all is well.
bool prepareShared(server_rec& main) {
  StickyKey key{ServerConfig::of(main).stickyKey.valueOr(""), ""};
  if (key.key.empty() && makesCookies(main)) {
    auto kept = keptStickyKey(main);
    if (!kept) {
      ap_log_error(APLOG_MARK, APLOG_EMERG, 0, &main, "%s", kept.error().detail.c_str());
      return false;
    }
    key = std::move(*kept);
    if (!key.warning.empty()) ap_log_error(APLOG_MARK, APLOG_WARNING, 0, &main, "%s", key.warning.c_str());
  }
  if (const auto prepared = proxycommon::prepareStores(main); !prepared) {
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, &main, "%s", prepared.error().detail.c_str());
    return false;
  }
  auto prepared = prepareBalancers(main, key.key);
  if (prepared) prepared = prepareMappings(main);
  if (!prepared) {
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, &main, "%s", prepared.error().detail.c_str());
    return false;
  }
  return true;
}

}  // namespace

int check(apr_pool_t* pool, apr_pool_t*, apr_pool_t*, server_rec* main) {
  if (!checkBalancers(*main)) return HTTP_INTERNAL_SERVER_ERROR;
  if (!proxycommon::checkStores(*main)) return HTTP_INTERNAL_SERVER_ERROR;
  if (proxycommon::isConfigTest() && isProxy(*main)) proxycommon::adviseOnMpm(pool, *main, APLOG_MODULE_INDEX);
  return OK;
}

int prepare(apr_pool_t* pool, apr_pool_t*, apr_pool_t*, server_rec* main) {
  proxycommon::LibraryNeeds needs{0, &keepAliveHoldOf};
  for (server_rec* server = main; server; server = server->next)
    needs.reactorThreads = std::max(needs.reactorThreads, ServerConfig::of(*server).reactorThreads.valueOr(0));
  if (const auto prepared = proxycommon::prepareLibrary(pool, needs); !prepared) {
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, main, "%s", prepared.error().detail.c_str());
    return HTTP_INTERNAL_SERVER_ERROR;
  }
  if (proxycommon::isFirstOfTwoRuns()) return OK;
  if (!prepareShared(*main)) return HTTP_INTERNAL_SERVER_ERROR;
  if (isProxy(*main)) proxycommon::adviseOnMpm(pool, *main, APLOG_MODULE_INDEX);
  for (server_rec* server = main; server; server = server->next) {
    // A vhost without directives of ours has the very configuration of the main server.
    if (server != main && &ServerConfig::of(*server) == &ServerConfig::of(*main)) continue;
    for (const std::string& warning : ServerConfig::of(*server).warnings)
      ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server, "%s", warning.c_str());
  }
  return OK;
}

void startChild(apr_pool_t* pool, server_rec* main) {
  proxycommon::ensureChild(pool, main);
  startLeading(pool, *main);
}

}  // namespace revproxy
