// Whose a loopback connection is, as the kernel tells: for tests that end the very process that holds one.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

namespace proxytest {

// Established connections that the process has made to that port. 0 for a process that is gone.
std::size_t connectionsTo(int port, pid_t process);
// Established connections that were made to that port, and that the process has accepted.
std::size_t connectionsAt(int port, pid_t process);

// The first of the processes that has a connection to that port; 0: none has.
pid_t connectedTo(int port, const std::vector<pid_t>& processes);

}  // namespace proxytest
