// A store that makes up for what it has failed to remove.
#include "common/cache/mending_store.h"

#include <utility>

namespace proxycommon {

MendingStore::MendingStore(std::unique_ptr<Store> store, LostRemovals lost) : store_(std::move(store)), lost_(lost) {}

MendingStore::~MendingStore() = default;

Result<std::optional<FoundEntry>> MendingStore::find(const Digest& key) {
  if (lost_.areThere())
    if (auto mended = lost_.makeUp(*store_); !mended) return std::move(mended.error());
  return store_->find(key);
}

Result<bool> MendingStore::put(const Digest& key, const NewEntry& entry, IncomingBody& body) {
  if (lost_.areThere())
    if (auto mended = lost_.makeUp(*store_); !mended) return std::move(mended.error());
  return store_->put(key, entry, body);
}

Result<bool> MendingStore::update(const Digest& key, std::string_view before, std::string_view record,
                                  WallTime useUntil) {
  if (lost_.areThere())
    if (auto mended = lost_.makeUp(*store_); !mended) return std::move(mended.error());
  return store_->update(key, before, record, useUntil);
}

Result<bool> MendingStore::remove(const Digest& key) {
  auto removed = store_->remove(key);
  if (!removed) lost_.noteKey(key);
  return removed;
}

Outcome MendingStore::removeTagged(std::string_view tag) {
  auto removed = store_->removeTagged(tag);
  if (!removed) lost_.noteTag(tag);
  return removed;
}

Outcome MendingStore::removePrefix(std::string_view urlPrefix) {
  auto removed = store_->removePrefix(urlPrefix);
  if (!removed) lost_.notePrefix(urlPrefix);
  return removed;
}

StoreFigures MendingStore::figures() {
  return store_->figures();
}

bool MendingStore::mayBlock() const {
  return store_->mayBlock();
}

std::uint64_t MendingStore::mostBody() const {
  return store_->mostBody();
}

std::size_t MendingStore::mostTags() const {
  return store_->mostTags();
}
const std::string& MendingStore::workFolder() const {
  return store_->workFolder();
}

}  // namespace proxycommon
