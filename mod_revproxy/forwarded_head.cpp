// The heads as they change on their way through.
#include "mod_revproxy/forwarded_head.h"

#include <algorithm>
#include <array>
#include <string>

#include "common/http/forwarded.h"
#include "common/http/header_rules.h"
#include "common/http/set_cookie.h"
#include "common/http/upgrade.h"
#include "common/httpd/last_hop.h"
#include "common/httpd/request_io.h"
#include "mod_revproxy/relay_plan.h"
#include "mod_revproxy/request_state.h"

namespace revproxy {
namespace {

using proxycommon::equalsIgnoringCase;
using proxycommon::findField;
using proxycommon::HeaderField;
using proxycommon::HeaderFields;

void replace(HeaderFields& fields, std::string_view name, std::string_view value) {
  std::erase_if(fields, [name](const HeaderField& field) { return equalsIgnoringCase(field.name, name); });
  fields.push_back({name, value});
}

// Whether mod_remoteip speaks the PROXY protocol on the connection: then it has the client's address from there, and
// that vouches for no header field.
bool hasProxyProtocol(const conn_rec& connection) {
  const module* remoteip = ap_find_linked_module("mod_remoteip.c");
  return remoteip && ap_get_module_config(connection.conn_config, remoteip);
}

const char* fieldOf(const request_rec& request, const char* name) {
  const char* value = apr_table_get(request.headers_in, name);
  return value ? value : "";
}

}  // namespace

bool trustsPeer(const request_rec& request) {
  const RequestState* state = findState(request);
  if (state && state->trust != PeerTrust::kAsConnection) return state->trust == PeerTrust::kTrusted;
  const conn_rec& connection = *request.connection;
  if (request.useragent_ip == connection.client_ip) return false;
  return !hasProxyProtocol(connection) && !(connection.master && hasProxyProtocol(*connection.master));
}

ToldOrigin toldOrigin(const request_rec& request, const LocationConfig& config) {
  ToldOrigin told{ap_http_scheme(&request), fieldOf(request, "Host")};
  if (config.addHeaders.valueOr(true) && !trustsPeer(request)) return told;
  if (const char* scheme = apr_table_get(request.headers_in, "X-Forwarded-Proto")) told.scheme = scheme;
  if (const char* host = apr_table_get(request.headers_in, "X-Forwarded-Host")) told.host = host;
  return told;
}

namespace {

void addXForwarded(request_rec& request, HeaderFields& fields) {
  apr_pool_t* pool = request.pool;
  const HeaderField* before = findField(fields, "X-Forwarded-For");
  const char* chain = apr_table_get(request.headers_in, "X-Forwarded-For");
  replace(fields, "X-Forwarded-For",
          before ? apr_pstrcat(pool, chain, ", ", request.useragent_ip, nullptr) : request.useragent_ip);
  const char* host = apr_table_get(request.headers_in, "Host");
  const std::array<HeaderField, 3> own = {
      HeaderField{"X-Forwarded-Host", host ? host : ""}, HeaderField{"X-Forwarded-Proto", ap_http_scheme(&request)},
      HeaderField{"X-Forwarded-Port", apr_itoa(pool, request.connection->local_addr->port)}};
  for (const HeaderField& field : own)
    if (!field.value.empty() && !(trustsPeer(request) && findField(fields, field.name)))
      replace(fields, field.name, field.value);
}

// What a peer that is trusted says of the client, else what this server sees.
std::string_view told(const request_rec& request, const char* name, const char* own) {
  const char* value = trustsPeer(request) ? apr_table_get(request.headers_in, name) : nullptr;
  std::string_view list = value ? value : "";
  return proxycommon::nextListMember(list).value_or(own ? own : "");
}

// What a client writes itself is replaced: nothing in it could be told from what a proxy says.
void addForwarded(request_rec& request, HeaderFields& fields, ForwardedMode mode) {
  if (mode == ForwardedMode::kOff) return;
  const conn_rec& connection = *request.connection;
  const bool isTrusted = trustsPeer(request);
  proxycommon::ForwardedElement element{{request.useragent_ip, std::nullopt},
                                        std::nullopt,
                                        told(request, "X-Forwarded-Host", apr_table_get(request.headers_in, "Host")),
                                        told(request, "X-Forwarded-Proto", ap_http_scheme(&request))};
  if (mode == ForwardedMode::kFull) {
    if (!isTrusted) element.client.port = connection.client_addr->port;
    element.by = proxycommon::ForwardedNode{connection.local_ip, connection.local_addr->port};
  }
  std::string chain;
  for (const HeaderField& field : fields)
    if (isTrusted && equalsIgnoringCase(field.name, "Forwarded"))
      chain.append(chain.empty() ? "" : ", ").append(field.value);
  if (!proxycommon::isForwardedList(chain)) chain.clear();
  chain.append(chain.empty() ? "" : ", ").append(toString(element));
  replace(fields, "Forwarded", {apr_pstrmemdup(request.pool, chain.data(), chain.size()), chain.size()});
}

// A rule that names a balancer speaks of all its members, and says nothing of another balancer's.
std::vector<ReverseRule> rulesFor(const std::vector<ReverseRule>& written, const Balancer& balancer) {
  std::vector<ReverseRule> rules;
  for (const ReverseRule& rule : written) {
    const auto named = readBalancerUrl(rule.url);
    if (!named) rules.push_back(rule);
    if (!named || named->name != balancer.name) continue;
    for (const Member& member : balancer.members)
      rules.push_back({rule.path, member.backend.urlOrigin() + joinedPath(member.backend.basePath, named->path)});
  }
  return rules;
}

}  // namespace

proxycommon::RequestHead forwardedHead(request_rec& request, const EndpointPlan& plan) {
  const Backend& backend = plan.endpoint.member->backend;
  const LocationConfig& config = plan.request.config;
  proxycommon::RequestHead head{request.method, plan.target, {}, {}};
  // What the client nominates is gone before our own are added: it must not take away what we say of it.
  head.fields = proxycommon::forwardableFields(proxycommon::requestFields(request));
  const char* clientHost = apr_table_get(request.headers_in, "Host");
  const bool preserve = config.preserveHost.valueOr(false) && clientHost;
  head.fields.insert(head.fields.begin(), {"Host", preserve ? std::string_view(clientHost) : backend.authority});
  if (config.addHeaders.valueOr(true)) addXForwarded(request, head.fields);
  addForwarded(request, head.fields, config.forwarded.valueOr(ForwardedMode::kOff));
  proxycommon::lowerMaxForwards(request, head.fields);
  proxycommon::addVia(request, head.fields, config.via.valueOr(ViaMode::kOff));
  if (!plan.offered.empty()) {
    proxycommon::offerUpgrade(head.fields, plan.offered);
  } else if (plan.parameters.disableReuse.valueOr(false)) {
    head.fields.push_back({"Connection", "close"});
  }
  return head;
}

void editResponseHead(request_rec& request, const LocationConfig& config, const Balancer& balancer,
                      proxycommon::ResponseHead& head) {
  proxycommon::addResponseVia(request, head, config.via.valueOr(ViaMode::kOff));
  const bool mapsCookies = !config.cookieDomains.empty() || !config.cookiePaths.empty();
  const bool mapsUrls =
      !config.reverseRules.empty() && std::any_of(head.fields.begin(), head.fields.end(),
                                                  [](const HeaderField& field) { return carriesUrl(field.name); });
  if (!mapsUrls && !mapsCookies) return;
  const std::string own = mapsUrls ? ap_construct_url(request.pool, "", &request) : "";
  const std::vector<ReverseRule> rules =
      mapsUrls ? rulesFor(config.reverseRules, balancer) : std::vector<ReverseRule>{};
  for (HeaderField& field : head.fields) {
    std::optional<std::string> mapped;
    if (mapsUrls && carriesUrl(field.name)) mapped = reverseMapped(field.name, field.value, rules, own);
    if (mapsCookies && equalsIgnoringCase(field.name, "Set-Cookie"))
      mapped = proxycommon::mappedSetCookie(field.value, config.cookieDomains, config.cookiePaths);
    if (mapped) field.value = {apr_pstrmemdup(request.pool, mapped->data(), mapped->size()), mapped->size()};
  }
}

}  // namespace revproxy
