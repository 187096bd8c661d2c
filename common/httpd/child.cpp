// What one child process shares. It hangs on the process pool's user data: no global, one for all that is loaded.
#include "common/httpd/child.h"

namespace proxycommon {
namespace {

constexpr const char* kKey = "proxycommon-child-" PROXYCOMMON_VERSION;

Child* find(const server_rec& server) {
  void* child = nullptr;
  apr_pool_userdata_get(&child, kKey, server.process->pool);
  return static_cast<Child*>(child);
}

}  // namespace

void ensureChild(server_rec* server) {
  if (find(*server)) return;
  // Never destroyed: under prefork pool cleanups run inside a signal handler, where no lock may be taken; the kernel
  // closes what the process leaves.
  apr_pool_userdata_set(new Child, kKey, apr_pool_cleanup_null, server->process->pool);
}

Child& childOf(const server_rec& server) {
  return *find(server);
}

}  // namespace proxycommon
