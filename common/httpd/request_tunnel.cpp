// A tunnel pumped on behalf of a request.
#include "common/httpd/request_tunnel.h"

#include <array>
#include <utility>
#include <vector>

#include "common/base/text.h"
#include "common/httpd/client_socket.h"

namespace proxycommon {
namespace {

// Below httpd's FlushMaxThreshold of 65536: its core filter blocks the thread above that.
constexpr std::size_t kPieceSize = 32 * 1024;
// Pieces in one direction before the other has its turn.
constexpr int kTurns = 8;
// Bursts of a tunnel that never pauses before other requests have their turn.
constexpr unsigned kBursts = 16;

// The client's side, through the connection's filters.
class TunnelClient {
 public:
  explicit TunnelClient(conn_rec& connection)
      : connection_(connection),
        input_(apr_brigade_create(connection.pool, connection.bucket_alloc)),
        output_(apr_brigade_create(connection.pool, connection.bucket_alloc)) {
    removeFilters(connection.input_filters, "reqtimeout", &ap_remove_input_filter);
    hasTls_ = removeFilters(connection.output_filters, "ssl/tls coalescing filter", &ap_remove_output_filter);
  }
  ~TunnelClient() {
    apr_brigade_destroy(input_);
    apr_brigade_destroy(output_);
  }
  TunnelClient(const TunnelClient&) = delete;

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
    // A stream of HTTP/2 begins with the end of the request's own body, which has none.
    if (size == 0 && ended && connection_.master && !std::exchange(requestEnded_, true)) return read(into);
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
    // A stream of HTTP/2 keeps nothing back: its writes wait.
    return connection_.master ? !connection_.aborted : drainOutput(connection_);
  }
  bool isFull() const { return connection_.data_in_output_filters != 0; }

  // TLS has no half-close that mod_ssl passes on, nor has HTTP/2 one here.
  bool hasHalfClose() const { return !hasTls_ && !connection_.master; }
  void endWriting() { apr_socket_shutdown(ap_get_conn_socket(&connection_), APR_SHUTDOWN_WRITE); }

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
  bool hasTls_ = false;
  bool requestEnded_ = false;
};

class RequestTunnel {
 public:
  RequestTunnel(request_rec& request, TunnelPlan plan, RequestWaiter& waiter)
      : client_(*request.connection),
        backend_(std::move(plan.backend)),
        waiter_(waiter),
        limits_(plan.limits),
        fromClient_(plan.fromClient.begin(), plan.fromClient.end()),
        early_(std::move(plan.fromBackend)) {}

  Task<TunnelEnd> run() {
    if (!early_.empty() && !client_.write(early_)) stop(tunnel_reason::kClientBroke);
    end_.toClient += early_.size();
    while (!isOver()) {
      hasMore_ = false;
      clientToBackend();
      if (!isOver()) backendToClient();
      if (!isOver()) passOnEnds();
      if (isOver()) continue;
      // What a filter has read ahead makes no descriptor readable.
      const bool goesOn = hasMore_ || (backend_->hasBufferedInput() && !client_.isFull());
      if (goesOn && ++bursts_ % kBursts != 0) continue;
      const Interest awaited = goesOn ? breath() : interest(nextEnd().first);
      const Woken woken = co_await waiter_.until(awaited);
      if (woken.clientGone && !maySend()) stop(tunnel_reason::kClientBroke);
      const auto [at, reason] = nextEnd();
      const bool moves = woken.backend || woken.client;
      if (at <= Clock::now() && !(moves && reason == tunnel_reason::kIdle)) stop(reason);
    }
    end_.duration = std::chrono::duration_cast<milliseconds>(Clock::now() - begun_);
    co_return std::move(end_);
  }

 private:
  void clientToBackend() {
    for (int turn = 0; turn < kTurns && (!clientEnded_ || !pending().empty()); ++turn) {
      if (pending().empty()) {
        sent_ = 0;
        fromClient_.clear();
        const IoState state = client_.read(fromClient_);
        if (state == IoState::kWantRead) return;
        if (state == IoState::kFailed) return stop(tunnel_reason::kClientBroke);
        clientEnded_ = state == IoState::kClosed;
        if (clientEnded_) return;
      }
      const IoResult written = backend_->write(pending(), {});
      backendIsFull_ = written.state == IoState::kWantWrite;
      if (written.state == IoState::kFailed || written.state == IoState::kClosed)
        return stop(tunnel_reason::kBackendBroke);
      if (written.state != IoState::kDone) return;
      sent_ += written.bytes;
      end_.toBackend += written.bytes;
      lastMove_ = Clock::now();
    }
    hasMore_ = hasMore_ || !clientEnded_;
  }

  void backendToClient() {
    // Borrowed for the burst: a tunnel that waits holds no buffer.
    std::array<char, kPieceSize> buffer;
    for (int turn = 0; turn < kTurns; ++turn) {
      if (client_.isFull() && !client_.drain()) return stop(tunnel_reason::kClientBroke);
      if (backendEnded_ || client_.isFull()) return;
      const IoResult got = backend_->read(buffer);
      readWantsWrite_ = got.state == IoState::kWantWrite;
      if (readWantsWrite_ || got.state == IoState::kWantRead) return;
      if (got.state == IoState::kFailed) return stop(tunnel_reason::kBackendBroke);
      backendEnded_ = got.state == IoState::kClosed;
      if (backendEnded_) return;
      end_.toClient += got.bytes;
      lastMove_ = Clock::now();
      if (!client_.write({buffer.data(), got.bytes})) return stop(tunnel_reason::kClientBroke);
    }
    hasMore_ = true;
  }

  void passOnEnds() {
    const bool half = client_.hasHalfClose() && backend_->hasHalfClose();
    const bool clientDone = clientEnded_ && pending().empty();
    const bool backendDone = backendEnded_ && !client_.isFull();
    if (clientDone && backendDone) return stop(tunnel_reason::kBothEnded);
    if (clientDone && !half) return stop(tunnel_reason::kClientEnded);
    if (backendDone && !half) return stop(tunnel_reason::kBackendEnded);
    if (clientDone && !std::exchange(clientEndPassed_, true)) backend_->endWriting();
    if (backendDone && !std::exchange(backendEndPassed_, true)) client_.endWriting();
  }

  // A busy tunnel lets others have the worker, if there are any.
  Interest breath() const {
    Interest interest;
    interest.until = Clock::now() + (waiter_.child().workersAreScarce() ? milliseconds{1} : milliseconds{0});
    interest.clientMayEnd = true;
    return interest;
  }

  bool maySend() const { return !clientEnded_ && pending().empty(); }

  Interest interest(Clock::time_point until) {
    if (pending().empty()) {
      std::vector<char>().swap(fromClient_);
      sent_ = 0;
    }
    Interest interest;
    interest.until = until;
    interest.here = waiter_.patience();
    interest.clientMayEnd = true;
    interest.clientEvents = static_cast<short>((maySend() ? POLLIN : 0) | (client_.isFull() ? POLLOUT : 0));
    interest.backendEvents =
        static_cast<short>((!backendEnded_ && !client_.isFull() ? POLLIN : 0) |
                           (readWantsWrite_ || (!pending().empty() && backendIsFull_) ? POLLOUT : 0));
    interest.backend = interest.backendEvents != 0 ? backend_->descriptor() : -1;
    return interest;
  }

  std::pair<Clock::time_point, const char*> nextEnd() {
    return nextTunnelEnd(limits_, begun_, lastMove_, Clock::time_point{Clock::duration{waiter_.child().stoppingSince}});
  }

  std::span<const char> pending() const { return std::span<const char>(fromClient_).subspan(sent_); }
  bool isOver() const { return *end_.reason != '\0'; }
  void stop(const char* reason) {
    if (!isOver()) end_.reason = reason;
  }

  TunnelClient client_;
  std::unique_ptr<Connection> backend_;
  RequestWaiter& waiter_;
  const TunnelLimits limits_;
  std::vector<char> fromClient_;
  std::size_t sent_ = 0;  // of fromClient_
  std::string early_;
  Clock::time_point begun_ = Clock::now();
  Clock::time_point lastMove_ = begun_;
  bool clientEnded_ = false;
  bool clientEndPassed_ = false;
  bool backendEnded_ = false;
  bool backendEndPassed_ = false;
  bool backendIsFull_ = false;
  bool readWantsWrite_ = false;
  unsigned bursts_ = 0;
  bool hasMore_ = false;  // a turn ended before its side had nothing more
  TunnelEnd end_;
};

}  // namespace

Task<TunnelEnd> runRequestTunnel(request_rec& request, TunnelPlan plan, RequestWaiter& waiter) {
  RequestTunnel tunnel(request, std::move(plan), waiter);
  co_return co_await tunnel.run();
}

}  // namespace proxycommon
