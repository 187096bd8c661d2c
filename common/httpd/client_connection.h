// Keep-alive hold: a worker that has answered stays for a few milliseconds with its client's connection, for a busy
// client sends its next request within that time; handing the connection to the MPM and back costs more than the wait.
// Only under MPMs that take connections back, only for HTTP/1, and only while at least half of the child's workers are
// free.
#pragma once

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/httpd/httpd_api.h"

namespace proxycommon {

// A process_connection hook, to be run just before httpd's own: the same life of one request, and then the hold.
// DECLINED where httpd's own is to do it all; so with a `hold` of zero.
PROXYCOMMON_API int processHeldConnection(conn_rec* connection, milliseconds hold);

}  // namespace proxycommon
