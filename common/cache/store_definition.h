// StoreDefinition: a store as the configuration has it: read in the parent, made ready there before the fork, opened in
// each child. Kinds are rows of builtin.cpp; mod_revproxy adds those of other modules.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/export.h"
#include "common/base/registry.h"
#include "common/base/result.h"
#include "common/cache/held_folders.h"
#include "common/cache/store.h"
#include "common/shared/shared_state.h"

namespace proxycommon {

// The words of the directive behind name and kind: "path=/dev/shm/x" → {"path", "/dev/shm/x"}.
using StoreOptions = std::vector<std::pair<std::string, std::string>>;

// What there is to stand on. In the parent.
struct StorePlace {
  std::string name;           // of the store
  std::string runtimeFolder;  // httpd's, on disk: where paths that are not absolute begin
  std::string instance;       // tells this httpd from others of the machine: for names in shared places
  uid_t user;                 // that children run as; the parent may be root
  gid_t group;
  SharedState& shared;
  std::size_t threads;  // that may look into it at once, over all children of all generations
  HeldFolders& held;
};

class StoreDefinition {
 public:
  virtual ~StoreDefinition() = default;
  // In the parent, once for each generation of the configuration. Error kInternal: the server is not to start.
  // Warnings are for the log.
  virtual Result<std::vector<std::string>> prepare(const StorePlace& place) = 0;
  // The folder that the configuration gives it, which no other store may have; empty: none. `runtimeFolder` as above.
  virtual std::string folder([[maybe_unused]] const std::string& runtimeFolder) const { return {}; }
  // Since prepare(): it cannot be used for now, as a warning has said, and is not to be opened.
  virtual bool isLeftOut() const { return false; }
  // In a child, after prepare() in the parent. An error costs the cache, not the child.
  virtual Result<std::unique_ptr<Store>> open() const = 0;
};

// Errors are for the one who reads configtest.
using ReadStore = Result<std::unique_ptr<StoreDefinition>> (*)(const StoreOptions& options);

PROXYCOMMON_API const Registry<ReadStore>& storeKinds();

}  // namespace proxycommon
