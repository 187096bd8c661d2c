// GenerationStore: a store of the cache over any PlainStore, which many children and machines may share. There is no
// index and nothing to go through: an entry carries what must still hold when it is found, and that is read with it.
//
//   entry      record and body, when its request began, its URL, (tag, generation) pairs, the epoch of the prefixes
//   tag        its generation: removing takes it away, and who stores next makes a new one. A generation that is lost
//              is a miss. Each tag is a call of its own: what bears more than 16 is not stored.
//   prefixes   one list with its epoch. A list that is lost is a miss.
//   tombstone  of a key, a tag, the list: that something was removed, and when. It is there for minutes, and what is
//              under way for longer is not stored, so that what was begun before cannot come back behind the removal.
//
// All times are the wall clocks' of the machines that share it: what one of them begins is refused if another one has
// removed it since, as far as their clocks agree. Where they do not, `clockSkew` says by how much they may differ: for
// so long nothing is stored behind a removal.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "common/base/export.h"
#include "common/cache/generation_records.h"
#include "common/cache/plain_store.h"
#include "common/cache/store.h"

namespace proxycommon {

struct GenerationSettings {
  std::string workFolder;
  std::uint64_t mostBody = 1024 * 1024;  // bytes; less where the plain store takes less
  milliseconds clockSkew{0};
};

class PROXYCOMMON_API GenerationStore final : public Store {
 public:
  GenerationStore(std::unique_ptr<PlainStore> plain, GenerationSettings settings);
  ~GenerationStore() override;

  Result<std::optional<FoundEntry>> find(const Digest& key) override;
  Result<bool> put(const Digest& key, const NewEntry& entry, IncomingBody& body) override;
  Result<bool> update(const Digest& key, std::string_view before, std::string_view record, WallTime useUntil) override;
  Result<bool> remove(const Digest& key) override;
  Outcome removeTagged(std::string_view tag) override;
  // A list that many change at once is thrown away, and all entries with it: that is safe, and no prefix is lost.
  Outcome removePrefix(std::string_view urlPrefix) override;

  // None are known: others share it, and it drops what it likes.
  StoreFigures figures() override;
  bool mayBlock() const override;
  std::uint64_t mostBody() const override;
  // Each is asked for whenever the entry is.
  std::size_t mostTags() const override { return 16; }
  const std::string& workFolder() const override;

 private:
  // What is there and was not removed.
  Result<std::optional<EntryRecord>> load(const Digest& key);
  Result<bool> isCurrent(const EntryRecord& entry);
  Result<bool> wasRemovedSince(std::string_view tombstoneKey, WallTime began);
  // Fills in the generations that an entry is of. False: it was removed since it began.
  Result<bool> joinGenerations(EntryRecord& entry, std::span<const std::string> tags);
  Result<bool> joinEpoch(EntryRecord& entry);
  // What is there, or is begun now, for entries that are of use until then.
  Result<Generation> generationOf(const Digest& tag, WallTime useUntil);
  Result<PrefixList> prefixList();
  Outcome begin(std::string_view tombstoneKey, const std::function<Outcome(const Nonce&, WallTime)>& write);
  // Writes it, unless it was removed since what `begun` is the time of, or that is too long ago to say.
  Result<bool> keep(const EntryRecord& entry, WallTime begun);
  Outcome addPrefix(const std::string& prefix);

  // What must be kept.
  Outcome set(std::string_view key, std::string_view value, WallTime expiry);
  Outcome bury(std::string_view tombstoneKey, const Tombstone& tombstone);

  const std::unique_ptr<PlainStore> plain_;
  const GenerationSettings settings_;
  std::mutex prefixMutex_;  // those of one child do not disturb each other
};

}  // namespace proxycommon
