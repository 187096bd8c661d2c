// The head of a client's request, as httpd has read it.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "common/http/header_rules.h"
#include "common/httpd/request_io.h"

namespace proxycommon {
namespace {

bool hasContentFilters(const request_rec& request) {
  return request.input_filters != request.proto_input_filters;
}

// Than the whole response (RFC 9110 13.1, 14.2).
bool asksForLess(std::string_view name) {
  constexpr std::array<std::string_view, 6> kNames = {
      "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range", "Range"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [name](std::string_view one) { return equalsIgnoringCase(one, name); });
}

}  // namespace

HeaderFields fieldsOf(const apr_table_t* table) {
  const apr_array_header_t* list = apr_table_elts(table);
  const auto* entries = reinterpret_cast<const apr_table_entry_t*>(list->elts);
  HeaderFields fields;
  fields.reserve(static_cast<std::size_t>(list->nelts));
  for (int index = 0; index < list->nelts; ++index)
    if (entries[index].key) fields.push_back({entries[index].key, entries[index].val});
  return fields;
}

HeaderFields requestFields(const request_rec& request) {
  HeaderFields fields = fieldsOf(request.headers_in);
  // httpd copies the client's fields, which say this of another resource.
  if (request.main || isErrorPage(request))
    std::erase_if(fields, [](const HeaderField& field) { return asksForLess(field.name); });
  return fields;
}

bool awaitsContinue(const request_rec& request) {
  // A stream of HTTP/2 is mod_http2's to ask.
  // RFC 9110 10.1.1: in HTTP/1.0 the expectation is ignored.
  return request.expecting_100 && request.proto_num >= HTTP_VERSION(1, 1) && !request.connection->master &&
         !isErrorPage(request);
}

std::string_view requestUpgrade(request_rec& request) {
  const char* upgrade = apr_table_get(request.headers_in, "Upgrade");
  const char* connection = apr_table_get(request.headers_in, "Connection");
  const bool asked = upgrade && connection && listContains(connection, "upgrade");
  // HTTP/1.0 has no such thing, and behind a body it would begin who knows when. What a stream of HTTP/2 has for a body
  // is what the client sends through the tunnel (RFC 8441 5).
  const bool hasBody = ap_request_has_body(&request) && !request.connection->master;
  if (!asked || request.proto_num < HTTP_VERSION(1, 1) || hasBody || request.main) return {};
  return upgrade;
}

bool isErrorPage(const request_rec& request) {
  return request.prev && ap_is_HTTP_ERROR(request.prev->status);
}

void dropNominatedFields(request_rec& request) {
  const HeaderFields fields = requestFields(request);
  const ConnectionOptions options(fields);
  std::string kept;  // what speaks of the connection itself, which httpd still asks for
  for (const std::string_view option : options.all()) {
    const std::string name{option};
    if (options.removes(name) && !isHopByHop(name) && apr_table_get(request.headers_in, name.c_str())) {
      apr_table_unset(request.headers_in, name.c_str());
    } else if (!findField(fields, name) || isHopByHop(name)) {
      kept.append(kept.empty() ? "" : ", ").append(name);
    }
  }
  if (!options.all().empty()) apr_table_set(request.headers_in, "Connection", kept.c_str());
}

int traceRefusal(request_rec& request) {
  if (request.method_number != M_TRACE) return OK;
  const auto& core = *static_cast<const core_server_config*>(ap_get_core_module_config(request.server->module_config));
  if (core.trace_enable == AP_TRACE_DISABLE) return HTTP_METHOD_NOT_ALLOWED;
  const bool takesBody = core.trace_enable == AP_TRACE_EXTENDED;
  return !takesBody && ap_request_has_body(&request) ? HTTP_REQUEST_ENTITY_TOO_LARGE : OK;
}

BodyFraming requestFraming(request_rec& request) {
  // An error page: httpd has made a GET of the request, which still has the fields of a body that is gone.
  if (isErrorPage(request)) return {};
  const char* length = apr_table_get(request.headers_in, "Content-Length");
  // No body is not the same as none announced: a POST of nothing says so (RFC 9110 8.6).
  const bool announcesNothing = length && !apr_table_get(request.headers_in, "Transfer-Encoding") &&
                                std::string_view(length).find_first_not_of('0') == std::string_view::npos;
  if (announcesNothing) return {BodyFraming::Kind::kLength, 0};
  if (!ap_request_has_body(&request)) return {};
  apr_off_t value = 0;
  const bool isChunked = apr_table_get(request.headers_in, "Transfer-Encoding") || hasContentFilters(request);
  if (isChunked || !length || !ap_parse_strict_length(&value, length)) return {BodyFraming::Kind::kChunked, 0};
  return {BodyFraming::Kind::kLength, static_cast<std::uint64_t>(value)};
}

}  // namespace proxycommon
