// The life of a client's HTTP/1 connection under MPMs that take connections back (event): one request after the other,
// those that wait parked in between. And the keep-alive hold: a worker that has answered stays for a few milliseconds
// with its client's connection, for a busy client sends its next request within that time, and handing the connection
// to the MPM and back costs more than the wait; at most seven in eight of the child's workers do so at a time, and none
// while no other is free.
#pragma once

#include "common/httpd/httpd_api.h"

namespace proxycommon {

// process_connection, before everyone: goes on with a request that was parked. Others would look at the connection as
// if it were new, or between two requests.
int resumeConnection(conn_rec* connection);

// process_connection, after everyone but httpd's own: the same life of one request, and then the hold. DECLINED where
// httpd's own is to do it all.
int processConnection(conn_rec* connection);

}  // namespace proxycommon
