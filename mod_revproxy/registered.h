// What other modules have registered with ap_register_provider().
#pragma once

#include <set>
#include <string>

namespace revproxy {

// In the order of the alphabet.
std::set<std::string> registeredNames(const char* group, const char* version);

// Some version by which that name is there; empty: none.
std::string registeredVersion(const char* group, const std::string& name);

}  // namespace revproxy
