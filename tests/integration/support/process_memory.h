// What the kernel tells of a process: its children, the memory that is its own and nobody else's, its threads and open
// descriptors.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

namespace proxytest {

std::vector<pid_t> childrenOf(pid_t parent);

// In bytes; 0 for a process that is gone.
std::size_t privateMemory(pid_t process);  // clean and dirty pages that no other process maps
std::size_t privateDirtyMemory(pid_t process);

// 0 for a process that is gone.
std::size_t openDescriptors(pid_t process);
std::size_t threadsOf(pid_t process);

}  // namespace proxytest
