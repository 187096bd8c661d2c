// Asking once which addresses a member's name leads to: all that the name has, or those of its SRV records' hosts.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/base/task.h"
#include "common/reactor/loop_resolver.h"
#include "mod_revproxy/named_address.h"

namespace revproxy {

struct NameQuestion {
  std::string host;        // a name; or a service's, "_http._tcp.example.com"
  std::uint16_t port = 0;  // of each address; a service's records say their own
  bool isService = false;
};

struct NamedAddresses {
  proxycommon::Result<std::vector<NamedAddress>> addresses;  // at least one; error kUnresolvable
  std::chrono::seconds lifetime{0};                          // the shortest that leads to one
};

// The last good addresses of a service's hosts, which serve on while name servers fail for one of them.
using HostAddresses = std::map<std::string, proxycommon::Addresses>;

// All references outlive the Task.
proxycommon::Task<NamedAddresses> askName(proxycommon::LoopResolver& resolver, const NameQuestion& question,
                                          HostAddresses& lastGood);

// Of the hosts of one service, each with its addresses: their weights, so that the mean of each priority is 100
// hundredths and the addresses of a host share what it has. A weight of 0 counts as 1; none comes to less than 1.
struct ServiceHost {
  proxycommon::ServiceRecord record;
  proxycommon::Addresses addresses;
};
std::vector<NamedAddress> weighed(const std::vector<ServiceHost>& hosts);

}  // namespace revproxy
