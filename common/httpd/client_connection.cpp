// A client's connection under MPMs that take connections back.
#include "common/httpd/client_connection.h"

#include <poll.h>

#include <atomic>
#include <string_view>

#include "common/httpd/child.h"
#include "common/httpd/client_socket.h"
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
  return drainOutput(connection) && !connection.data_in_output_filters;
}

bool nextRequestComes(conn_rec& connection, milliseconds hold) {
  ap_update_child_status(static_cast<ap_sb_handle_t*>(connection.sbh), SERVER_BUSY_KEEPALIVE, nullptr);
  pollfd client{clientDescriptor(connection), POLLIN, 0};
  return waitFor({&client, 1}, Deadline::after(hold));
}

// The right to hold; a worker keeps it from one request to the next. Of at most seven in eight of the child's workers,
// so that there are others for whoever comes; a connection that is not held among many that are costs far more than
// either.
class HoldPermit {
 public:
  explicit HoldPermit(Child& child) : child_(child) {}
  ~HoldPermit() {
    if (given_) --child_.holdingWorkers;
  }
  HoldPermit(const HoldPermit&) = delete;

  // No worker holds while none is free.
  bool isGiven() {
    if (child_.busyWorkers >= child_.workers) return false;
    if (given_) return true;
    given_ = ++child_.holdingWorkers * 8 <= child_.workers * 7;
    if (!given_) --child_.holdingWorkers;
    return given_;
  }

 private:
  Child& child_;
  bool given_ = false;
};

bool isStopping() {
  int state = 0;
  return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) != APR_SUCCESS || state == AP_MPMQ_STOPPING;
}

// After an answer: whether the next request has come, so that this worker goes on with it. Also where the child has
// begun to stop meanwhile: the MPM would close the connection on a request that is here.
bool goesOn(conn_rec& connection, HoldPermit& permit, milliseconds hold) {
  const bool mayContinue = connection.cs->state == CONN_STATE_WRITE_COMPLETION && !connection.aborted &&
                           connection.keepalive == AP_CONN_KEEPALIVE && !connection.data_in_input_filters;
  return mayContinue && hold.count() > 0 && !isStopping() && permit.isGiven() && writeOut(connection) &&
         nextRequestComes(connection, hold);
}

// Precondition: a request is over, or parked.
void serveFurther(conn_rec& connection, Child& child) {
  const milliseconds hold = child.keepAliveHold(*connection.base_server);
  HoldPermit permit(child);
  while (goesOn(connection, permit, hold)) processOneRequest(connection);
}

// The MPM's listener ends with the last connection that it knows of, and it learns of one when a worker begins with it:
// one that has been accepted before may come behind that. Nobody would take it up again, neither what is parked nor
// what has yet to be written.
int serveLate(conn_rec& connection) {
  noteLate(connection);
  connection.keepalive = AP_CONN_CLOSE;
  processOneRequest(connection);
  if (!connection.aborted) ap_flush_conn(&connection);
  connection.cs->state = CONN_STATE_LINGER;
  return OK;
}

}  // namespace

int resumeConnection(conn_rec* connection) {
  if (!connection->cs || !isParked(*connection)) return DECLINED;
  Child& child = childOf(*connection->base_server);
  const BusyWorker busy(child.busyWorkers);
  resumeParked(*connection);
  serveFurther(*connection, child);
  return OK;
}

int processConnection(conn_rec* connection) {
  if (!isOurConnection(*connection)) return DECLINED;
  Child& child = childOf(*connection->base_server);
  const BusyWorker busy(child.busyWorkers);
  if (connection->keepalives == 0 && isStopping()) return serveLate(*connection);
  processOneRequest(*connection);
  serveFurther(*connection, child);
  return OK;
}

}  // namespace proxycommon
