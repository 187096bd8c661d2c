// What mod_revproxy knows of a request between httpd's phases, in the request's own memory.
#pragma once

#include "mod_revproxy/mapping.h"
#include "mod_revproxy/module.h"

namespace revproxy {

// Whether fields such as X-Forwarded-Proto are those of a proxy that is trusted: as the connection says, or as it has
// said of the request that this one is a copy of.
enum class PeerTrust : unsigned char { kAsConnection, kTrusted, kNone };

struct RequestState {
  const char* encodedPath = nullptr;  // httpd's normal form before it was decoded
  const Mapping* mapping = nullptr;   // where the request goes; none: not ours
  const char* target = nullptr;       // the wire's path and query
  const char* presented = nullptr;    // the same, as clients ask for it: with the mapping's prefix
  PeerTrust trust = PeerTrust::kAsConnection;
};

inline RequestState* findState(const request_rec& request) {
  return static_cast<RequestState*>(ap_get_module_config(request.request_config, &revproxy_module));
}

// Made on the first call; all of it is plain data.
inline RequestState& stateOf(request_rec& request) {
  if (RequestState* state = findState(request)) return *state;
  auto* state = static_cast<RequestState*>(apr_pcalloc(request.pool, sizeof(RequestState)));
  ap_set_module_config(request.request_config, &revproxy_module, state);
  return *state;
}

}  // namespace revproxy
