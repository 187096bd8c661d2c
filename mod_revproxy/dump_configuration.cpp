// `apachectl -t -D DUMP_REVPROXY`.
#include "mod_revproxy/dump_configuration.h"

#include "mod_revproxy/status/dump.h"

namespace revproxy {

// The main server, then its vhosts in the order of the configuration.
std::vector<DumpedHost> dumpedHosts(const server_rec& main);

void dumpConfiguration(apr_pool_t* pool, server_rec* main) {
  if (!ap_exists_config_define("DUMP_REVPROXY")) return;
  apr_file_t* out = nullptr;
  if (apr_file_open_stdout(&out, pool) != APR_SUCCESS) return;
  const std::string text = dumpText(dumpedHosts(*main));
  apr_file_write_full(out, text.data(), text.size(), nullptr);
}

}  // namespace revproxy
