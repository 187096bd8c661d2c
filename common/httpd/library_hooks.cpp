// The hooks of the library itself.
#include "common/httpd/library_hooks.h"

#include "common/httpd/background_request.h"
#include "common/httpd/child.h"
#include "common/httpd/client_connection.h"
#include "common/httpd/guarded.h"
#include "common/httpd/parking.h"
#include "common/httpd/status_page.h"
#include "common/httpd/trailer_filter.h"

namespace proxycommon {

void registerLibraryHooks(apr_pool_t* config) {
  constexpr const char* kKey = "proxycommon-hooks-" PROXYCOMMON_VERSION;
  void* registered = nullptr;
  apr_pool_userdata_get(&registered, kKey, config);
  if (registered) return;
  apr_pool_userdata_setn(config, kKey, nullptr, config);

  registerTrailerFilter();
  registerBackgroundFilters();
  // Before mod_ssl, which would look for TLS.
  ap_hook_http_scheme(guarded<&backgroundScheme>, nullptr, nullptr, APR_HOOK_FIRST);
  ap_hook_default_port(guarded<&backgroundPort>, nullptr, nullptr, APR_HOOK_FIRST);
  ap_hook_process_connection(guarded<&resumeConnection>, nullptr, nullptr, APR_HOOK_REALLY_FIRST);
  // After mod_ssl, mod_http2 and mod_reqtimeout, before httpd's own.
  ap_hook_process_connection(guarded<&processConnection>, nullptr, nullptr, APR_HOOK_REALLY_LAST - 1);
  ap_hook_suspend_connection(guarded<&exchangeDescriptor>, nullptr, nullptr, APR_HOOK_MIDDLE);
  ap_hook_resume_connection(guarded<&restoreDescriptor>, nullptr, nullptr, APR_HOOK_MIDDLE);
  ap_hook_pre_close_connection(guarded<&closeDetached>, nullptr, nullptr, APR_HOOK_REALLY_FIRST);
  ap_hook_post_config(guarded<&endPreparing>, nullptr, nullptr, APR_HOOK_REALLY_LAST);
  ap_hook_child_status(guarded<&noteChildStatus>, nullptr, nullptr, APR_HOOK_MIDDLE);
  ap_hook_child_stopping(guarded<&stopChild>, nullptr, nullptr, APR_HOOK_FIRST);
  APR_OPTIONAL_HOOK(ap, status_hook, guarded<&showStatus>, nullptr, nullptr, APR_HOOK_MIDDLE);
}

}  // namespace proxycommon
