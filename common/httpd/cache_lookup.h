// What a store has for a request: the response under its key, or the variant that it selects (RFC 9111 4, 4.1).
#pragma once

#include <optional>

#include "common/base/task.h"
#include "common/cache/cache_policy.h"
#include "common/cache/serving.h"
#include "common/cache/stored_response.h"
#include "common/httpd/store_access.h"

namespace proxycommon {

struct Lookup {
  std::optional<VaryMarker> marker;  // there are variants
  Digest key;                        // of the variant, or the primary one
  std::optional<FoundEntry> entry;
  StoredResponse stored;  // views into the entry
  Serving serving;        // of it, for this request

  bool isEmpty = false;  // the store has answered, and has neither

  bool has() const { return entry.has_value(); }
};

// All references outlive the Task. A store that fails has nothing.
Task<Lookup> lookUp(ChildStore& store, const Digest& primary, const CacheRequest& request, const CachePolicy& policy,
                    RequestWaiter& waiter);

}  // namespace proxycommon
