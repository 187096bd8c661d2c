// The Via field.
#include "common/httpd/via.h"

#include <string>

#include "common/http/header_rules.h"

namespace proxycommon {
namespace {

void append(request_rec& request, HeaderFields& fields, const char* version, ViaMode mode) {
  if (mode == ViaMode::kOff) return;
  // The configured name: what a forward request calls the server is its destination.
  const server_rec* server = request.proxyreq == PROXYREQ_PROXY ? request.connection->base_server : request.server;
  std::string by = server->server_hostname ? server->server_hostname : "proxy";
  if (const apr_port_t port = request.connection->local_addr->port; !ap_is_default_port(port, &request))
    by.append(":").append(std::to_string(port));
  if (mode == ViaMode::kFull) by.append(" (").append(ap_get_server_description()).append(")");
  std::string received;
  for (const HeaderField& field : fields)
    if (equalsIgnoringCase(field.name, "via")) received.append(received.empty() ? "" : ", ").append(field.value);
  std::erase_if(fields, [](const HeaderField& field) { return equalsIgnoringCase(field.name, "via"); });
  const std::string value = appendedVia(received, version, by);
  fields.push_back({"Via", {apr_pstrmemdup(request.pool, value.data(), value.size()), value.size()}});
}

}  // namespace

Result<ViaMode> readVia(std::string_view text) {
  if (equalsIgnoringCase(text, "off")) return ViaMode::kOff;
  if (equalsIgnoringCase(text, "on")) return ViaMode::kOn;
  if (equalsIgnoringCase(text, "full")) return ViaMode::kFull;
  return failure(ErrorKind::kInternal, "\"" + printable(text) + "\" is none of On, Off, Full");
}

void addVia(request_rec& request, HeaderFields& fields, ViaMode mode) {
  const char* version =
      apr_psprintf(request.pool, "%d.%d", HTTP_VERSION_MAJOR(request.proto_num), HTTP_VERSION_MINOR(request.proto_num));
  append(request, fields, version, mode);
}

void addResponseVia(request_rec& request, ResponseHead& head, ViaMode mode) {
  append(request, head.fields, head.version == 10 ? "1.0" : head.version == 20 ? "2.0" : "1.1", mode);
}

}  // namespace proxycommon
