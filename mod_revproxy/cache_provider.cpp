// Kinds of cache stores by name.
#include "mod_revproxy/cache_provider.h"

#include "common/base/mistake.h"
#include "common/base/text.h"
#include "common/httpd/httpd_api.h"
#include "common/httpd/socache_store.h"
#include "mod_revproxy/api/revproxy_cache.h"
#include "mod_revproxy/foreign_store.h"
#include "mod_revproxy/registered.h"

namespace revproxy {
namespace {

using proxycommon::mistake;
using proxycommon::printable;
using proxycommon::ReadStore;
using proxycommon::Result;
using proxycommon::StoreDefinition;
using proxycommon::StoreOptions;

const ReadStore* ownKind(const std::string& name) {
  const ReadStore* read = proxycommon::storeKinds().find(name);
  return read ? read : proxycommon::httpdStoreKinds().find(name);
}

}  // namespace

std::string storeKindNames() {
  std::string names = proxycommon::storeKinds().names() + ", " + proxycommon::httpdStoreKinds().names();
  for (const std::string& name : registeredNames(REVPROXY_CACHE_GROUP, REVPROXY_CACHE_VERSION))
    if (!ownKind(name)) names.append(", ").append(name);
  return names;
}

Result<std::unique_ptr<StoreDefinition>> readStore(const std::string& kind, const StoreOptions& options) {
  if (const ReadStore* read = ownKind(kind)) return (*read)(options);
  const void* registered = ap_lookup_provider(REVPROXY_CACHE_GROUP, kind.c_str(), REVPROXY_CACHE_VERSION);
  if (registered) return makeForeignStore(kind, *static_cast<const revproxy_cache_kind*>(registered), options);
  if (const std::string version = registeredVersion(REVPROXY_CACHE_GROUP, kind); !version.empty())
    return mistake("cache store kind \"" + printable(kind) + "\" is of no use: its module was built for version " +
                   version + " of revproxy_cache.h, and this is version " + REVPROXY_CACHE_VERSION);
  return mistake("there is no cache store kind \"" + printable(kind) + "\", but " + storeKindNames());
}

}  // namespace revproxy
