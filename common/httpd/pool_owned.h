// makePoolOwned<T>: an object that lives as long as an APR pool, and is destroyed with it.
#pragma once

#include <utility>

#include "common/httpd/guarded.h"
#include "common/httpd/httpd_api.h"

namespace proxycommon {

namespace detail {
template <class T>
apr_status_t destroy(void* object) {
  delete static_cast<T*>(object);
  return APR_SUCCESS;
}
}  // namespace detail

// Not placed in the pool's own memory: APR aligns to 8 bytes, the compiler may count on 16.
template <class T, class... Arguments>
T* makePoolOwned(apr_pool_t* pool, Arguments&&... arguments) {
  T* object = new T(std::forward<Arguments>(arguments)...);
  apr_pool_cleanup_register(pool, object, guarded<&detail::destroy<T>>, apr_pool_cleanup_null);
  return object;
}

}  // namespace proxycommon
