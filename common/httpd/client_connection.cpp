// A client's connection under MPMs that take connections back.
#include "common/httpd/client_connection.h"

#include <poll.h>

#include <atomic>
#include <string_view>

#include "common/httpd/child.h"
#include "common/httpd/parking.h"
#include "common/net/wait.h"

namespace proxycommon {
namespace {

// A worker as long as it is with a connection.
class BusyWorker {
 public:
  explicit BusyWorker(std::atomic<int>& count) : count_(count) { ++count_; }
  ~BusyWorker() { --count_; }
  BusyWorker(const BusyWorker&) = delete;

 private:
  std::atomic<int>& count_;
};

// One request, as http_core.c does it for such MPMs; the connection's state says afterwards what is to come.
void processOneRequest(conn_rec& connection) {
  auto* scoreboard = static_cast<ap_sb_handle_t*>(connection.sbh);
  conn_state_t& state = *connection.cs;
  ap_update_child_status_from_conn(scoreboard, SERVER_BUSY_READ, &connection);
  if (ap_extended_status) ap_set_conn_count(scoreboard, nullptr, static_cast<unsigned short>(connection.keepalives));
  request_rec* request = ap_read_request(&connection);
  if (request && request->status == HTTP_OK) {
    state.state = CONN_STATE_HANDLER;
    if (ap_extended_status)
      ap_set_conn_count(scoreboard, request, static_cast<unsigned short>(connection.keepalives + 1));
    ap_update_child_status(scoreboard, SERVER_BUSY_WRITE, request);
    ap_process_async_request(request);
  }
  if (isParked(connection)) {
    state.state = CONN_STATE_ASYNC_WAITIO;
  } else if (!request || (state.state != CONN_STATE_WRITE_COMPLETION && state.state != CONN_STATE_SUSPENDED)) {
    state.state = CONN_STATE_LINGER;
  }
}

// A flush that could block would pin the worker to a slow reader: what does not go at once is left to the MPM.
bool writeOut(conn_rec& connection) {
  ap_filter_t* core = connection.output_filters;
  while (core->next) core = core->next;
  return core->frec->filter_func.out_func(core, nullptr) == APR_SUCCESS && !connection.data_in_output_filters;
}

bool nextRequestComes(conn_rec& connection, milliseconds hold) {
  apr_os_sock_t descriptor = -1;
  apr_os_sock_get(&descriptor, ap_get_conn_socket(&connection));
  ap_update_child_status(static_cast<ap_sb_handle_t*>(connection.sbh), SERVER_BUSY_KEEPALIVE, nullptr);
  pollfd client{descriptor, POLLIN, 0};
  return waitFor({&client, 1}, Deadline::after(hold));
}

// After an answer: whether the next request is waited for here is decided by how many workers are free.
void holdConnection(conn_rec& connection, const Child& child, milliseconds hold) {
  const bool mayContinue = hold.count() > 0 && connection.cs->state == CONN_STATE_WRITE_COMPLETION &&
                           !connection.aborted && connection.keepalive == AP_CONN_KEEPALIVE &&
                           !connection.data_in_input_filters;
  if (mayContinue && child.halfIsFree() && writeOut(connection) && nextRequestComes(connection, hold)) {
    // The MPM then comes straight back to the process_connection hooks, all of them.
    connection.data_in_input_filters = 1;
  }
}

}  // namespace

int resumeConnection(conn_rec* connection) {
  if (!connection->cs || !isParked(*connection)) return DECLINED;
  Child& child = childOf(*connection->base_server);
  const BusyWorker busy(child.busyWorkers);
  resumeParked(*connection);
  holdConnection(*connection, child, child.keepAliveHold(*connection->base_server));
  return OK;
}

int processConnection(conn_rec* connection) {
  if (!isOurConnection(*connection)) return DECLINED;
  Child& child = childOf(*connection->base_server);
  const BusyWorker busy(child.busyWorkers);
  processOneRequest(*connection);
  holdConnection(*connection, child, child.keepAliveHold(*connection->base_server));
  return OK;
}

}  // namespace proxycommon
