// How the settings of a backend become plans for the library: where to connect, what makes two connections
// interchangeable, how long to wait for what. No request is served here.
#pragma once

#include <string_view>

#include "common/httpd/relay.h"
#include "mod_revproxy/config.h"

namespace revproxy {

// `parameters` are the backend's own, merged over those of its place.
proxycommon::ParkPolicy parkPolicy(const BackendParameters& parameters, const LocationConfig& config);

// The total time begins now. Everything but `target` and `offered` outlives the plan; those it views.
proxycommon::RelayPlan relayPlan(request_rec& request, const Backend& backend, const BackendParameters& parameters,
                                 const LocationConfig& config, const char* target, std::string_view offered);

}  // namespace revproxy
