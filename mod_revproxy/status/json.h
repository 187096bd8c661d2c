// A snapshot as JSON.
#pragma once

#include <string>

#include "mod_revproxy/status/snapshot.h"

namespace revproxy {

// RFC 8259, in UTF-8, the fields always in the same order; docs/status.md names them. Times are seconds since the
// epoch, spans are seconds, weights as they are configured.
std::string toJson(const StatusSnapshot& snapshot);

}  // namespace revproxy
