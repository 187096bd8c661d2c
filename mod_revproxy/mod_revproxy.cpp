// The module structure of mod_revproxy and its hooks: nothing else.
#include "common/httpd/guarded.h"
#include "common/httpd/httpd_api.h"
#include "mod_revproxy/config.h"
#include "mod_revproxy/handler.h"
#include "mod_revproxy/module.h"
#include "mod_revproxy/routing.h"
#include "mod_revproxy/startup.h"

namespace revproxy {
namespace {

using proxycommon::guarded;

void registerHooks(apr_pool_t*) {
  // mod_rewrite has its say first, or its [PT] and redirects would never run.
  static const char* const afterRewrite[] = {"mod_rewrite.c", nullptr};
  ap_hook_post_config(guarded<&prepare>, nullptr, nullptr, APR_HOOK_MIDDLE);
  ap_hook_child_init(guarded<&startChild>, nullptr, nullptr, APR_HOOK_MIDDLE);
  // After mod_ssl, mod_http2 and mod_reqtimeout, before httpd's own.
  ap_hook_process_connection(guarded<&holdConnection>, nullptr, nullptr, APR_HOOK_REALLY_LAST - 1);
  ap_hook_pre_translate_name(guarded<&keepEncodedPath>, nullptr, nullptr, APR_HOOK_FIRST);
  ap_hook_translate_name(guarded<&route>, afterRewrite, nullptr, APR_HOOK_FIRST);
  ap_hook_map_to_storage(guarded<&skipStorage>, nullptr, nullptr, APR_HOOK_FIRST);
  ap_hook_type_checker(guarded<&skipTypes>, nullptr, nullptr, APR_HOOK_FIRST);
  ap_hook_handler(guarded<&handleRequest>, nullptr, nullptr, APR_HOOK_FIRST);
}

}  // namespace
}  // namespace revproxy

extern "C" {
AP_DECLARE_MODULE(revproxy) = {STANDARD20_MODULE_STUFF,
                               proxycommon::guarded<&revproxy::createLocationConfig>,
                               proxycommon::guarded<&revproxy::mergeLocationConfig>,
                               proxycommon::guarded<&revproxy::createServerConfig>,
                               proxycommon::guarded<&revproxy::mergeServerConfig>,
                               revproxy::kDirectives,
                               proxycommon::guarded<&revproxy::registerHooks>,
                               0};
}
