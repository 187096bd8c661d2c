// How the settings of a backend become plans for the library: where to connect, what makes two connections
// interchangeable, how long to wait for what. No request is served here.
#pragma once

#include <string_view>

#include "common/httpd/relay.h"
#include "mod_revproxy/config.h"

namespace revproxy {

// The parameters of a mapping over those of its balancer and of its place.
BackendParameters mappingParameters(const LocationConfig& config, const MappedTo& to);

// What holds for all of a request, whichever backend it goes to.
struct RequestPlan {
  const LocationConfig& config;
  BackendParameters parameters;  // of the mapping
  proxycommon::Clock::time_point begun = proxycommon::Clock::now();
};

// Views into it.
proxycommon::CacheChoice cacheChoice(const RequestPlan& plan);
proxycommon::ParkPolicy parkPolicy(const RequestPlan& plan);
proxycommon::BodyPlan bodyPlan(request_rec& request, const RequestPlan& plan, std::string_view offered);
// When the time for all of it is over.
proxycommon::Clock::time_point endOf(const BackendParameters& parameters, proxycommon::Clock::time_point begun);

// The same at one endpoint. `parameters` are the member's own over those of the request.
struct EndpointPlan {
  const RequestPlan& request;
  const Endpoint& endpoint;
  BackendParameters parameters;
  std::string target;   // path and query
  std::string offered;  // protocols to change to
};
EndpointPlan endpointPlan(const RequestPlan& plan, const Endpoint& endpoint, const char* target,
                          const std::string& offered);

// How an endpoint is dialled, for a health check too. In a child.
Result<proxycommon::ConnectPlan> connectPlanOf(const server_rec& server, const Endpoint& endpoint,
                                               const LocationConfig& config);

// Everything outlives what it gives.
proxycommon::RelayPlan relayPlan(request_rec& request, const EndpointPlan& plan);

}  // namespace revproxy
