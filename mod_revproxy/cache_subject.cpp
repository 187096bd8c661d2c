// What the cache knows a request by.
#include "mod_revproxy/cache_subject.h"

#include <array>
#include <optional>

#include "common/http/url.h"
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

// The front of the URL that the client has asked for.
struct Front {
  std::string scheme;
  std::string host;
  std::string besides;  // what else of it the backend may go by; no field holds a line's end
};

Front frontOf(const request_rec& request) {
  const char* const named = apr_table_get(request.headers_in, "Host");
  const std::string_view host = named ? named : "";
  const std::string_view scheme = ap_http_scheme(&request);
  const ToldOrigin told = toldOrigin(request, LocationConfig::of(request));
  const bool isScheme = told.scheme == "http" || told.scheme == "https";
  Front front{std::string{isScheme ? told.scheme : scheme}, std::string{isHost(told.host) ? told.host : ""}, ""};
  if (told.scheme != scheme || told.host != host || !isHost(host))
    for (const std::string_view text : {scheme, host, told.scheme, told.host}) front.besides.append("\n").append(text);
  return front;
}

// Of the vhost, and of the <Location> sections that hold in it: its own, and those of the main server.
std::array<const MappingTable*, 3> tablesOf(const request_rec& request) {
  const ServerConfig& config = ServerConfig::of(*request.server);
  return {&config.mappings, &config.locationMappings, &ServerConfig::of(*ap_server_conf).locationMappings};
}

}  // namespace

proxycommon::CacheSubject cacheSubject(const request_rec& request, const RequestState& state) {
  Front front = frontOf(request);
  return {proxycommon::siteOf(request), std::move(front.scheme), std::move(front.host), state.presented,
          placeOf(*state.mapping) + front.besides};
}

std::string placeOfTarget(const request_rec& request, std::string_view target) {
  const auto path = proxycommon::percentDecoded(target.substr(0, target.find('?')));
  const Mapping* longest = nullptr;
  for (const MappingTable* table : tablesOf(request))
    if (const Mapping* found = path ? table->find(*path) : nullptr)
      if (!longest || found->prefix.size() >= longest->prefix.size()) longest = found;
  return longest && longest->to ? placeOf(*longest) + frontOf(request).besides : "";
}

namespace {

// What the backend may call itself.
std::vector<std::string> originsOf(const request_rec& request, const Backend& backend) {
  std::vector<std::string> origins{backend.urlOrigin()};
  const char* const host = apr_table_get(request.headers_in, "Host");
  if (host && LocationConfig::of(request).preserveHost.valueOr(false))
    for (const char* const scheme : {"http://", "https://"}) origins.push_back(std::string{scheme} + host);
  return origins;
}

}  // namespace

std::vector<std::string> presentedAs(const request_rec& request, const ServerBalancer& balancer,
                                     const Backend& answered, std::string_view url) {
  std::vector<std::string> all;
  const std::vector<std::string> origins = originsOf(request, answered);
  const auto add = [&](const Mapping& mapping) {
    if (!mapping.to || mapping.to->balancer.get() != &balancer) return;
    const std::string base = joinedPath(answered.basePath, mapping.to->basePath);
    for (const std::string& origin : origins) {
      const ReverseRule rule{proxycommon::escapedPath(mapping.prefix), origin + base};
      if (auto presented = reverseMapped("Location", url, {&rule, 1}, "")) all.push_back(std::move(*presented));
    }
  };
  for (const MappingTable* table : tablesOf(request)) table->forEach(add);
  return all;
}

}  // namespace revproxy
