// What the cache knows a request by: the URL as clients ask for it and as its backend is told of it, and where that
// leads. Two mappings share nothing, though they lead to one place: what is stored of the one may name its URLs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/httpd/request_cache.h"
#include "mod_revproxy/request_state.h"

namespace revproxy {

// Precondition: the request has a mapping.
proxycommon::CacheSubject cacheSubject(const request_rec& request, const RequestState& state);

// Where another target of its site leads, path and query as clients ask for it: the place of that one's subject.
std::string placeOfTarget(const request_rec& request, std::string_view target);

// What a URL that a backend gives stands for: paths or URLs on this site, each with a mapping to `balancer` of the
// request's vhost, that `answered` of its members calls so. A path counts as one of its own; with the client's Host, so
// does a URL of that.
std::vector<std::string> presentedAs(const request_rec& request, const ServerBalancer& balancer,
                                     const Backend& answered, std::string_view url);

}  // namespace revproxy
