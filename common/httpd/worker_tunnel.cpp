// A tunnel pumped by a worker.
#include "common/httpd/worker_tunnel.h"

#include <array>
#include <utility>
#include <vector>

#include "common/base/text.h"
#include "common/net/wait.h"

namespace proxycommon {
namespace {

// Below httpd's FlushMaxThreshold of 65536: its core filter blocks the thread above that.
constexpr std::size_t kPieceSize = 32 * 1024;
// Pieces in one direction before the other has its turn.
constexpr int kTurns = 8;

// The client's side, through the connection's filters.
class TunnelClient {
 public:
  explicit TunnelClient(conn_rec& connection)
      : connection_(connection),
        input_(apr_brigade_create(connection.pool, connection.bucket_alloc)),
        output_(apr_brigade_create(connection.pool, connection.bucket_alloc)) {
    apr_os_sock_get(&descriptor_, ap_get_conn_socket(&connection));
    removeFilters(connection.input_filters, "reqtimeout", &ap_remove_input_filter);
    hasTls_ = removeFilters(connection.output_filters, "ssl/tls coalescing filter", &ap_remove_output_filter);
  }
  ~TunnelClient() {
    apr_brigade_destroy(input_);
    apr_brigade_destroy(output_);
  }
  TunnelClient(const TunnelClient&) = delete;

  int descriptor() const { return descriptor_; }

  IoState read(std::vector<char>& into) {
    const apr_status_t status =
        ap_get_brigade(connection_.input_filters, input_, AP_MODE_READBYTES, APR_NONBLOCK_READ, kPieceSize);
    if (APR_STATUS_IS_EAGAIN(status)) return IoState::kWantRead;
    if (status != APR_SUCCESS) return APR_STATUS_IS_EOF(status) ? IoState::kClosed : IoState::kFailed;
    if (APR_BRIGADE_EMPTY(input_)) return IoState::kWantRead;
    apr_off_t length = 0;
    apr_brigade_length(input_, 1, &length);
    apr_size_t size = static_cast<apr_size_t>(length);
    into.resize(size);
    apr_brigade_flatten(input_, into.data(), &size);
    const bool ended = APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(input_));
    apr_brigade_cleanup(input_);
    if (size == 0) return ended ? IoState::kClosed : IoState::kWantRead;
    return IoState::kDone;
  }

  bool write(std::span<const char> bytes) {
    APR_BRIGADE_INSERT_TAIL(output_, apr_bucket_transient_create(bytes.data(), bytes.size(), connection_.bucket_alloc));
    const apr_status_t status = ap_pass_brigade(connection_.output_filters, output_);
    apr_brigade_cleanup(output_);
    return status == APR_SUCCESS && !connection_.aborted && drain();
  }

  // Moves what the output filters have kept back, as far as the socket takes it.
  bool drain() {
    ap_filter_t* core = connection_.output_filters;
    while (core->next) core = core->next;
    return core->frec->filter_func.out_func(core, nullptr) == APR_SUCCESS && !connection_.aborted;
  }
  bool isFull() const { return connection_.data_in_output_filters != 0; }

  // TLS has no half-close that mod_ssl passes on; false then.
  bool endWriting() {
    return !hasTls_ && apr_socket_shutdown(ap_get_conn_socket(&connection_), APR_SHUTDOWN_WRITE) == APR_SUCCESS;
  }

 private:
  template <class Remove>
  static bool removeFilters(ap_filter_t* filter, std::string_view name, Remove remove) {
    bool found = false;
    for (ap_filter_t* next = nullptr; filter; filter = next) {
      next = filter->next;
      if (!equalsIgnoringCase(filter->frec->name, name)) continue;
      remove(filter);
      found = true;
    }
    return found;
  }

  conn_rec& connection_;
  apr_bucket_brigade* input_;
  apr_bucket_brigade* output_;
  apr_os_sock_t descriptor_ = -1;
  bool hasTls_ = false;
};

class WorkerTunnel {
 public:
  WorkerTunnel(conn_rec& connection, Connection& backend, milliseconds idle)
      : client_(connection), backend_(backend), idle_(idle), fromBackend_(kPieceSize) {}

  TunnelEnd run() {
    while (end_.reason.empty()) {
      hasMore_ = false;
      clientToBackend();
      if (end_.reason.empty()) backendToClient();
      if (end_.reason.empty()) passOnEnds();
      // What a filter has read ahead makes no descriptor readable.
      if (end_.reason.empty() && !hasMore_ && !wait()) end_.reason = "idle for too long";
    }
    return std::move(end_);
  }

 private:
  void clientToBackend() {
    for (int turn = 0; turn < kTurns && (!clientEnded_ || !pending().empty()); ++turn) {
      if (pending().empty()) {
        sent_ = 0;
        fromClient_.clear();
        const IoState state = client_.read(fromClient_);
        if (state == IoState::kWantRead) return;
        if (state == IoState::kFailed) return stop("the client's connection broke");
        clientEnded_ = state == IoState::kClosed;
        if (clientEnded_) return;
      }
      const IoResult written = backend_.write(pending(), {});
      backendIsFull_ = written.state == IoState::kWantWrite;
      if (written.state == IoState::kFailed || written.state == IoState::kClosed)
        return stop("the backend's connection broke");
      if (written.state != IoState::kDone) return;
      sent_ += written.bytes;
      end_.toBackend += written.bytes;
    }
    hasMore_ = hasMore_ || !clientEnded_;
  }

  void backendToClient() {
    for (int turn = 0; turn < kTurns; ++turn) {
      if (client_.isFull() && !client_.drain()) return stop("the client's connection broke");
      if (backendEnded_ || client_.isFull()) return;
      const IoResult got = backend_.read(fromBackend_);
      if (got.state == IoState::kWantRead || got.state == IoState::kWantWrite) return;
      if (got.state == IoState::kFailed) return stop("the backend's connection broke");
      backendEnded_ = got.state == IoState::kClosed;
      if (backendEnded_) return;
      end_.toClient += got.bytes;
      if (!client_.write({fromBackend_.data(), got.bytes})) return stop("the client's connection broke");
    }
    hasMore_ = true;
  }

  void passOnEnds() {
    if (clientEnded_ && pending().empty() && !std::exchange(clientEndPassed_, true)) backend_.endWriting();
    const bool drained = backendEnded_ && !client_.isFull();
    if (drained && (clientEnded_ || clientEndPassed_)) return stop("both sides have ended");
    if (drained && !std::exchange(backendEndPassed_, true) && !client_.endWriting()) stop("the backend has ended");
  }

  bool wait() {
    if (backend_.hasBufferedInput() && !client_.isFull()) return true;
    const bool clientMaySend = !clientEnded_ && pending().empty();
    short forClient = 0;
    short forBackend = 0;
    if (clientMaySend) forClient |= POLLIN;
    if (client_.isFull()) forClient |= POLLOUT;
    if (!backendEnded_ && !client_.isFull()) forBackend |= POLLIN;
    if (!pending().empty() && backendIsFull_) forBackend |= POLLOUT;
    std::array<pollfd, 2> descriptors{pollfd{client_.descriptor(), forClient, 0},
                                      pollfd{forBackend ? backend_.descriptor() : -1, forBackend, 0}};
    const bool ready = waitFor(descriptors, Deadline::after(idle_));
    // Asked for nothing, it still tells of a client that has gone altogether.
    if (ready && forClient == 0 && descriptors[0].revents != 0) stop("the client's connection broke");
    return ready;
  }

  std::span<const char> pending() const { return std::span<const char>(fromClient_).subspan(sent_); }
  void stop(const char* reason) { end_.reason = reason; }

  TunnelClient client_;
  Connection& backend_;
  const milliseconds idle_;
  std::vector<char> fromClient_;
  std::size_t sent_ = 0;  // of fromClient_
  std::vector<char> fromBackend_;
  bool clientEnded_ = false;
  bool clientEndPassed_ = false;
  bool backendEnded_ = false;
  bool backendEndPassed_ = false;
  bool backendIsFull_ = false;
  bool hasMore_ = false;  // a turn ended before its side had nothing more
  TunnelEnd end_;
};

}  // namespace

TunnelEnd runWorkerTunnel(request_rec& request, Connection& backend, milliseconds idle) {
  return WorkerTunnel(*request.connection, backend, idle).run();
}

}  // namespace proxycommon
