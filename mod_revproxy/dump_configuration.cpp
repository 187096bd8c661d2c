// `apachectl -t -D DUMP_REVPROXY`.
#include "mod_revproxy/dump_configuration.h"

#include "mod_revproxy/config.h"
#include "mod_revproxy/status/dump.h"

namespace revproxy {

namespace {

void addMappings(const MappingTable& table, bool isOfLocation, std::vector<DumpedMapping>& mappings) {
  table.forEach([&](const Mapping& mapping) {
    const std::string target = mapping.to ? joinedPath(mapping.to->name + "/", mapping.to->basePath) : "!";
    mappings.push_back({mapping.prefix, target, mapping.definedAt, isOfLocation});
  });
}

DumpedHost dumpedHost(const server_rec& server, bool isMain) {
  const ServerConfig& config = ServerConfig::of(server);
  DumpedHost host;
  host.name = server.server_hostname ? server.server_hostname : "";
  if (!isMain && server.addrs && server.addrs->virthost)
    host.name =
        std::string{server.addrs->virthost} + ":" + std::to_string(server.addrs->host_port) + " (" + host.name + ")";
  if (!isMain && server.defn_name)
    host.definedAt = std::string{server.defn_name} + ":" + std::to_string(server.defn_line_number);
  addMappings(config.mappings, false, host.mappings);
  addMappings(config.locationMappings, true, host.mappings);
  for (const auto& [name, balancer] : config.balancers.named) host.balancers.push_back(&balancer->balancer);
  return host;
}

// The main server, then its vhosts in the order of the configuration.
std::vector<DumpedHost> dumpedHosts(const server_rec& main) {
  std::vector<DumpedHost> hosts;
  for (const server_rec* server = &main; server; server = server->next)
    hosts.push_back(dumpedHost(*server, server == &main));
  return hosts;
}

}  // namespace

void dumpConfiguration(apr_pool_t* pool, server_rec* main) {
  if (!ap_exists_config_define("DUMP_REVPROXY")) return;
  apr_file_t* out = nullptr;
  if (apr_file_open_stdout(&out, pool) != APR_SUCCESS) return;
  const std::string text = dumpText(dumpedHosts(*main));
  apr_file_write_full(out, text.data(), text.size(), nullptr);
}

}  // namespace revproxy
