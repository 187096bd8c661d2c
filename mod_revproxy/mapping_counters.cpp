// What is counted of mappings.
#include "mod_revproxy/mapping_counters.h"

#include <set>
#include <string>
#include <utility>

#include "common/httpd/child.h"
#include "mod_revproxy/config.h"

namespace revproxy {
namespace {

// Each once, with a text that no other has.
template <class Visit>
void forEachMapping(const server_rec& main, Visit visit) {
  std::set<const MappedTo*> seen;
  for (const auto& [server, scope] : scopedServers(main)) {
    const ServerConfig& config = ServerConfig::of(*server);
    for (const auto& [table, kind] : {std::pair{&config.mappings, " of "}, {&config.locationMappings, " in "}})
      table->forEach([&](const Mapping& mapping) {
        if (mapping.to && seen.insert(mapping.to.get()).second) visit(mapping, scope + kind + mapping.prefix);
      });
  }
}

}  // namespace

proxycommon::Outcome prepareMappings(server_rec& main) {
  proxycommon::Outcome outcome;
  forEachMapping(main, [&](const Mapping& mapping, const std::string& name) {
    auto counters = proxycommon::sharedState()->state<proxycommon::CacheCounters>("cache " + name);
    if (counters) mapping.to->shared->cache = *counters;
    if (!counters) outcome = std::move(counters.error());
  });
  return outcome;
}

std::map<const ServerBalancer*, std::vector<MappingView>> viewOfMappings(const server_rec& main) {
  std::map<const ServerBalancer*, std::vector<MappingView>> views;
  forEachMapping(main, [&](const Mapping& mapping, const std::string&) {
    views[mapping.to->balancer.get()].push_back({mapping.prefix, mapping.definedAt, mapping.to->shared->cache});
  });
  return views;
}

}  // namespace revproxy
