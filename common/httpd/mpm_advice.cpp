// What the MPM's configuration means for a proxy.
#include "common/httpd/mpm_advice.h"

#include <cstdlib>
#include <string>

#include "common/base/text.h"
#include "common/httpd/child.h"

namespace proxycommon {
namespace {

// httpd's own, where nothing is written.
constexpr double kDefaultFactor = 2;
// Below, a few slow answers for each worker are enough to keep new clients out.
constexpr double kLowFactor = 20;

struct Log {
  server_rec& server;
  int moduleIndex;
};

int query(int code) {
  int value = 0;
  return ap_mpm_query(code, &value) == APR_SUCCESS ? value : 0;
}

// The last one counts. The MPM tells it to nobody.
double asyncRequestWorkerFactor(const ap_directive_t* directive) {
  double factor = kDefaultFactor;
  for (; directive; directive = directive->next)
    if (equalsIgnoringCase(directive->directive, "AsyncRequestWorkerFactor")) factor = std::atof(directive->args);
  return factor;
}

void warn(const Log& log, const std::string& text) {
  ap_log_error_(__FILE__, __LINE__, log.moduleIndex, APLOG_WARNING, 0, &log.server, "%s", text.c_str());
}

std::string shortened(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

void adviseOnFactor(const Log& log) {
  const double factor = asyncRequestWorkerFactor(ap_conftree);
  if (factor >= kLowFactor) return;
  const int threads = query(AP_MPMQ_MAX_THREADS);
  warn(log, "AsyncRequestWorkerFactor is " + shortened(factor) + ": a child of " + std::to_string(threads) +
                " workers then carries about " + std::to_string(static_cast<long>(threads * (factor + 1))) +
                " connections, and requests that wait for a slow backend are among them; set "
                "AsyncRequestWorkerFactor 1000, for they hold no worker");
}

void adviseOnServerLimit(const Log& log) {
  const int limit = query(AP_MPMQ_HARD_LIMIT_DAEMONS);
  const int serving = query(AP_MPMQ_MAX_DAEMONS);
  if (limit > serving) return;
  warn(log, "ServerLimit " + std::to_string(limit) + " leaves no room beside the " + std::to_string(serving) +
                " children that serve: one that still has tunnels or waiting requests after a graceful restart keeps "
                "its place until they end, and no new child takes it meanwhile; raise ServerLimit by a few for each "
                "graceful restart that may come before they have");
}

}  // namespace

bool isConfigTest() {
  return ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST;
}
bool isFirstOfTwoRuns() {
  return ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG;
}

void adviseOnMpm(apr_pool_t* config, server_rec& main, int moduleIndex) {
  constexpr const char* kKey = "proxycommon-advice-" PROXYCOMMON_VERSION;
  void* advised = nullptr;
  apr_pool_userdata_get(&advised, kKey, config);
  if (advised || !canPark()) return;
  apr_pool_userdata_setn(config, kKey, nullptr, config);
  const Log log{main, moduleIndex};
  adviseOnFactor(log);
  adviseOnServerLimit(log);
}

}  // namespace proxycommon
