// Stores in httpd's small object caches.
#include "common/httpd/socache_store.h"

#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

#include "common/base/mistake.h"
#include "common/base/text.h"
#include "common/cache/generation_store.h"
#include "common/cache/store_folder.h"
#include "common/httpd/guarded.h"
#include "common/httpd/httpd_api.h"
#include "common/httpd/pool_owned.h"

namespace proxycommon {
namespace {

// memcached takes items of 1 MB with their keys; what providers in memory take they say for each value.
constexpr std::size_t kMostValue = 1024 * 1024 - 1024;
constexpr const char* kMutexType = "proxy-cache";

// Its memory goes back as a whole, and no other thread has a part in it.
class CallPool {
 public:
  CallPool() {
    if (apr_pool_create_unmanaged(&pool_) != APR_SUCCESS) throw std::bad_alloc();
  }
  ~CallPool() { apr_pool_destroy(pool_); }
  CallPool(const CallPool&) = delete;
  apr_pool_t* get() const { return pool_; }

 private:
  apr_pool_t* pool_ = nullptr;
};

// For providers that want one call at a time, over all children; does nothing for the others.
class ProviderLock {
 public:
  explicit ProviderLock(apr_global_mutex_t* mutex) : mutex_(mutex) {
    if (mutex_) status_ = apr_global_mutex_lock(mutex_);
  }
  ~ProviderLock() {
    if (mutex_ && status_ == APR_SUCCESS) apr_global_mutex_unlock(mutex_);
  }
  ProviderLock(const ProviderLock&) = delete;
  apr_status_t status() const { return status_; }

 private:
  apr_global_mutex_t* mutex_;
  apr_status_t status_ = APR_SUCCESS;
};

struct Socache {
  std::string written;    // "redis:127.0.0.1:6379"
  std::string arguments;  // "127.0.0.1:6379"
  std::string consumer;   // of the store, from prepare() on: what its keys begin with
  bool isMemcached = false;
  bool isRemote = false;  // on another machine, which may go and come back; nothing is shared by children
  const ap_socache_provider_t* provider = nullptr;
  ap_socache_instance_t* instance = nullptr;
  apr_global_mutex_t* mutex = nullptr;  // where the provider wants one
};

const unsigned char* bytesOf(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

apr_status_t begin(const Socache& socache, ap_socache_instance_t* instance, apr_pool_t* pool) {
  const ap_socache_hints hints{17, 16 * 1024, apr_time_from_sec(3600)};
  return socache.provider->init(instance, apr_pstrdup(pool, socache.consumer.c_str()), &hints, ap_server_conf, pool);
}

// What a call goes through, for as long as one does.
using Instance = std::shared_ptr<ap_socache_instance_t>;

// One of a child's own. nullptr: the provider makes none.
Instance makeInstance(const Socache& socache) {
  apr_pool_t* pool = nullptr;
  // Below APR's own pool: what many threads use at once wants an allocator that may be.
  if (apr_pool_create(&pool, nullptr) != APR_SUCCESS) throw std::bad_alloc();
  const CallPool temporary;
  ap_socache_instance_t* instance = nullptr;
  const char* arguments = apr_pstrdup(pool, socache.arguments.c_str());
  const bool isMade = !socache.provider->create(&instance, arguments, temporary.get(), pool) &&
                      begin(socache, instance, pool) == APR_SUCCESS;
  if (isMade) return {instance, [pool](ap_socache_instance_t*) { apr_pool_destroy(pool); }};
  apr_pool_destroy(pool);
  return nullptr;
}

// The instance that calls go through. A machine that has failed once is left alone by its provider for six seconds from
// each try, whoever asks; when to try again is for the caller to say, who knows nothing of that. So a new instance,
// which has not failed yet, takes the place of one that has.
class Instances {
 public:
  explicit Instances(const Socache& socache) : socache_(socache), current_(socache.instance, [](auto*) {}) {}

  Instance current() {
    const std::lock_guard lock(mutex_);
    if (!hasFailed_) return current_;
    hasFailed_ = false;
    if (auto made = makeInstance(socache_)) current_ = std::move(made);
    return current_;
  }
  void failed(const Instance& instance) {
    const std::lock_guard lock(mutex_);
    // Many fail together.
    if (socache_.isRemote && instance == current_) hasFailed_ = true;
  }

 private:
  const Socache& socache_;
  std::mutex mutex_;
  Instance current_;
  bool hasFailed_ = false;
};

class SocacheStore final : public PlainStore {
 public:
  explicit SocacheStore(Socache socache) : socache_(std::move(socache)), instances_(socache_) {}

  Result<std::optional<std::string>> get(std::string_view key) override {
    const CallPool pool;
    // The provider does not say how long a value is before it is asked for it. Pages that are not written cost nothing.
    const auto buffer = std::make_unique_for_overwrite<unsigned char[]>(kMostValue);
    unsigned length = kMostValue;
    const ProviderLock lock(socache_.mutex);
    if (lock.status() != APR_SUCCESS) return failed("locking", lock.status());
    const Instance instance = instances_.current();
    const apr_status_t status =
        socache_.provider->retrieve(instance.get(), ap_server_conf, bytesOf(key), static_cast<unsigned>(key.size()),
                                    buffer.get(), &length, pool.get());
    if (isAbsent(status)) return std::optional<std::string>();
    if (status != APR_SUCCESS) return failed("reading", status, instance);
    return std::optional(
        std::string(reinterpret_cast<const char*>(buffer.get()), std::min<std::size_t>(length, kMostValue)));
  }

  Result<bool> set(std::string_view key, std::string_view value, WallTime expiry) override {
    const CallPool pool;
    // The provider's interface lacks a const.
    auto* bytes = const_cast<unsigned char*>(bytesOf(value));
    const ProviderLock lock(socache_.mutex);
    if (lock.status() != APR_SUCCESS) return failed("locking", lock.status());
    const Instance instance = instances_.current();
    const apr_status_t status =
        socache_.provider->store(instance.get(), ap_server_conf, bytesOf(key), static_cast<unsigned>(key.size()),
                                 expiryOf(expiry), bytes, static_cast<unsigned>(value.size()), pool.get());
    // A place in shared memory that is too small for it.
    if (APR_STATUS_IS_ENOSPC(status)) return false;
    if (status != APR_SUCCESS) return failed("writing", status, instance);
    return true;
  }

  Outcome remove(std::string_view key) override {
    const CallPool pool;
    const ProviderLock lock(socache_.mutex);
    if (lock.status() != APR_SUCCESS) return failed("locking", lock.status());
    const Instance instance = instances_.current();
    const apr_status_t status = socache_.provider->remove(instance.get(), ap_server_conf, bytesOf(key),
                                                          static_cast<unsigned>(key.size()), pool.get());
    if (status != APR_SUCCESS && !isAbsent(status)) return failed("removing", status, instance);
    return {};
  }

  std::size_t mostValue() const override { return kMostValue; }
  // Those in shared memory wait for each other.
  bool mayBlock() const override { return true; }

 private:
  // dbm, which wants a lock like all that are files or memory of this machine, has no status of its own for that.
  bool isAbsent(apr_status_t status) const {
    return APR_STATUS_IS_NOTFOUND(status) || (socache_.mutex && status == APR_EGENERAL);
  }

  // Whole seconds are what machines are told, and none at all is an error to them. memcached takes more than 30 days
  // for a date of long ago.
  apr_time_t expiryOf(WallTime expiry) const {
    const apr_time_t now = apr_time_now();
    const apr_time_t most = apr_time_from_sec((socache_.isMemcached ? 29 : 365) * 24 * 3600);
    const auto left = expiry - wallNow();
    const apr_time_t wanted = left > std::chrono::hours{365 * 24} ? most : left.count() * apr_time_t{1000};
    return now + std::clamp(wanted, apr_time_from_sec(2), most);
  }

  Error failed(const char* doing, apr_status_t status, const Instance& instance = nullptr) {
    instances_.failed(instance);
    char text[120];
    apr_strerror(status, text, sizeof text);
    return failure(ErrorKind::kInternal,
                   std::string(doing) + " in socache provider " + socache_.written + ": " + printable(text));
  }

  const Socache socache_;
  Instances instances_;
};

// The provider's instance, as long as its pool.
struct Kept {
  Socache socache;
  pid_t parent = 0;
};

// A child that ends goes through the same pools, and must not take from the others what they share.
apr_status_t destroyInstance(void* context) {
  const auto* kept = static_cast<const Kept*>(context);
  if (::getpid() == kept->parent) kept->socache.provider->destroy(kept->socache.instance, ap_server_conf);
  return APR_SUCCESS;
}

class SocacheDefinition final : public StoreDefinition {
 public:
  SocacheDefinition(Socache socache, GenerationSettings settings, apr_pool_t* pool)
      : socache_(std::move(socache)), settings_(std::move(settings)), pool_(pool) {}

  Result<std::vector<std::string>> prepare(const StorePlace& place) override {
    auto folder = prepareWorkFolder(place);
    if (!folder) return std::move(folder.error());
    settings_.workFolder = std::move(*folder);
    if (socache_.provider->flags & AP_SOCACHE_FLAG_NOTMPSAFE)
      if (auto made = makeMutex(place.name); !made) return std::move(made.error());
    // At most 16 characters, and the same on all machines.
    socache_.consumer = "pc-" + digestOf(place.name).hex().substr(0, 12);
    const apr_status_t status = begin(socache_, socache_.instance, pool_);
    if (status != APR_SUCCESS) return cannot("begin", status);
    auto* kept = makePoolOwned<Kept>(pool_, Kept{socache_, ::getpid()});
    apr_pool_pre_cleanup_register(pool_, kept, guarded<&destroyInstance>);
    return std::vector<std::string>{};
  }

  Result<std::unique_ptr<Store>> open() const override {
    Socache socache = socache_;
    if (socache.mutex) {
      // As long as the process, like the store.
      apr_pool_t* forever = nullptr;
      if (apr_pool_create_unmanaged(&forever) != APR_SUCCESS) throw std::bad_alloc();
      const apr_status_t status =
          apr_global_mutex_child_init(&socache.mutex, apr_global_mutex_lockfile(socache.mutex), forever);
      if (status != APR_SUCCESS) return cannot("open its lock in a child", status);
    }
    return std::unique_ptr<Store>(
        std::make_unique<GenerationStore>(std::make_unique<SocacheStore>(std::move(socache)), settings_));
  }

 private:
  Result<void> makeMutex(const std::string& name) {
    apr_pool_t* config = ap_server_conf->process->pconf;
    apr_status_t status = ap_mutex_register(config, kMutexType, nullptr, APR_LOCK_DEFAULT, 0);
    if (status == APR_SUCCESS)
      status = ap_global_mutex_create(&socache_.mutex, nullptr, kMutexType, apr_pstrdup(pool_, name.c_str()),
                                      ap_server_conf, pool_, 0);
    if (status != APR_SUCCESS) return cannot("make its lock", status);
    return {};
  }

  Error cannot(const char* what, apr_status_t status) const {
    char text[120];
    apr_strerror(status, text, sizeof text);
    return mistake("socache provider " + socache_.written + " cannot " + what + ": " + text);
  }

  Socache socache_;
  GenerationSettings settings_;
  apr_pool_t* pool_;  // of the configuration
};

struct SocacheOptions {
  std::string provider;
  GenerationSettings settings;
};

Result<SocacheOptions> readOptions(const StoreOptions& options) {
  SocacheOptions read;
  for (const auto& [key, value] : options) {
    const auto size = parseSize(value);
    const auto duration = parseDuration(value);
    if (key == "provider") {
      read.provider = value;
    } else if (key == "most-body") {
      if (!size || *size > kMostValue) return mistake("most-body=" + printable(value) + " is no size below 1M");
      read.settings.mostBody = *size;
    } else if (key == "clock-skew") {
      if (!duration || *duration > std::chrono::minutes{1})
        return mistake("clock-skew=" + printable(value) + " is no duration of at most 1min, such as 100ms");
      read.settings.clockSkew = *duration;
    } else {
      return mistake("socache does not know \"" + printable(key) + "=\", but provider=, most-body= and clock-skew=");
    }
  }
  if (read.provider.empty()) return mistake("socache wants provider=NAME:…, such as provider=redis:127.0.0.1:6379");
  return read;
}

}  // namespace

Result<std::unique_ptr<StoreDefinition>> readSocacheStore(const StoreOptions& options) {
  auto read = readOptions(options);
  if (!read) return std::move(read.error());
  const std::size_t colon = read->provider.find(':');
  const std::string name = read->provider.substr(0, colon);
  const std::string arguments = colon == std::string::npos ? "" : read->provider.substr(colon + 1);
  Socache socache;
  socache.written = printable(read->provider);
  socache.arguments = arguments;
  socache.isMemcached = name == "memcache";
  socache.isRemote = name == "redis" || name == "memcache";
  socache.provider = static_cast<const ap_socache_provider_t*>(
      ap_lookup_provider(AP_SOCACHE_PROVIDER_GROUP, name.c_str(), AP_SOCACHE_PROVIDER_VERSION));
  if (!socache.provider)
    return mistake("there is no socache provider \"" + printable(name) + "\": is mod_socache_" + printable(name) +
                   " loaded?");
  // With several, the keys of one that is away are another's meanwhile: what is removed then would come back with it.
  if (socache.isRemote && arguments.find(',') != std::string::npos)
    return mistake("socache provider " + socache.written + " names several servers: a store of the cache is on one");
  apr_pool_t* pool = nullptr;
  if (apr_pool_create(&pool, ap_server_conf->process->pconf) != APR_SUCCESS) throw std::bad_alloc();
  const CallPool temporary;
  const char* written = arguments.empty() ? nullptr : apr_pstrdup(pool, arguments.c_str());
  if (const char* wrong = socache.provider->create(&socache.instance, written, temporary.get(), pool))
    return mistake("socache provider " + socache.written + ": " + wrong);
  return std::unique_ptr<StoreDefinition>(
      std::make_unique<SocacheDefinition>(std::move(socache), std::move(read->settings), pool));
}

const Registry<ReadStore>& httpdStoreKinds() {
  static const Registry<ReadStore> kinds{{"socache", &readSocacheStore}};
  return kinds;
}

}  // namespace proxycommon
