// What SetHandler revproxy-status says of balancers, for tests that wait for it.
#pragma once

#include <sys/types.h>
#include <cstddef>
#include <string>

#include "tests/integration/support/httpd.h"
#include "tests/support/json_text.h"

namespace proxytest {

// What shows it, under /status; before RevProxyPass / in a configuration it does not matter.
inline constexpr const char* kStatusLocation =
    "RevProxyPass /status !\n<Location /status>\nSetHandler revproxy-status\n</Location>\n";

// All that it says. Throws when it is not answered.
JsonValue readStatus(const Httpd& httpd);

// Of a balancer of the name.
std::size_t waitingFor(const Httpd& httpd, const std::string& balancer);
std::size_t inFlightOf(const Httpd& httpd, const std::string& balancer);  // its own count

// Whether nothing is in flight at any member of any balancer, and nobody waits.
bool isIdle(const Httpd& httpd);

// The child that leads; 0: none does.
pid_t leaderOf(const Httpd& httpd);

}  // namespace proxytest
