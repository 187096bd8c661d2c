// Stores by name. They hang on the configuration's pool: no global.
#include "common/httpd/cache_stores.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "common/base/mistake.h"
#include "common/base/text.h"
#include "common/httpd/cache_config.h"
#include "common/httpd/child.h"
#include "common/httpd/directive.h"
#include "common/httpd/guarded.h"
#include "common/httpd/pool_owned.h"
#include "common/httpd/socache_store.h"
#include "common/httpd/store_access.h"

namespace proxycommon {
namespace {

constexpr const char* kHeldKey = "proxycommon-held-folders-" PROXYCOMMON_VERSION;
constexpr const char* kStoresKey = "proxycommon-stores-" PROXYCOMMON_VERSION;

struct NamedStore {
  std::string kind;
  StoreOptions options;
  std::string definedAt;
  std::size_t number;                           // of those before it in the configuration
  std::unique_ptr<StoreDefinition> definition;  // from checkStores() on
  std::optional<StoreShared> shared;            // from prepareStores() on, where it is used
  bool isPrepared = false;
};

// Of one configuration.
struct Stores {
  std::map<std::string, NamedStore, std::less<>> named;
  std::map<std::string, std::string, std::less<>> used;  // and where
  FindStoreKind findKind = nullptr;
};

// Other modules' stores are taken down by functions of theirs, and modules are unloaded as the pool's cleanups run.
apr_status_t dropDefinitions(void* context) {
  static_cast<Stores*>(context)->named.clear();
  return APR_SUCCESS;
}

Stores& storesOf(apr_pool_t* config) {
  void* stores = nullptr;
  apr_pool_userdata_get(&stores, kStoresKey, config);
  if (!stores) {
    stores = makePoolOwned<Stores>(config);
    apr_pool_pre_cleanup_register(config, stores, guarded<&dropDefinitions>);
    apr_pool_userdata_setn(stores, kStoresKey, nullptr, config);
  }
  return *static_cast<Stores*>(stores);
}

std::string placeOfLine(const cmd_parms& command) {
  return std::string{command.directive->filename} + ":" + std::to_string(command.directive->line_num);
}

Result<std::unique_ptr<StoreDefinition>> readDefinition(const Stores& stores, const NamedStore& store) {
  for (const Registry<ReadStore>* kinds : {&storeKinds(), &httpdStoreKinds()})
    if (const ReadStore* read = kinds->find(store.kind)) return (*read)(store.options);
  if (stores.findKind) return stores.findKind(store.kind, store.options);
  return mistake("there is no kind of store \"" + printable(store.kind) + "\": write one of " + storeKinds().names() +
                 ", " + httpdStoreKinds().names());
}

// Of all the processes that may be there at once.
std::size_t threadsInAll() {
  int daemons = 1;
  int threads = 1;
  ap_mpm_query(AP_MPMQ_HARD_LIMIT_DAEMONS, &daemons);
  ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
  constexpr int kOwnThreads = 16;
  return static_cast<std::size_t>(std::max(daemons, 1)) * static_cast<std::size_t>(std::max(threads, 1) + kOwnThreads);
}

std::string instanceOf(apr_pool_t* config) {
  return digestOf(std::string{ap_server_root} + "\n" + ap_runtime_dir_relative(config, "") + "\n" +
                  (ap_pid_fname ? ap_pid_fname : ""))
      .hex()
      .substr(0, 16);
}

// From the start of the server to its end.
HeldFolders& heldFolders(process_rec& process) {
  if (void* retained = ap_retained_data_get(kHeldKey)) return **static_cast<HeldFolders**>(retained);
  HeldFolders* made = makePoolOwned<HeldFolders>(process.pool);
  *static_cast<HeldFolders**>(ap_retained_data_create(kHeldKey, sizeof(HeldFolders*))) = made;
  return *made;
}

// Calls `tell` for each store that is to have the folder of one before it.
template <class Tell>
void findSharedFolders(const Stores& stores, const std::string& runtimeFolder, const Tell& tell) {
  std::vector<const std::pair<const std::string, NamedStore>*> inOrder;
  for (const auto& named : stores.named)
    if (named.second.definition) inOrder.push_back(&named);
  std::sort(inOrder.begin(), inOrder.end(),
            [](const auto* one, const auto* other) { return one->second.number < other->second.number; });
  std::map<std::string, const std::pair<const std::string, NamedStore>*> owners;
  for (const auto* named : inOrder) {
    const std::string folder = named->second.definition->folder(runtimeFolder);
    if (folder.empty()) continue;
    const auto [owner, isFirst] = owners.emplace(folder, named);
    if (!isFirst)
      tell(*named, "the folder " + folder + " is that of the store \"" + printable(owner->second->first) + "\" at " +
                       owner->second->second.definedAt + ": give one of them another path=");
  }
}

}  // namespace

// NAME KIND [key=value ...]
Outcome defineStore(cmd_parms& command, void*, std::string_view line) {
  if (command.server->is_virtual) return mistake("stores are for all vhosts: write it at the server's level");
  const std::string name = directive::nextWord(command, line).value_or("");
  const std::string kind = directive::nextWord(command, line).value_or("");
  if (name.empty() || kind.empty())
    return mistake("write NAME KIND [key=value ...], such as: pages lmdb path=/var/cache/pages size=1G");
  Stores& stores = storesOf(command.server->process->pconf);
  NamedStore store{lowered(kind), {}, placeOfLine(command), stores.named.size(), nullptr, {}};
  for (const std::string& option : directive::remainingWords(command, line)) {
    const std::size_t equals = option.find('=');
    if (equals == std::string::npos || equals == 0)
      return mistake("\"" + printable(option) + "\" is no option: write key=value");
    store.options.emplace_back(lowered(option.substr(0, equals)), option.substr(equals + 1));
  }
  const auto [there, isNew] = stores.named.emplace(name, std::move(store));
  if (!isNew)
    return mistake("there is a store \"" + printable(name) + "\" already, at " + there->second.definedAt +
                   ": give one of them another name");
  return {};
}

void useStore(cmd_parms& command, std::string_view name) {
  storesOf(command.server->process->pconf).used.emplace(name, placeOfLine(command));
}

void offerStoreKinds(apr_pool_t* config, FindStoreKind find) {
  storesOf(config).findKind = find;
}

bool checkStores(server_rec& main) {
  Stores& stores = storesOf(main.process->pconf);
  // The one that is there without being written.
  if (stores.used.count(kDefaultStore) > 0)
    stores.named.try_emplace(std::string{kDefaultStore},
                             NamedStore{"lmdb", {}, "by default", stores.named.size(), nullptr, {}});
  bool isWell = true;
  const auto tell = [&](const std::string& where, const std::string& what) {
    isWell = false;
    ap_log_error_(__FILE__, __LINE__, APLOG_NO_MODULE, APLOG_EMERG, 0, &main, "%s: %s", where.c_str(), what.c_str());
  };
  for (auto& [name, store] : stores.named) {
    if (store.definition) continue;
    auto definition = readDefinition(stores, store);
    if (definition)
      store.definition = std::move(*definition);
    else
      tell("the cache's store \"" + printable(name) + "\" at " + store.definedAt, definition.error().detail);
  }
  findSharedFolders(stores, ap_runtime_dir_relative(main.process->pconf, ""), [&](const auto& named, const auto& what) {
    tell("the cache's store \"" + printable(named.first) + "\" at " + named.second.definedAt, what);
  });
  for (const auto& [name, place] : stores.used)
    if (stores.named.find(name) == stores.named.end())
      tell(place,
           "there is no store \"" + printable(name) + "\": define it with RevProxyCacheStore or FwdProxyCacheStore");
  return isWell;
}

Outcome prepareStores(server_rec& main) {
  apr_pool_t* config = main.process->pconf;
  Stores& stores = storesOf(config);
  if (!stores.used.empty())
    if (auto prepared = prepareFlights(config); !prepared) return prepared;
  for (auto& [name, store] : stores.named) {
    if (store.isPrepared || !store.definition || stores.used.count(name) == 0) continue;
    const StorePlace place{name,
                           ap_runtime_dir_relative(config, ""),
                           instanceOf(config),
                           ap_unixd_config.user_id,
                           ap_unixd_config.group_id,
                           *sharedState(),
                           threadsInAll(),
                           heldFolders(*main.process)};
    auto shared = StoreShared::prepare(*sharedState(), name);
    if (!shared) return std::move(shared.error());
    store.shared = *shared;
    auto warnings = store.definition->prepare(place);
    if (!warnings)
      return failure(ErrorKind::kInternal,
                     "the cache's store \"" + name + "\" at " + store.definedAt + ": " + warnings.error().detail);
    for (const std::string& warning : *warnings)
      ap_log_error_(__FILE__, __LINE__, APLOG_NO_MODULE, APLOG_WARNING, 0, &main, "the cache's store \"%s\": %s",
                    name.c_str(), warning.c_str());
    store.isPrepared = true;
  }
  return {};
}

std::vector<ChildStore*> openStores(apr_pool_t& childPool, server_rec& main) {
  std::vector<ChildStore*> opened;
  for (auto& [name, store] : storesOf(main.process->pconf).named) {
    if (!store.isPrepared || store.definition->isLeftOut()) continue;
    auto one = ChildStore::open(childPool, name, *store.definition, *store.shared);
    if (one) {
      opened.push_back(*one);
      continue;
    }
    ap_log_error_(__FILE__, __LINE__, APLOG_NO_MODULE, APLOG_ERR, 0, &main,
                  "the cache's store \"%s\" cannot be opened, and this child goes on without it: %s", name.c_str(),
                  one.error().detail.c_str());
  }
  return opened;
}

std::vector<StoreSight> sightOfStores(const server_rec& main) {
  std::vector<StoreSight> all;
  const Stores& stores = storesOf(main.process->pconf);
  for (ChildStore* store : childOf(main).stores) {
    const auto named = stores.named.find(store->name());
    all.push_back({store->name(), named == stores.named.end() ? "" : named->second.kind, store->figures()});
  }
  return all;
}

ChildStore* findStore(const Child& child, std::string_view name) {
  for (ChildStore* store : child.stores)
    if (store->name() == name) return store;
  return nullptr;
}

}  // namespace proxycommon
