// What the cache knows a request by: the URL as clients ask for it and as its backend is told of it, and where that
// leads. Two mappings share nothing, though they lead to one place: what is stored of the one may name its URLs.
#pragma once

#include "common/httpd/request_cache.h"
#include "mod_revproxy/request_state.h"

namespace revproxy {

// Precondition: the request has a mapping.
proxycommon::CacheSubject cacheSubject(const request_rec& request, const RequestState& state);

}  // namespace revproxy
