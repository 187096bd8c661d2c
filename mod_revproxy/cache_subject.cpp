// What the cache knows a request by.
#include "mod_revproxy/cache_subject.h"

#include <string>
#include <string_view>

#include "mod_revproxy/config.h"
#include "mod_revproxy/forwarded_head.h"

namespace revproxy {
namespace {

// Whether it can stand in a key without being taken for what stands around it there.
bool isHost(std::string_view text) {
  return text.find_first_of(" \t/?#") == std::string_view::npos;
}

// Where a mapping leads: once the configuration says something else, what is stored is of no use.
std::string placeOf(const Mapping& mapping) {
  return mapping.to->name + mapping.to->basePath;
}

}  // namespace

proxycommon::CacheSubject cacheSubject(const request_rec& request, const RequestState& state) {
  const char* const named = apr_table_get(request.headers_in, "Host");
  const std::string_view host = named ? named : "";
  const std::string_view scheme = ap_http_scheme(&request);
  const ToldOrigin told = toldOrigin(request, LocationConfig::of(request));
  const bool isScheme = told.scheme == "http" || told.scheme == "https";
  proxycommon::CacheSubject subject{proxycommon::siteOf(request), std::string{isScheme ? told.scheme : scheme},
                                    std::string{isHost(told.host) ? told.host : ""}, state.presented,
                                    placeOf(*state.mapping)};
  // The backend may go by either. No field holds a line's end.
  if (told.scheme != scheme || told.host != host || !isHost(host))
    for (const std::string_view text : {scheme, host, told.scheme, told.host}) subject.place.append("\n").append(text);
  return subject;
}

}  // namespace revproxy
