// The stores of the cache: named by directives, made ready in the parent, opened in each child.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/export.h"
#include "common/cache/store_definition.h"
#include "common/httpd/httpd_api.h"

namespace proxycommon {

class ChildStore;
struct Child;

// The line of RevProxyCacheStore: "NAME KIND [key=value ...]". At the server's level.
PROXYCOMMON_API Outcome defineStore(cmd_parms& command, void* directory, std::string_view line);
// A directive says that it is used.
PROXYCOMMON_API void useStore(cmd_parms& command, std::string_view name);

// How kinds are found that are not built in, at check_config: those of other modules. Given by a module in its
// pre_config or later, before checkStores().
using FindStoreKind = Result<std::unique_ptr<StoreDefinition>> (*)(const std::string& kind,
                                                                   const StoreOptions& options);
PROXYCOMMON_API void offerStoreKinds(apr_pool_t* config, FindStoreKind find);

// In check_config: whether all that is used is there. What is wrong is logged. Any number of modules may call it.
PROXYCOMMON_API bool checkStores(server_rec& main);
// In post_config, but not in the first of two runs. Likewise.
PROXYCOMMON_API Outcome prepareStores(server_rec& main);

// In a child: those that are used. What cannot be opened is logged, and left out.
std::vector<ChildStore*> openStores(apr_pool_t& childPool, server_rec& main);

// For what shows them.
struct StoreSight {
  std::string name;
  std::string kind;
  StoreFigures figures;
};
// In a child.
PROXYCOMMON_API std::vector<StoreSight> sightOfStores(const server_rec& main);

// nullptr: there is none, or it could not be opened.
ChildStore* findStore(const Child& child, std::string_view name);

}  // namespace proxycommon
