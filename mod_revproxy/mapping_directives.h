// RevProxyPass and what belongs to it: which path goes where, and comes back as what.
#pragma once

#include <string_view>

#include "mod_revproxy/config.h"

namespace revproxy {

// RevProxyPass PATH URL|! [key=value …]
Outcome pass(cmd_parms& command, void* directory, std::string_view line);
// RevProxySet key=value …
Outcome set(cmd_parms& command, void* directory, std::string_view line);
// RevProxyPassReverse [PATH] URL
Outcome passReverse(cmd_parms& command, void* directory, std::string_view line);

}  // namespace revproxy
