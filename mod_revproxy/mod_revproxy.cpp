// The module structure of mod_revproxy and its hooks: nothing else.
#include "common/httpd/cache_stores.h"
#include "common/httpd/guarded.h"
#include "common/httpd/httpd_api.h"
#include "common/httpd/library_hooks.h"
#include "mod_revproxy/cache_provider.h"
#include "mod_revproxy/config.h"
#include "mod_revproxy/dump_configuration.h"
#include "mod_revproxy/handler.h"
#include "mod_revproxy/module.h"
#include "mod_revproxy/routing.h"
#include "mod_revproxy/startup.h"
#include "mod_revproxy/status_handler.h"

namespace revproxy {
namespace {

using proxycommon::guarded;

void registerHooks(apr_pool_t* config) {
  proxycommon::registerLibraryHooks(config);
  // mod_rewrite has its say first, or its [PT] and redirects would never run.
  static const char* const afterRewrite[] = {"mod_rewrite.c", nullptr};
  // After the MPM's own.
  proxycommon::offerStoreKinds(config, &readStore);
  ap_hook_check_config(guarded<&check>, nullptr, nullptr, APR_HOOK_LAST);
  ap_hook_post_config(guarded<&prepare>, nullptr, nullptr, APR_HOOK_MIDDLE);
  ap_hook_child_init(guarded<&startChild>, nullptr, nullptr, APR_HOOK_MIDDLE);
  ap_hook_pre_translate_name(guarded<&keepEncodedPath>, nullptr, nullptr, APR_HOOK_FIRST);
  ap_hook_translate_name(guarded<&route>, afterRewrite, nullptr, APR_HOOK_FIRST);
  ap_hook_map_to_storage(guarded<&skipStorage>, nullptr, nullptr, APR_HOOK_FIRST);
  ap_hook_type_checker(guarded<&skipTypes>, nullptr, nullptr, APR_HOOK_FIRST);
  ap_hook_handler(guarded<&handleRequest>, nullptr, nullptr, APR_HOOK_FIRST);
  ap_hook_handler(guarded<&showStatus>, nullptr, nullptr, APR_HOOK_MIDDLE);
  ap_hook_test_config(guarded<&dumpConfiguration>, nullptr, nullptr, APR_HOOK_MIDDLE);
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
