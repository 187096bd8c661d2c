// Requests that are set aside while the MPM waits in their place.
#include "common/httpd/parking.h"

#include <unistd.h>

#include <optional>
#include <string_view>
#include <utility>

#include "common/base/text.h"
#include "common/httpd/child.h"
#include "common/httpd/client_socket.h"
#include "common/httpd/guarded.h"
#include "common/httpd/pool_owned.h"
#include "common/httpd/request_waiter.h"

namespace proxycommon {
namespace {

constexpr const char* kKey = "proxycommon-connection-" PROXYCOMMON_VERSION;

// What is known of a connection beside httpd's own. Lives in the connection's pool.
struct ConnectionState {
  request_rec* request = nullptr;  // the one that is parked
  std::optional<Task<int>> task;   // its handler
  RequestWaiter* waiter = nullptr;
  // While the MPM waits: the client's own descriptor, and the one that stands in its place.
  int clientDescriptor = -1;
  int standIn = -1;
  bool isDetached = false;
  bool isLate = false;  // the MPM may not wait for it any more
};

ConnectionState* find(const conn_rec& connection) {
  void* state = nullptr;
  apr_pool_userdata_get(&state, kKey, connection.pool);
  return static_cast<ConnectionState*>(state);
}

ConnectionState& stateOf(conn_rec& connection) {
  if (ConnectionState* state = find(connection)) return *state;
  auto* state = makePoolOwned<ConnectionState>(connection.pool);
  apr_pool_userdata_setn(state, kKey, apr_pool_cleanup_null, connection.pool);
  return *state;
}

// The handler's frames use the request's memory, so they go first.
apr_status_t dropTask(void* context) {
  auto& state = *static_cast<ConnectionState*>(context);
  state.task.reset();
  state.request = nullptr;
  return APR_SUCCESS;
}

void putDescriptor(conn_rec& connection, int descriptor) {
  apr_socket_t* socket = ap_get_conn_socket(&connection);
  apr_os_sock_t number = descriptor;
  apr_os_sock_put(&socket, &number, connection.pool);
}

// What httpd does after a handler (ap_process_async_request).
void finishRequest(request_rec& request, int status) {
  if (status == OK || status == DONE) {
    ap_finalize_request_protocol(&request);
  } else {
    request.status = HTTP_OK;
    ap_die(status, &request);
  }
  ap_process_request_after_handler(&request);
}

int resultOf(Task<int>& task) {
  try {
    return task.result();
  } catch (const std::exception& escaped) {
    logEscaped(escaped.what());
  } catch (...) {
    logEscaped("something that is no std::exception");
  }
  return HTTP_INTERNAL_SERVER_ERROR;
}

// The MPM ends a connection whose request still waits; it does so without a word.
void abandon(ConnectionState& state) {
  ap_log_rerror_(__FILE__, __LINE__, APLOG_NO_MODULE, APLOG_INFO, 0, state.request,
                 "proxy: httpd has ended the connection while %s %s was waiting", state.request->method,
                 printable(state.request->unparsed_uri ? state.request->unparsed_uri : "").c_str());
  dropTask(&state);
}

}  // namespace

int runRequest(request_rec& request, Task<int> task) {
  task.start();
  if (task.isDone()) return task.result();
  ConnectionState& state = stateOf(*request.connection);
  state.request = &request;
  state.task.emplace(std::move(task));
  apr_pool_pre_cleanup_register(request.pool, &state, guarded<&dropTask>);
  return SUSPENDED;
}

bool isOurConnection(const conn_rec& connection) {
  const ConnectionState* state = find(connection);
  return connection.cs && !connection.master && !connection.clogging_input_filters && canPark() &&
         !(state && state->isLate) &&
         ap_get_protocol(const_cast<conn_rec*>(&connection)) == std::string_view("http/1.1");
}

void noteLate(conn_rec& connection) {
  stateOf(connection).isLate = true;
}

void noteParked(request_rec& request, RequestWaiter& waiter) {
  stateOf(*request.connection).waiter = &waiter;
}

void noteDetached(conn_rec& connection) {
  stateOf(connection).isDetached = true;
}

bool isParked(const conn_rec& connection) {
  const ConnectionState* state = find(connection);
  return state && state->task;
}

void resumeParked(conn_rec& connection) {
  ConnectionState& state = *find(connection);
  request_rec& request = *state.request;
  connection.cs->state = CONN_STATE_HANDLER;
  ap_update_child_status(static_cast<ap_sb_handle_t*>(connection.sbh), SERVER_BUSY_WRITE, &request);
  state.waiter->resume();
  if (!state.task->isDone()) {
    connection.cs->state = CONN_STATE_ASYNC_WAITIO;
    return;
  }
  const int status = resultOf(*state.task);
  apr_pool_cleanup_kill(request.pool, &state, guarded<&dropTask>);
  dropTask(&state);
  finishRequest(request, status);
}

void exchangeDescriptor(conn_rec* connection, request_rec*) {
  ConnectionState* state = find(*connection);
  if (!state || !state->task || state->standIn >= 0 || connection->cs->state != CONN_STATE_ASYNC_WAITIO) return;
  state->clientDescriptor = clientDescriptor(*connection);
  state->standIn = state->waiter->standIn();
  putDescriptor(*connection, state->standIn);
}

void restoreDescriptor(conn_rec* connection, request_rec*) {
  ConnectionState* state = find(*connection);
  if (!state || state->standIn < 0) return;
  const int client = std::exchange(state->clientDescriptor, -1);
  if (clientDescriptor(*connection) == std::exchange(state->standIn, -1)) {
    putDescriptor(*connection, client);
  } else {
    // The MPM has given the connection up, and closed what it took for the client's.
    state->waiter->forgetStandIn();
    ::close(client);
  }
  if (state->task && connection->cs->state == CONN_STATE_LINGER) abandon(*state);
}

int closeDetached(conn_rec* connection) {
  const ConnectionState* state = find(*connection);
  // Then the MPM closes its descriptor and sends no FIN, which would be the client's other descriptor's too.
  if (state && state->isDetached) connection->aborted = 1;
  return OK;
}

}  // namespace proxycommon
