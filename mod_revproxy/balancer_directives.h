// <RevProxyBalancer> and what stands in it.
#pragma once

#include <string_view>

#include "mod_revproxy/config.h"

namespace revproxy {

// <RevProxyBalancer NAME>: reads what is inside. Gives the message for what is wrong, or nullptr.
const char* balancerSection(cmd_parms* command, void* directory, const char* line);

// RevProxyMember URL [key=value …]
Outcome addMember(cmd_parms& command, void* directory, std::string_view line);
// RevProxyHealth [key=value …]
Outcome setHealth(cmd_parms& command, void* directory, std::string_view line);
// RevProxySet, inside the section: one assignment.
Outcome setOfBalancer(const cmd_parms& command, ServerBalancer& server, const std::string& assignment);

// Where a directive stands, "FILE:LINE".
std::string placeOf(const cmd_parms& command);

}  // namespace revproxy
