// LmdbStore: index and small bodies in LMDB, larger bodies as files beside it. All children look into one mapping
// without a lock; what is changed is changed whole. On a tmpfs it is a cache in memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/cache/body_checks.h"
#include "common/cache/lmdb_environment.h"
#include "common/cache/lmdb_folder.h"
#include "common/cache/lmdb_shared.h"
#include "common/cache/lmdb_value.h"
#include "common/cache/store.h"

namespace proxycommon {

// How large a store may be, and what follows from that.
struct LmdbLimits {
  std::uint64_t limit = 0;  // bytes, of everything
  std::size_t threads = 0;  // that look into it at once

  // What pages and files take is kept below this; the rest is for pages that are free.
  std::uint64_t budget() const { return limit / 100 * 95; }
  // A full map cannot even delete: what is in use stays below 85 percent of it.
  LmdbSize size() const { return {budget() / 85 * 100 / 4096 * 4096 + (std::uint64_t{1} << 20), threads + 16}; }
};

class LmdbStore final : public Store {
 public:
  // In a child; `shared` was prepared in the parent. One in a process for each folder.
  static Result<std::unique_ptr<Store>> open(const std::string& folder, const LmdbLimits& limits, LmdbShared& shared);
  ~LmdbStore() override;

  Result<std::optional<FoundEntry>> find(const Digest& key) override;
  Result<bool> put(const Digest& key, const NewEntry& entry, IncomingBody& body) override;
  Result<bool> update(const Digest& key, std::string_view before, std::string_view record, WallTime useUntil) override;
  Result<bool> remove(const Digest& key) override;
  Outcome removeTagged(std::string_view tag) override;
  Outcome removePrefix(std::string_view urlPrefix) override;

  StoreFigures figures() override;
  bool mayBlock() const override { return false; }
  std::uint64_t mostBody() const override { return limits_.limit / 8; }
  const std::string& workFolder() const override { return folder_.bodies().workFolder(); }

 private:
  struct Change;
  // Where the index says that a body is.
  struct StoredBody {
    std::uint64_t file = 0;  // its number; 0: in the index
    BodySum sum;
  };
  using Work = std::function<Result<bool>(Change& change)>;

  LmdbStore(const std::string& folder, const LmdbLimits& limits, LmdbShared& shared, LmdbRow* row)
      : folder_(folder),
        limits_(limits),
        shared_(shared),
        row_(row),
        checks_(shared.bodies),
        mapped_(std::min<std::uint64_t>(limits.limit / 16, MappedBodies::kMostInAll)) {}
  Result<std::shared_ptr<LmdbEnvironment>> environment();
  // One change, which is made whole or not at all; where there is no room, some is made, and it is tried again.
  Result<bool> change(const Work& work);
  Result<bool> changeOnce(const Work& work, bool& isFull);
  void makeSpace();
  Result<bool> dropSome(Change& change, std::size_t entries, std::uint64_t& target);
  void checkReaders(LmdbEnvironment& environment);
  std::uint64_t budget() const;
  Result<bool> putValue(Change& change, const Digest& key, const LmdbValue& value);
  Result<bool> removeOne(Change& change, const Digest& key);
  Result<KeptBody> keepBody(IncomingBody& body);
  Result<bool> openBody(const Digest& key, const StoredBody& stored, FoundEntry& found);
  void forget(const Digest& key, std::uint64_t file);
  Error counted(Error error);

  LmdbFolder folder_;
  LmdbLimits limits_;
  LmdbShared& shared_;
  LmdbRow* row_;
  BodyChecks checks_;
  MappedBodies mapped_;
  std::mutex mutex_;  // of the three below
  std::uint64_t epoch_ = 0;
  std::shared_ptr<LmdbEnvironment> environment_;
  std::weak_ptr<LmdbEnvironment> closing_;
};

}  // namespace proxycommon
