// Which request is ours, and where it goes.
#include "mod_revproxy/routing.h"

#include <string>

#include "common/http/raw_path.h"
#include "common/http/url.h"
#include "common/httpd/answer_error.h"
#include "common/httpd/request_io.h"
#include "mod_revproxy/config.h"
#include "mod_revproxy/relay_plan.h"
#include "mod_revproxy/request_state.h"

APLOG_USE_MODULE(revproxy);

namespace revproxy {
namespace {

// The longer prefix wins; of two equal ones the <Location>'s, which is the narrower place to write it.
const Mapping* findMapping(const request_rec& request) {
  const std::string_view path = request.uri;
  const Mapping* ofServer = ServerConfig::of(*request.server).mappings.find(path);
  const Mapping* ofLocation = LocationConfig::of(request).mapping.get();
  if (ofLocation && !covers(ofLocation->prefix, path)) ofLocation = nullptr;
  if (!ofServer || !ofLocation) return ofServer ? ofServer : ofLocation;
  return ofServer->prefix.size() > ofLocation->prefix.size() ? ofServer : ofLocation;
}

// What goes on to the backend: the path that stands behind the mapping's prefix, and the query with its question mark.
struct Remainder {
  std::string path;
  std::string query;
};

// As the client has sent them: none but what httpd has judged.
Result<Remainder> rawRemainderOf(const request_rec& request, const Mapping& mapping) {
  const auto path = proxycommon::rawRemainder(request.unparsed_uri, request.uri, mapping.prefix.size());
  if (!path) return path.error();
  return Remainder{std::string{*path}, request.args ? std::string{"?"} + request.args : ""};
}

// As the client encoded them, where httpd judged that same path; else httpd's own.
Result<Remainder> remainderOf(const request_rec& request, const RequestState& state, const Mapping& mapping) {
  if (mappingParameters(LocationConfig::of(request), *mapping.to).noCanon.valueOr(false))
    return rawRemainderOf(request, mapping);
  const std::string_view path = request.uri;
  const std::size_t prefix = mapping.prefix.size();
  const auto encoded =
      state.encodedPath ? proxycommon::encodedRemainder(state.encodedPath, path, prefix) : std::nullopt;
  // An encoded slash may have been the one between prefix and remainder: then a second one would come to stand there.
  const bool isSame = encoded && (prefix == path.size() || path[prefix] != '/' || encoded->starts_with('/'));
  return Remainder{isSame ? proxycommon::escapedTarget(*encoded) : proxycommon::escapedPath(path.substr(prefix)),
                   request.args ? "?" + proxycommon::escapedQuery(request.args) : ""};
}

const char* pooled(const request_rec& request, std::string_view text) {
  return apr_pstrmemdup(request.pool, text.data(), text.size());
}

bool isOurs(const request_rec& request) {
  const RequestState* state = findState(request);
  return state && state->mapping && request.proxyreq == PROXYREQ_REVERSE;
}

}  // namespace

int keepEncodedPath(request_rec* request) {
  if (request->proxyreq != PROXYREQ_NONE || !request->parsed_uri.path) return DECLINED;
  stateOf(*request).encodedPath = apr_pstrdup(request->pool, request->parsed_uri.path);
  return DECLINED;
}

int route(request_rec* request) {
  if (request->proxyreq != PROXYREQ_NONE || !request->uri || request->uri[0] != '/') return DECLINED;
  if (apr_table_get(request->subprocess_env, "no-proxy")) return DECLINED;
  const Mapping* mapping = findMapping(*request);
  if (!mapping || !mapping->to) return DECLINED;
  RequestState& state = stateOf(*request);
  const auto remainder = remainderOf(*request, state, *mapping);
  if (!remainder)
    return proxycommon::answerError(*request, APLOG_MODULE_INDEX, mapping->to->name, remainder.error(), nullptr);
  state.mapping = mapping;
  state.target = pooled(*request, mapping->to->targetFor(remainder->path) + remainder->query);
  state.presented = pooled(*request, proxycommon::escapedPath(mapping->prefix) + remainder->path + remainder->query);
  proxycommon::dropNominatedFields(*request);
  request->proxyreq = PROXYREQ_REVERSE;
  request->handler = "revproxy";
  // Not "proxy:": a real mod_proxy takes every filename that begins so.
  request->filename = apr_pstrcat(request->pool, "revproxy:", mapping->to->name.c_str(), state.target, nullptr);
  return OK;
}

int skipStorage(request_rec* request) {
  return isOurs(*request) ? OK : DECLINED;
}
int skipTypes(request_rec* request) {
  return isOurs(*request) ? OK : DECLINED;
}

}  // namespace revproxy
