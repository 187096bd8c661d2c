// The configuration as text for people: what `apachectl -t -D DUMP_REVPROXY` prints. Pure.
#pragma once

#include <string>
#include <vector>

#include "mod_revproxy/balancer.h"

namespace revproxy {

struct DumpedMapping {
  std::string prefix;
  std::string target;         // as RevProxyPass has it: a URL, "balancer://NAME/PATH", or "!"
  std::string definedAt;      // "FILE:LINE"
  bool isOfLocation = false;  // of two for one prefix that of a <Location> wins
};

// A server or vhost, with all that holds in it, be it inherited.
struct DumpedHost {
  std::string name;                     // "*:443 (www.example.org)"
  std::string definedAt;                // empty: the server outside all <VirtualHost> sections
  std::vector<DumpedMapping> mappings;  // in any order
  // Those of its <RevProxyBalancer> sections; must outlive the call. Their configuration alone is looked at.
  std::vector<const Balancer*> balancers;
};

// Mappings in order of precedence: the longest prefix first. Ends in a line feed.
std::string dumpText(const std::vector<DumpedHost>& hosts);

}  // namespace revproxy
