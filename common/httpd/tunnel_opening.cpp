// The opening of a tunnel.
#include "common/httpd/tunnel_opening.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/text.h"
#include "common/httpd/client_socket.h"
#include "common/httpd/parking.h"
#include "common/httpd/request_tunnel.h"
#include "common/net/ip_address.h"

namespace proxycommon {
namespace {

// What a log line of its end needs, when the request is long gone.
struct TunnelStory {
  server_rec* server;
  int moduleIndex;
  std::string client;
  std::string peer;
  TunnelSlot slot;
  std::shared_ptr<void> held;

  void tell(const TunnelEnd& end) const {
    ap_log_error_(__FILE__, __LINE__, moduleIndex, APLOG_INFO, 0, server,
                  "[client %s] tunnel to %s ended: %s; %" APR_UINT64_T_FMT " bytes to it, %" APR_UINT64_T_FMT
                  " bytes from it, %ld ms",
                  client.c_str(), peer.c_str(), end.reason, end.toBackend, end.toClient,
                  static_cast<long>(end.duration.count()));
  }
};

// Filters that only count, time, or have done their work before a request is read: what the reactor then moves past
// them is not theirs to change.
bool isTransparent(const ap_filter_t& filter) {
  static constexpr std::array<std::string_view, 6> kNames = {"core",       "core_in",        "log_input_output",
                                                             "reqtimeout", "remoteip_input", "net_time"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view name) { return equalsIgnoringCase(filter.frec->name, name); });
}

bool isTransparent(const ap_filter_t* filters) {
  for (; filters; filters = filters->next)
    if (!isTransparent(*filters)) return false;
  return true;
}

bool canDetach(const request_rec& request, const RequestWaiter& waiter) {
  const conn_rec& connection = *request.connection;
  return waiter.mayPark() && isTransparent(connection.input_filters) && isTransparent(connection.output_filters);
}

// What the client has sent behind its request, as far as httpd has read it; httpd reads on while it is at it. False:
// more of it is left in httpd's filters, for the client sends faster than that.
bool drainInput(conn_rec& connection, std::string& bytes) {
  constexpr apr_off_t kPiece = 8192;
  constexpr std::size_t kMost = 1024 * 1024;
  apr_bucket_brigade* brigade = apr_brigade_create(connection.pool, connection.bucket_alloc);
  apr_off_t length = kPiece;
  // A call that brings less than was asked for has left nothing.
  while (length == kPiece && bytes.size() < kMost &&
         ap_get_brigade(connection.input_filters, brigade, AP_MODE_READBYTES, APR_NONBLOCK_READ, kPiece) ==
             APR_SUCCESS &&
         !APR_BRIGADE_EMPTY(brigade)) {
    apr_brigade_length(brigade, 1, &length);
    const std::size_t before = bytes.size();
    apr_size_t size = static_cast<apr_size_t>(std::max<apr_off_t>(length, 0));
    bytes.resize(before + size);
    apr_brigade_flatten(brigade, bytes.data() + before, &size);
    bytes.resize(before + size);
    apr_brigade_cleanup(brigade);
  }
  apr_brigade_destroy(brigade);
  return bytes.size() < kMost;
}

FileDescriptor duplicatedClient(conn_rec& connection) {
  return FileDescriptor{::fcntl(clientDescriptor(connection), F_DUPFD_CLOEXEC, 0)};
}

// The connection belongs to the tunnel now: httpd's end of the request must not write a head of its own into it.
void takeFilters(request_rec& request) {
  conn_rec& connection = *request.connection;
  connection.keepalive = AP_CONN_CLOSE;
  request.output_filters = request.proto_output_filters = connection.output_filters;
  request.input_filters = request.proto_input_filters = connection.input_filters;
}

// False: it cannot be; what has been read of the client is in the plan.
bool detach(request_rec& request, TunnelPlan& plan, Reactor& reactor) {
  conn_rec& connection = *request.connection;
  FileDescriptor client = duplicatedClient(connection);
  if (!client || !drainInput(connection, plan.fromClient)) return false;
  plan.client = makeClearConnection(std::move(client));
  noteDetached(connection);
  reactor.pump(std::move(plan));
  return true;
}

}  // namespace

std::size_t defaultTunnelLimit() {
  constexpr rlim_t kReserve = 1000;  // for everything that is no tunnel
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  // Two descriptors each, the parked ones three. Below twice the reserve a process gives half of what it has.
  const rlim_t spare = limit.rlim_cur > 2 * kReserve ? limit.rlim_cur - kReserve : limit.rlim_cur / 2;
  return static_cast<std::size_t>(spare / 2);
}

Result<TunnelSlot> takeTunnelSlot(request_rec& request, const TunnelSettings& settings) {
  return childOf(*request.server).tunnelSlots.take(subscriberOf(request.useragent_ip), settings.slots);
}

Task<int> openTunnel(request_rec& request, TunnelOpening opening, RequestWaiter& waiter) {
  takeFilters(request);
  // By pointer: a std::function must be copyable, and a slot is not.
  const auto story = std::make_shared<TunnelStory>(
      TunnelStory{request.connection->base_server, opening.moduleIndex,
                  std::string{request.useragent_ip} + ":" + std::to_string(request.useragent_addr->port),
                  std::move(opening.peer), std::move(opening.slot), std::move(opening.held)});
  TunnelPlan plan;
  plan.backend = std::move(opening.backend);
  plan.fromBackend = std::move(opening.fromBackend);
  plan.limits = opening.limits;
  plan.ended = [story](const TunnelEnd& end) { story->tell(end); };
  if (canDetach(request, waiter) && detach(request, plan, *waiter.child().reactor)) co_return DONE;
  const TunnelEnd end = co_await runRequestTunnel(request, std::move(plan), waiter);
  request.bytes_sent = static_cast<apr_off_t>(end.toClient);
  request.sent_bodyct = 1;
  story->tell(end);
  co_return DONE;
}

}  // namespace proxycommon
