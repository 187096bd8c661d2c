// Parking: a request whose handler waits is set aside, and the MPM waits in its place; then a worker goes on with it as
// if nothing had been. The client's connection is the MPM's all the time: keep-alive, lingering close, graceful
// restarts and its counters stay what they are.
#pragma once

#include "common/base/export.h"
#include "common/base/task.h"
#include "common/httpd/httpd_api.h"

namespace proxycommon {

class RequestWaiter;

// A handler whose waits may be parked. Gives what the handler returns: the task's own result, or SUSPENDED.
PROXYCOMMON_API int runRequest(request_rec& request, Task<int> task);

// Whether the connection's life is in our process_connection hook, so that a suspended request comes back.
bool isOurConnection(const conn_rec& connection);

// The connection came so late that the MPM may not wait for it any more: no request of it is parked.
void noteLate(conn_rec& connection);

// Of a RequestWaiter that parks: whom to resume.
void noteParked(request_rec& request, RequestWaiter& waiter);

// The client's descriptor has been duplicated and lives on elsewhere: the MPM's is closed without a word to the client.
void noteDetached(conn_rec& connection);

// Whether a request of the connection is parked.
bool isParked(const conn_rec& connection);
// Goes on with it, to its end or the next wait; the connection's state says afterwards what is to come.
void resumeParked(conn_rec& connection);

// Hooks.
void exchangeDescriptor(conn_rec* connection, request_rec* request);  // suspend_connection
void restoreDescriptor(conn_rec* connection, request_rec* request);   // resume_connection
int closeDetached(conn_rec* connection);                              // pre_close_connection

}  // namespace proxycommon
