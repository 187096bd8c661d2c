// The life of a request:
//
//   detection: for the proxy? ── no → DECLINED
//     └ allow_list.judge(name, port) ── closed → 403
//         └ handler: dial (resolve → guard.judge(each address)) → CONNECT ? tunnel : exchange → answer
#include "mod_fwdproxy/handler.h"

#include <string>

#include "common/http/header_rules.h"
#include "common/httpd/answer_error.h"
#include "common/httpd/child.h"
#include "common/httpd/relay.h"
#include "common/httpd/via.h"
#include "common/httpd/worker_tunnel.h"
#include "common/net/dialer.h"
#include "mod_fwdproxy/config.h"
#include "mod_fwdproxy/detection.h"

APLOG_USE_MODULE(fwdproxy);

namespace fwdproxy {
namespace {

using proxycommon::Connection;

constexpr milliseconds kConnectTimeout{10'000};
constexpr std::uint16_t kHttpPort = 80;

milliseconds silenceOf(const request_rec& request, const ServerConfig& config) {
  return config.timeout.valueOr(milliseconds{apr_time_as_msec(request.connection->base_server->timeout)});
}

Result<std::unique_ptr<Connection>> dial(const ForwardRequest& forward, const ServerConfig& config) {
  auto socket = proxycommon::dial({forward.destination.host, forward.port}, config.guard,
                                  config.connectTimeout.valueOr(kConnectTimeout));
  if (!socket) return std::move(socket.error());
  return proxycommon::makeClearConnection(std::move(*socket));
}

// The URL rules over a differing Host (RFC 9112 3.2.2): there is one notion of where the request goes.
proxycommon::RequestHead forwardedHead(request_rec& request, const ForwardRequest& forward, const ServerConfig& config,
                                       std::string_view host) {
  proxycommon::RequestHead head{request.method, forward.target, {}, proxycommon::requestFraming(request)};
  head.fields = proxycommon::forwardableFields(proxycommon::requestFields(request));
  head.fields.insert(head.fields.begin(), {"Host", host});
  proxycommon::addVia(request, head.fields, config.via.valueOr(ViaMode::kOn));
  return head;
}

int relayRequest(request_rec& request, const ForwardRequest& forward, const ServerConfig& config) {
  const std::string host = proxycommon::Authority{forward.destination.host, forward.port}.toString(kHttpPort);
  const milliseconds silence = silenceOf(request, config);
  const proxycommon::RelayPlan plan{
      proxycommon::childOf(*request.server).connections,
      // With the guard's text: a connection that one policy has judged good is not another's.
      proxycommon::PeerKey{"forward", config.guard.fingerprint(), host, std::to_string(forward.port)},
      {},
      [&] { return dial(forward, config); },
      forwardedHead(request, forward, config, host),
      {silence, silence, silence}};
  const ViaMode via = config.via.valueOr(ViaMode::kOn);
  proxycommon::ClientResponse response(request, [&](auto& head) { proxycommon::addResponseVia(request, head, via); });
  const Outcome outcome = proxycommon::relay(request, plan, response);
  if (outcome) return OK;
  return proxycommon::answerError(request, APLOG_MODULE_INDEX, "http://" + host, outcome.error(), &response);
}

bool announceTunnel(request_rec& request) {
  conn_rec* connection = request.connection;
  apr_bucket_brigade* brigade = apr_brigade_create(request.pool, connection->bucket_alloc);
  ap_fputs(connection->output_filters, brigade, "HTTP/1.1 200 Connection established\r\n\r\n");
  return ap_fflush(connection->output_filters, brigade) == APR_SUCCESS && !connection->aborted;
}

int openTunnel(request_rec& request, const ForwardRequest& forward, const ServerConfig& config) {
  if (request.connection->master) {
    ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, &request,
                  "CONNECT on a stream of HTTP/2 is not supported: clients must "
                  "use HTTP/1.1 to open tunnels");
    return HTTP_NOT_IMPLEMENTED;
  }
  auto backend = dial(forward, config);
  const std::string peer = forward.destination.toString(0);
  if (!backend) return proxycommon::answerError(request, APLOG_MODULE_INDEX, peer, backend.error(), nullptr);
  request.connection->keepalive = AP_CONN_CLOSE;
  request.status = HTTP_OK;
  const bool announced = announceTunnel(request);
  // The connection belongs to the tunnel now: httpd's end of the request must not write a head of its own into it.
  request.output_filters = request.proto_output_filters = request.connection->output_filters;
  request.input_filters = request.proto_input_filters = request.connection->input_filters;
  if (!announced) return DONE;
  const auto end = proxycommon::runWorkerTunnel(request, **backend, silenceOf(request, config));
  request.bytes_sent = static_cast<apr_off_t>(end.toClient);
  ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, &request,
                "tunnel to %s ended: %s; %" APR_UINT64_T_FMT " bytes to it, %" APR_UINT64_T_FMT " bytes from it",
                peer.c_str(), end.reason.c_str(), end.toBackend, end.toClient);
  return DONE;
}

}  // namespace

int handleRequest(request_rec* request) {
  const ForwardRequest* forward = findForwardRequest(*request);
  if (!forward) return DECLINED;
  if (const int refusal = proxycommon::traceRefusal(*request); refusal != OK) return refusal;
  const ServerConfig& config = ServerConfig::of(*request->connection);
  return request->method_number == M_CONNECT ? openTunnel(*request, *forward, config)
                                             : relayRequest(*request, *forward, config);
}

}  // namespace fwdproxy
