// Trailers to HTTP/1.1 clients (RFC 9112 7.1.2), which httpd 2.4 itself does not send: its chunk filter ends every body
// with an empty trailer section.
#pragma once

#include "common/httpd/httpd_api.h"

namespace proxycommon {

// In register_hooks, once.
void registerTrailerFilter();

// What stands in r->trailers_out when the response ends goes out behind its last chunk, where it is chunked. Before the
// response has ended.
void sendTrailers(request_rec& request);

}  // namespace proxycommon
