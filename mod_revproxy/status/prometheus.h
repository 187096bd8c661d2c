// A snapshot as Prometheus scrapes it.
#pragma once

#include <string>

#include "mod_revproxy/status/snapshot.h"

namespace revproxy {

inline constexpr const char* kPrometheusType = "text/plain; version=0.0.4; charset=utf-8";

// Text in the exposition format 0.0.4; docs/status.md names the metrics. Balancers of one name, which vhosts may have,
// are told apart by where they are defined.
std::string toPrometheus(const StatusSnapshot& snapshot);

}  // namespace revproxy
