// Which request is for the proxy, and whether its destination is open.
#include "mod_fwdproxy/detection.h"

#include <optional>
#include <string>

#include "common/base/text.h"
#include "common/httpd/answer_error.h"
#include "common/httpd/pool_owned.h"
#include "mod_fwdproxy/config.h"

APLOG_USE_MODULE(fwdproxy);

namespace fwdproxy {
namespace {

using proxycommon::ErrorKind;
using proxycommon::failure;

constexpr std::uint16_t kHttpPort = 80;

// CONNECT takes HOST:PORT and nothing else (RFC 9110 9.3.6).
Result<ForwardRequest> parseConnect(std::string_view target) {
  auto authority = proxycommon::parseAuthority(target);
  if (!authority) return std::move(authority.error());
  if (!authority->port)
    return failure(ErrorKind::kBadAuthority, "\"" + proxycommon::printable(target) + "\" names no port");
  const std::uint16_t port = *authority->port;
  return ForwardRequest{std::move(*authority), port, {}};
}

// OPTIONS of a whole server is written "*" on the last hop (RFC 9112 3.2.4), and absolute without a path before.
bool namesWholeServer(std::string_view target) {
  return target.find_first_of("/?", target.find("://") + 3) == std::string_view::npos;
}

Result<ForwardRequest> parseAbsolute(std::string_view target, int method) {
  auto url = proxycommon::parseUrl(target);
  if (!url) return std::move(url.error());
  if (url->scheme != "http")
    return failure(ErrorKind::kUnsupportedScheme, "scheme \"" + proxycommon::printable(url->scheme) + "\"");
  const std::uint16_t port = url->authority.port.value_or(kHttpPort);
  const bool wholeServer = method == M_OPTIONS && namesWholeServer(target);
  return ForwardRequest{std::move(url->authority), port, wholeServer ? "*" : proxycommon::escapedTarget(url->target)};
}

// An absolute URL may name this very server; such a request is httpd's own.
bool isLocal(request_rec& request) {
  const apr_uri_t& uri = request.parsed_uri;
  if (!uri.hostname || !*uri.hostname || !proxycommon::equalsIgnoringCase(uri.scheme, ap_http_scheme(&request)))
    return false;
  const apr_port_t port = uri.port_str ? uri.port : ap_default_port(&request);
  return ap_matches_request_vhost(&request, uri.hostname, port) != 0;
}

// nullopt: not for the proxy.
std::optional<Result<ForwardRequest>> parseRequest(request_rec& request) {
  if (request.method_number == M_CONNECT) return parseConnect(request.unparsed_uri);
  if (!request.parsed_uri.scheme || isLocal(request)) return std::nullopt;
  return parseAbsolute(request.unparsed_uri, request.method_number);
}

Outcome judge(const ForwardRequest& forward, const ServerConfig& config) {
  const Verdict verdict = config.allowed.judge(forward.destination.host, forward.port);
  if (verdict.allowed) return {};
  return failure(ErrorKind::kDestinationDenied, verdict.reason);
}

}  // namespace

int detect(request_rec* request) {
  const ServerConfig& config = ServerConfig::of(*request->connection);
  if (!config.requests.valueOr(false)) return DECLINED;
  auto forward = parseRequest(*request);
  if (!forward) return DECLINED;
  request->proxyreq = PROXYREQ_PROXY;
  request->uri = request->unparsed_uri;
  // Not "proxy:": a real mod_proxy takes every filename that begins so, without our rules.
  request->filename = apr_pstrcat(request->pool, "fwdproxy:", request->uri, nullptr);
  request->handler = "fwdproxy";
  if (!*forward) return answerError(*request, APLOG_MODULE_INDEX, "no destination", forward->error(), nullptr);
  if (const auto open = judge(**forward, config); !open)
    return answerError(*request, APLOG_MODULE_INDEX, (*forward)->destination.toString(0), open.error(), nullptr);
  proxycommon::dropNominatedFields(*request);
  ap_set_module_config(request->request_config, &fwdproxy_module,
                       proxycommon::makePoolOwned<ForwardRequest>(request->pool, std::move(**forward)));
  return DECLINED;
}

int keepUrl(request_rec* request) {
  return findForwardRequest(*request) ? DONE : DECLINED;
}
int skipPhase(request_rec* request) {
  return findForwardRequest(*request) ? OK : DECLINED;
}

}  // namespace fwdproxy
