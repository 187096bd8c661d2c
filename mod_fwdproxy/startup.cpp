// What mod_fwdproxy does before the first request.
#include "mod_fwdproxy/startup.h"

#include <algorithm>

#include "common/httpd/cache_stores.h"
#include "common/httpd/child.h"
#include "common/httpd/forward_counters.h"
#include "common/httpd/mpm_advice.h"
#include "mod_fwdproxy/config.h"

APLOG_USE_MODULE(fwdproxy);

namespace fwdproxy {
namespace {

bool haveCommonAddress(const server_rec& left, const server_rec& right) {
  for (const server_addr_rec* one = left.addrs; one; one = one->next)
    for (const server_addr_rec* other = right.addrs; other; other = other->next)
      if (one->host_port == other->host_port && apr_sockaddr_equal(one->host_addr, other->host_addr)) return true;
  return false;
}

// The server that stands before `server` in the configuration for one of its addresses: httpd takes that one where no
// name decides. httpd links its servers in reverse, so what was written earlier comes later.
const server_rec* firstOfAddress(const server_rec& server) {
  const server_rec* first = nullptr;
  for (const server_rec* earlier = server.next; earlier; earlier = earlier->next)
    if (haveCommonAddress(*earlier, server)) first = earlier;
  return first;
}

bool isWellPlaced(server_rec& main, server_rec& server) {
  const ServerConfig& config = ServerConfig::of(server);
  // A vhost without directives of ours has the very configuration of the main server.
  if (&config == &ServerConfig::of(main) || config.firstDirective.empty()) return true;
  const server_rec* first = firstOfAddress(server);
  if (!first) return true;
  ap_log_error(APLOG_MARK, APLOG_EMERG, 0, &server,
               "%s stands in a <VirtualHost> that shares its address with the one at %s:%u, which comes first: the "
               "clients of a forward proxy would choose their own rules by the name of the destination. Write it into "
               "that first one, or give this one an address or port of its own",
               config.firstDirective.c_str(), first->defn_name, first->defn_line_number);
  return false;
}

bool isProxy(server_rec& main) {
  for (server_rec* server = &main; server; server = server->next)
    if (ServerConfig::of(*server).requests.valueOr(false)) return true;
  return false;
}

bool prepareCounters(server_rec& main) {
  const auto counters = proxycommon::prepareForwardCounters(main);
  if (!counters) {
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, &main, "%s", counters.error().detail.c_str());
    return false;
  }
  for (server_rec* server = &main; server; server = server->next) ServerConfig::of(*server).cacheCounters = *counters;
  return true;
}

}  // namespace

int check(apr_pool_t* pool, apr_pool_t*, apr_pool_t*, server_rec* main) {
  for (server_rec* server = main; server; server = server->next)
    if (!isWellPlaced(*main, *server)) return HTTP_INTERNAL_SERVER_ERROR;
  if (!proxycommon::checkStores(*main)) return HTTP_INTERNAL_SERVER_ERROR;
  if (proxycommon::isConfigTest() && isProxy(*main)) proxycommon::adviseOnMpm(pool, *main, APLOG_MODULE_INDEX);
  return OK;
}

int prepare(apr_pool_t* pool, apr_pool_t*, apr_pool_t*, server_rec* main) {
  proxycommon::LibraryNeeds needs;
  for (server_rec* server = main; server; server = server->next) {
    ServerConfig& config = ServerConfig::of(*server);
    config.seal();
    needs.reactorThreads = std::max(needs.reactorThreads, config.reactorThreads.valueOr(0));
  }
  if (const auto prepared = proxycommon::prepareLibrary(pool, needs); !prepared) {
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, main, "%s", prepared.error().detail.c_str());
    return HTTP_INTERNAL_SERVER_ERROR;
  }
  if (proxycommon::isFirstOfTwoRuns()) return OK;
  if (const auto prepared = proxycommon::prepareStores(*main); !prepared) {
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, main, "%s", prepared.error().detail.c_str());
    return HTTP_INTERNAL_SERVER_ERROR;
  }
  if (!isProxy(*main)) return OK;
  proxycommon::adviseOnMpm(pool, *main, APLOG_MODULE_INDEX);
  return prepareCounters(*main) ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

void startChild(apr_pool_t* pool, server_rec* main) {
  proxycommon::ensureChild(pool, main);
}

}  // namespace fwdproxy
