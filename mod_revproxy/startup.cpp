// What mod_revproxy does before the first request.
#include "mod_revproxy/startup.h"

#include <algorithm>

#include "common/httpd/child.h"
#include "common/httpd/mpm_advice.h"
#include "mod_revproxy/config.h"

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

}  // namespace

int check(apr_pool_t* pool, apr_pool_t*, apr_pool_t*, server_rec* main) {
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
}

}  // namespace revproxy
