// A request's look into the store.
#include "common/httpd/cache_lookup.h"

#include <string>
#include <utility>
#include <variant>

#include "common/cache/cache_key.h"
#include "common/cache/vary.h"

namespace proxycommon {

Task<Lookup> lookUp(ChildStore& store, const Digest& primary, const CacheRequest& request, const CachePolicy& policy,
                    RequestWaiter& waiter) {
  Lookup lookup;
  lookup.key = primary;
  auto asked = co_await findIn(store, lookup.key, waiter);
  lookup.isEmpty = asked && !*asked;
  if (!asked || !*asked) co_return lookup;
  std::optional<FoundEntry> found = std::move(*asked);
  std::string selection;
  auto record = decodeRecord(found->record);
  if (record && std::holds_alternative<VaryMarker>(*record)) {
    lookup.marker = std::move(std::get<VaryMarker>(*record));
    selection = selectionOf(lookup.marker->names, request.fields);
    lookup.key = variantKey(primary, *lookup.marker, selection);
    asked = co_await findIn(store, lookup.key, waiter);
    if (!asked || !*asked) co_return lookup;
    found = std::move(*asked);
    record = decodeRecord(found->record);
  }
  if (!record || !std::holds_alternative<StoredResponse>(*record)) co_return lookup;
  lookup.stored = std::move(std::get<StoredResponse>(*record));
  // What was put after its record was made tells how much there is.
  lookup.stored.bodyLength = found->bodyLength;
  lookup.entry = std::move(found);
  CacheRequest selecting = request;
  selecting.selection = selection;
  lookup.serving = judge(selecting, lookup.stored, policy, wallNow());
  co_return lookup;
}

}  // namespace proxycommon
