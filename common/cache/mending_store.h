// MendingStore: another store, of which nothing is used before what it has failed to remove is removed.
#pragma once

#include <memory>
#include <string>

#include "common/base/export.h"
#include "common/cache/lost_removals.h"
#include "common/cache/store.h"

namespace proxycommon {

class PROXYCOMMON_API MendingStore final : public Store {
 public:
  MendingStore(std::unique_ptr<Store> store, LostRemovals lost);
  ~MendingStore() override;

  // Errors of these three may be those of removals that are made up for first.
  Result<std::optional<FoundEntry>> find(const Digest& key) override;
  Result<bool> put(const Digest& key, const NewEntry& entry, IncomingBody& body) override;
  Result<bool> update(const Digest& key, std::string_view before, std::string_view record, WallTime useUntil) override;
  // What these fail to remove is noted, and removed later.
  Result<bool> remove(const Digest& key) override;
  Outcome removeTagged(std::string_view tag) override;
  Outcome removePrefix(std::string_view urlPrefix) override;

  StoreFigures figures() override;
  bool mayBlock() const override;
  std::uint64_t mostBody() const override;
  std::size_t mostTags() const override;
  const std::string& workFolder() const override;

 private:
  const std::unique_ptr<Store> store_;
  const LostRemovals lost_;
};

}  // namespace proxycommon
