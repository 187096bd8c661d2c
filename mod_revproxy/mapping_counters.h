// What is counted of mappings, by all children.
#pragma once

#include <map>
#include <vector>

#include "mod_revproxy/server_balancer.h"
#include "mod_revproxy/status/take_snapshot.h"

namespace revproxy {

// In post_config, but not in the first of two runs: finds what is shared of all mappings. Those of an earlier
// generation go on. Error kInternal: the memory that children share is used up.
proxycommon::Outcome prepareMappings(server_rec& main);

// Those of all vhosts, by where they lead; one that a vhost has from the main server is that one's.
std::map<const ServerBalancer*, std::vector<MappingView>> viewOfMappings(const server_rec& main);

}  // namespace revproxy
