// What mod_revproxy does before the first request, and between two.
#include "mod_revproxy/startup.h"

#include "common/httpd/child.h"
#include "common/httpd/client_connection.h"
#include "common/net/dialer.h"
#include "mod_revproxy/config.h"

APLOG_USE_MODULE(revproxy);

namespace revproxy {
namespace {

constexpr milliseconds kKeepAliveHold{5};

}  // namespace

int prepare(apr_pool_t*, apr_pool_t*, apr_pool_t*, server_rec* main) {
  if (const auto prepared = proxycommon::prepareDialer(); !prepared) {
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, main, "%s", prepared.error().detail.c_str());
    return HTTP_INTERNAL_SERVER_ERROR;
  }
  // The first of the two runs only checks the configuration; its warnings would come twice.
  if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) return OK;
  for (server_rec* server = main; server; server = server->next) {
    // A vhost without directives of ours has the very configuration of the main server.
    if (server != main && &ServerConfig::of(*server) == &ServerConfig::of(*main)) continue;
    for (const std::string& warning : ServerConfig::of(*server).warnings)
      ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server, "%s", warning.c_str());
  }
  return OK;
}

void startChild(apr_pool_t*, server_rec* main) {
  proxycommon::ensureChild(main);
}

int holdConnection(conn_rec* connection) {
  const ServerConfig& config = ServerConfig::of(*connection->base_server);
  return proxycommon::processHeldConnection(connection, config.keepAliveHold.valueOr(kKeepAliveHold));
}

}  // namespace revproxy
