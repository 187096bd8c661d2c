// What other modules have registered.
#include "mod_revproxy/registered.h"

#include <new>
#include <span>
#include <string_view>

#include "common/httpd/httpd_api.h"

namespace revproxy {
namespace {

// Lists of providers are made in one.
class TemporaryPool {
 public:
  TemporaryPool() {
    if (apr_pool_create(&pool_, nullptr) != APR_SUCCESS) throw std::bad_alloc();
  }
  ~TemporaryPool() { apr_pool_destroy(pool_); }
  TemporaryPool(const TemporaryPool&) = delete;
  TemporaryPool& operator=(const TemporaryPool&) = delete;
  apr_pool_t* get() const { return pool_; }

 private:
  apr_pool_t* pool_ = nullptr;
};

template <class T>
std::span<const T> elementsOf(const apr_array_header_t& array) {
  return {reinterpret_cast<const T*>(array.elts), static_cast<std::size_t>(array.nelts)};
}

}  // namespace

std::set<std::string> registeredNames(const char* group, const char* version) {
  const TemporaryPool pool;
  std::set<std::string> names;
  for (const auto& provider : elementsOf<ap_list_provider_names_t>(*ap_list_provider_names(pool.get(), group, version)))
    names.insert(provider.provider_name);
  return names;
}

std::string registeredVersion(const char* group, const std::string& name) {
  const TemporaryPool pool;
  for (const auto& listed : elementsOf<ap_list_provider_groups_t>(*ap_list_provider_groups(pool.get())))
    if (std::string_view(listed.provider_group) == group &&
        ap_lookup_provider(group, name.c_str(), listed.provider_version))
      return listed.provider_version;
  return {};
}

}  // namespace revproxy
