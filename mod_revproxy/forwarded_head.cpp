// The heads as they change on their way through.
#include "mod_revproxy/forwarded_head.h"

#include <array>
#include <string>

#include "common/http/header_rules.h"
#include "common/httpd/request_io.h"
#include "common/httpd/via.h"

namespace revproxy {
namespace {

using proxycommon::equalsIgnoringCase;
using proxycommon::findField;
using proxycommon::HeaderField;
using proxycommon::HeaderFields;

// Set anew by us, or by the head's framing.
bool isReplaced(std::string_view name) {
  static constexpr std::array<std::string_view, 3> kNames = {"host", "content-length", "expect"};
  for (const std::string_view replaced : kNames)
    if (equalsIgnoringCase(name, replaced)) return true;
  return false;
}

void replace(HeaderFields& fields, std::string_view name, std::string_view value) {
  std::erase_if(fields, [name](const HeaderField& field) { return equalsIgnoringCase(field.name, name); });
  fields.push_back({name, value});
}

// mod_remoteip has taken the peer's word for who the client is: then its word on the rest is taken too.
bool trustsPeer(const request_rec& request) { return request.useragent_ip != request.connection->client_ip; }

void addForwarded(request_rec& request, HeaderFields& fields) {
  apr_pool_t* pool = request.pool;
  const HeaderField* before = findField(fields, "X-Forwarded-For");
  const char* chain = apr_table_get(request.headers_in, "X-Forwarded-For");
  replace(fields, "X-Forwarded-For",
          before ? apr_pstrcat(pool, chain, ", ", request.useragent_ip, nullptr) : request.useragent_ip);
  const char* host = apr_table_get(request.headers_in, "Host");
  const std::array<HeaderField, 3> own = {
      HeaderField{"X-Forwarded-Host", host ? host : ""},
      HeaderField{"X-Forwarded-Proto", ap_http_scheme(&request)},
      HeaderField{"X-Forwarded-Port", apr_itoa(pool, request.connection->local_addr->port)}};
  for (const HeaderField& field : own)
    if (!field.value.empty() && !(trustsPeer(request) && findField(fields, field.name)))
      replace(fields, field.name, field.value);
}

}  // namespace

proxycommon::RequestHead forwardedHead(request_rec& request, const Backend& backend, const LocationConfig& config,
                                       const char* target) {
  const HeaderFields received = proxycommon::requestFields(request);
  const proxycommon::ConnectionOptions options(received);
  proxycommon::RequestHead head{request.method, target, {}, proxycommon::requestFraming(request)};
  head.fields.reserve(received.size() + 8);

  const char* clientHost = apr_table_get(request.headers_in, "Host");
  const bool preserve = config.preserveHost.valueOr(false) && clientHost;
  head.fields.push_back({"Host", preserve ? std::string_view(clientHost) : backend.authority});
  for (const HeaderField& field : received)
    if (!isReplaced(field.name) && !options.removes(field.name)) head.fields.push_back(field);
  // After the removal: what the client nominates must not take away what we say of it.
  if (config.addHeaders.valueOr(true)) addForwarded(request, head.fields);
  const auto via = config.via.valueOr(ViaMode::kOff);
  if (via != ViaMode::kOff) proxycommon::addVia(request, head.fields, via == ViaMode::kFull);
  if (backend.parameters.disableReuse.valueOr(false)) head.fields.push_back({"Connection", "close"});
  return head;
}

void editResponseHead(request_rec& request, const LocationConfig& config, proxycommon::ResponseHead& head) {
  const auto via = config.via.valueOr(ViaMode::kOff);
  if (via != ViaMode::kOff) proxycommon::addResponseVia(request, head, via == ViaMode::kFull);
  if (config.reverseRules.empty()) return;
  std::string own = ap_construct_url(request.pool, "", &request);
  for (HeaderField& field : head.fields) {
    if (!carriesUrl(field.name)) continue;
    if (const auto mapped = reverseMapped(field.name, field.value, config.reverseRules, own))
      field.value = {apr_pstrmemdup(request.pool, mapped->data(), mapped->size()), mapped->size()};
  }
}

}  // namespace revproxy
