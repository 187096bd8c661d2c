// A request without a client, served in the background: what refreshes a stored response while its stale form is sent
// (stale-while-revalidate, RFC 5861 3). It is a GET for what another request has asked for, and lives on its own: that
// one, its connection and its worker may be gone before this one begins.
//
// To whoever serves it, it is a request on a secondary connection: `connection->master` is set, so that nothing is
// parked and no socket is looked for. What is sent goes nowhere, the body that can be read is empty. Nothing is written
// to an access log. When the child stops, its client is gone (RequestWaiter), and no more of them begin.
#pragma once

#include <functional>

#include "common/base/export.h"
#include "common/base/task.h"
#include "common/httpd/httpd_api.h"

namespace proxycommon {

// In a thread that serves `original`, which is only read. False: there is no room for it now, or the child stops;
// nothing is done, and the next request may try again.
//
// The copy is a GET without a body, of the same server, URL, filename, client, notes and environment, with the fields
// of the original but those of a body and of a change of protocol; its <Location> and <If> sections are found anew.
// Modules' own state (request_config) is not copied: `serve` sets it. `serve` is called at most once, in another
// thread, perhaps after the original has died, so it refers to nothing of that; it is destroyed there too, before the
// copy. What it throws is logged; its result says to nobody but itself how it went.
PROXYCOMMON_API bool runInBackground(const request_rec& original, std::function<Task<int>(request_rec& copy)> serve);

// Whether the connection is that of such a request.
PROXYCOMMON_API bool isInBackground(const conn_rec& connection);

// Of the library's hooks. TLS was the original's: of it, scheme and port are kept.
void registerBackgroundFilters();
const char* backgroundScheme(const request_rec* request);  // http_scheme
apr_port_t backgroundPort(const request_rec* request);     // default_port

}  // namespace proxycommon
