// The module structure of mod_fwdproxy and its hooks: nothing else.
#include "common/httpd/guarded.h"
#include "common/httpd/httpd_api.h"
#include "common/httpd/library_hooks.h"
#include "mod_fwdproxy/config.h"
#include "mod_fwdproxy/detection.h"
#include "mod_fwdproxy/handler.h"
#include "mod_fwdproxy/module.h"
#include "mod_fwdproxy/startup.h"

namespace fwdproxy {
namespace {

using proxycommon::guarded;

void registerHooks(apr_pool_t* config) {
  proxycommon::registerLibraryHooks(config);
  // After the MPM's own.
  ap_hook_check_config(guarded<&check>, nullptr, nullptr, APR_HOOK_LAST);
  ap_hook_post_config(guarded<&prepare>, nullptr, nullptr, APR_HOOK_MIDDLE);
  ap_hook_child_init(guarded<&startChild>, nullptr, nullptr, APR_HOOK_MIDDLE);
  ap_hook_post_read_request(guarded<&detect>, nullptr, nullptr, APR_HOOK_FIRST);
  ap_hook_pre_translate_name(guarded<&keepUrl>, nullptr, nullptr, APR_HOOK_FIRST);
  ap_hook_translate_name(guarded<&skipPhase>, nullptr, nullptr, APR_HOOK_FIRST);
  ap_hook_map_to_storage(guarded<&skipPhase>, nullptr, nullptr, APR_HOOK_FIRST);
  ap_hook_type_checker(guarded<&skipPhase>, nullptr, nullptr, APR_HOOK_FIRST);
  ap_hook_handler(guarded<&handleRequest>, nullptr, nullptr, APR_HOOK_FIRST);
}

}  // namespace
}  // namespace fwdproxy

extern "C" {
AP_DECLARE_MODULE(fwdproxy) = {STANDARD20_MODULE_STUFF,
                               nullptr,
                               nullptr,
                               proxycommon::guarded<&fwdproxy::createServerConfig>,
                               proxycommon::guarded<&fwdproxy::mergeServerConfig>,
                               fwdproxy::kDirectives,
                               proxycommon::guarded<&fwdproxy::registerHooks>,
                               0};
}
