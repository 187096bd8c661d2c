// Counters that hang on the configuration's pool: no global.
#include "common/httpd/forward_counters.h"

#include "common/httpd/child.h"

namespace proxycommon {
namespace {

constexpr const char* kKey = "proxycommon-forward-counters-" PROXYCOMMON_VERSION;

}  // namespace

Result<CacheCounters*> prepareForwardCounters(server_rec& main) {
  auto counters = sharedState()->state<CacheCounters>("cache-forward");
  if (counters) apr_pool_userdata_setn(*counters, kKey, nullptr, main.process->pconf);
  return counters;
}

const CacheCounters* forwardCounters(const server_rec& main) {
  void* counters = nullptr;
  apr_pool_userdata_get(&counters, kKey, main.process->pconf);
  return static_cast<const CacheCounters*>(counters);
}

}  // namespace proxycommon
