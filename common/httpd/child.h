// Child: what one child process shares between all its workers and both modules: connections and TLS contexts. Made in
// child_init by whichever module comes first; lives as long as the process.
#pragma once

#include <atomic>

#include "common/base/export.h"
#include "common/httpd/httpd_api.h"
#include "common/net/tls_context.h"
#include "common/pool/connection_pool.h"

namespace proxycommon {

struct Child {
  ConnectionPool connections;
  TlsContexts tlsContexts;
  std::atomic<int> busyWorkers{0};  // those with a client's connection
};

// In child_init.
PROXYCOMMON_API void ensureChild(server_rec* server);
// Any thread of a child. Precondition: ensureChild has run in this child.
PROXYCOMMON_API Child& childOf(const server_rec& server);

}  // namespace proxycommon
