// An LMDB store as the configuration has it.
#include "common/cache/lmdb_definition.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "common/base/text.h"
#include "common/cache/lmdb_check.h"
#include "common/cache/lmdb_store.h"

namespace proxycommon {
namespace {

constexpr std::uint64_t kMega = std::uint64_t{1} << 20;
constexpr std::uint64_t kDefaultSize = 256 * kMega;
constexpr std::uint64_t kLeastSize = kMega;
constexpr std::uint64_t kMostSize = std::uint64_t{1} << 40;
// The one that is there without being configured.
constexpr std::string_view kMemory = "memory";
constexpr const char* kMemoryFolder = "/dev/shm";

// "512M": bytes, or with K, M, G behind.
std::optional<std::uint64_t> readSize(std::string_view text) {
  std::uint64_t unit = 1;
  if (text.ends_with('K') || text.ends_with('k')) unit = 1024;
  if (text.ends_with('M') || text.ends_with('m')) unit = kMega;
  if (text.ends_with('G') || text.ends_with('g')) unit = 1024 * kMega;
  if (unit != 1) text.remove_suffix(1);
  const auto number = parseNumber(text, kMostSize / unit);
  if (!number || *number * unit < kLeastSize) return std::nullopt;
  return *number * unit;
}

// However it is written; a link in place of the folder itself stays one, and is refused later.
std::string plainPath(const std::string& path) {
  std::filesystem::path plain = std::filesystem::path(path).lexically_normal();
  if (!plain.has_filename()) plain = plain.parent_path();
  std::error_code fault;
  const auto parent = std::filesystem::weakly_canonical(plain.parent_path(), fault);
  return fault ? plain : parent / plain.filename();
}

class LmdbDefinition final : public StoreDefinition {
 public:
  LmdbDefinition(std::string path, std::uint64_t size) : path_(std::move(path)), size_(size) {}

  Result<std::vector<std::string>> prepare(const StorePlace& place) override;
  std::string folder(const std::string& runtimeFolder) const override;
  bool isLeftOut() const override { return isLeftOut_; }
  Result<std::unique_ptr<Store>> open() const override {
    if (!shared_) return failure(ErrorKind::kInternal, "the store was not made ready");
    return LmdbStore::open(folder_, limits_, *shared_);
  }

 private:
  Result<HeldFolders::Hold> hold(const StorePlace& place);
  Result<bool> makeFolder(const StorePlace& place);
  void settleEnd(const StorePlace& place) const;
  void fitToSpace(const LmdbFolder& folder);
  Outcome makeReady(const LmdbFolder& folder, const StorePlace& place);

  std::string path_;
  std::uint64_t size_;
  // Since prepare().
  std::string folder_;
  LmdbLimits limits_;
  LmdbShared* shared_ = nullptr;
  bool isLeftOut_ = false;
  std::vector<std::string> warnings_;
};

std::string LmdbDefinition::folder(const std::string& runtimeFolder) const {
  if (path_.empty()) return {};
  return plainPath(path_.starts_with('/') ? path_ : runtimeFolder + '/' + path_);
}

// There, and this server's.
Result<HeldFolders::Hold> LmdbDefinition::hold(const StorePlace& place) {
  constexpr int kTries = 3;
  Result<HeldFolders::Hold> held = HeldFolders::Hold::kGone;
  for (int tries = 0; tries < kTries && held && *held == HeldFolders::Hold::kGone; ++tries) {
    if (auto made = LmdbFolder(folder_).make(place.user, place.group); !made) return std::move(made.error());
    held = place.held.hold(folder_);
  }
  return held;
}

// Where it is to be. False: another server has it.
Result<bool> LmdbDefinition::makeFolder(const StorePlace& place) {
  const auto isOurs = [](HeldFolders::Hold held) { return held == HeldFolders::Hold::kOurs; };
  folder_ = folder(place.runtimeFolder);
  if (!folder_.empty()) {
    const auto held = hold(place);
    if (!held) return held.error();
    if (!isOurs(*held))
      warnings_.push_back("another server that runs has the folder " + folder_ +
                          ", and this one goes on without the store: give each its own path=, or end the other one and "
                          "restart this one gracefully");
    return isOurs(*held);
  }
  if (place.name != kMemory)
    return failure(ErrorKind::kInternal, "the store \"" + place.name + "\" needs a folder: path=…");
  const std::string name = "revproxy-" + place.instance + "-cache";
  folder_ = std::string{kMemoryFolder} + '/' + name;
  const auto inMemory = hold(place);
  if (inMemory && isOurs(*inMemory)) return true;
  // Anybody can make such a folder first, and machines may have theirs in common: that must not keep the server from
  // starting.
  const std::string why = inMemory ? folder_ + " is another server's" : inMemory.error().detail;
  folder_ = place.runtimeFolder + '/' + name;
  const auto onDisk = hold(place);
  if (!onDisk) return onDisk.error();
  warnings_.push_back(why + (isOurs(*onDisk) ? "; the store is in " + folder_
                                             : ", and so is " + folder_ + ": this server goes on without the store"));
  return isOurs(*onDisk);
}

// What is in memory ends with the server, as memory does; what was given a folder is there when the machine has begun
// anew.
void LmdbDefinition::settleEnd(const StorePlace& place) const {
  constexpr milliseconds kMostTime{20'000};
  const bool isKept = !path_.empty();
  place.held.atEnd(folder_, [isKept, folder = folder_, user = place.user, group = place.group] {
    doneApart(user, group, kMostTime, [&] {
      const LmdbFolder settled(folder);
      return static_cast<bool>(isKept ? settled.noteClosed() : settled.remove());
    });
  });
}

// A tmpfs of a container may be small, and others write there too.
void LmdbDefinition::fitToSpace(const LmdbFolder& folder) {
  const std::uint64_t available = folder.available() / 10 * 8;
  if (available == 0 || available >= size_) return;
  limits_.limit = std::max(available, kLeastSize);
  warnings_.push_back("the store in " + folder_ + " has room for " + std::to_string(limits_.limit / kMega) +
                      " MB only, not " + std::to_string(size_ / kMega));
}

// What may be relied on afterwards; nobody has it open.
Outcome LmdbDefinition::makeReady(const LmdbFolder& folder, const StorePlace& place) {
  constexpr milliseconds kMostTime{20'000};
  const LmdbSize size = limits_.size();
  if (!doneApart(place.user, place.group, kMostTime, [&folder, &size] {
        if (!folder.bodies().makeFolders()) return false;
        if (folder.indexBytes() <= size.mapBytes && folder.isBelievable()) return true;
        return static_cast<bool>(folder.clear());
      }))
    return failure(ErrorKind::kInternal, "the folder of the store, " + folder_ + ", cannot be written");
  return {};
}

Result<std::vector<std::string>> LmdbDefinition::prepare(const StorePlace& place) {
  warnings_.clear();
  shared_ = nullptr;
  auto made = makeFolder(place);
  if (!made) return std::move(made.error());
  isLeftOut_ = !*made;
  if (isLeftOut_) return std::exchange(warnings_, {});
  settleEnd(place);
  auto shared = place.shared.state<LmdbShared>("cache-lmdb " + folder_);
  if (!shared) return std::move(shared.error());
  const LmdbFolder folder(folder_);
  limits_ = {size_, place.threads};
  fitToSpace(folder);
  const bool isFirst = (*shared)->preparedIn.load() == 0;
  if (isFirst)
    if (auto ready = makeReady(folder, place); !ready) return std::move(ready.error());
  if ((*shared)->mustBeChecked() || isFirst) {
    auto good = checkOrSetAside({folder, limits_.size(), **shared, place.user, place.group}, isFirst);
    if (!good) return std::move(good.error());
    if (!*good) warnings_.push_back("the store in " + folder_ + " was damaged: it was set aside as *.damaged");
  }
  (*shared)->preparedIn = place.shared.generation() + 1;
  shared_ = *shared;
  return std::exchange(warnings_, {});
}

}  // namespace

Result<std::unique_ptr<StoreDefinition>> readLmdbStore(const StoreOptions& options) {
  std::string path;
  std::uint64_t size = kDefaultSize;
  for (const auto& [name, value] : options) {
    if (name == "path") {
      path = value;
      if (path.empty()) return failure(ErrorKind::kInternal, "path= needs a folder");
    } else if (name == "size") {
      const auto number = readSize(value);
      if (!number) return failure(ErrorKind::kInternal, "size=" + value + ": 1M to 1024G are possible");
      size = *number;
    } else {
      return failure(ErrorKind::kInternal, "an lmdb store has path= and size=, and no " + name + "=");
    }
  }
  return std::unique_ptr<StoreDefinition>(std::make_unique<LmdbDefinition>(std::move(path), size));
}

}  // namespace proxycommon
