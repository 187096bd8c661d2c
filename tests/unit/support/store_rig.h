// A store as httpd would have it: a folder that goes with the test, shared memory, the definition made ready.
#pragma once

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/cache/store_definition.h"
#include "tests/unit/support/folder_plain_store.h"

namespace proxytest {

class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& parent = "/dev/shm") : path_(parent + "/proxy-store-XXXXXX") {
    BOOST_REQUIRE(::mkdtemp(path_.data()) != nullptr);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// What a parent process of httpd has from its start to its end.
struct StoreParent {
  explicit StoreParent(const std::string& folder) : runtimeFolder(folder) {
    auto made = proxycommon::SharedState::make(8);
    BOOST_REQUIRE(made);
    shared.reset(*made);
  }
  proxycommon::StorePlace place() const {
    return {"tried", runtimeFolder, "test", ::geteuid(), ::getegid(), *shared, 64, *held};
  }
  std::string runtimeFolder;
  std::unique_ptr<proxycommon::SharedState> shared;
  std::unique_ptr<proxycommon::HeldFolders> held = std::make_unique<proxycommon::HeldFolders>();
};

// The options that a kind cannot be without.
inline proxycommon::StoreOptions optionsOf(std::string_view kind, const std::string& folder, const std::string& size) {
  if (kind == "lmdb") return {{"path", folder + "/store"}, {"size", size}};
  return {};
}

class StoreRig {
 public:
  explicit StoreRig(std::string_view kind, const std::string& size = "8M", const std::string& parentFolder = "/dev/shm")
      : kind_(kind), size_(size), folder_(parentFolder), parent_(folder_.path()) {
    prepare();
  }

  // Once more, as after a graceful restart.
  void prepare() {
    constexpr proxycommon::ReadStore kGenerations = &readFolderStore;
    const auto* read = kind_ == "generations" ? &kGenerations : proxycommon::storeKinds().find(kind_);
    BOOST_REQUIRE(read);
    auto definition = (*read)(optionsOf(kind_, folder_.path(), size_));
    BOOST_REQUIRE(definition);
    definition_ = std::move(*definition);
    auto prepared = definition_->prepare(parent_.place());
    if (!prepared) BOOST_FAIL(prepared.error().detail);
    warnings = *prepared;
  }
  // As after the server was stopped and started.
  void startAnew() {
    parent_.held.reset();
    parent_ = StoreParent(folder_.path());
    prepare();
  }
  std::unique_ptr<proxycommon::Store> open() const {
    auto store = definition_->open();
    if (!store) BOOST_FAIL(store.error().detail);
    return std::move(*store);
  }
  // Within a process of a test, where nothing may be thrown.
  std::unique_ptr<proxycommon::Store> openQuietly() const {
    auto store = definition_->open();
    return store ? std::move(*store) : nullptr;
  }
  std::string path() const { return folder_.path() + "/store"; }

  std::vector<std::string> warnings;

 private:
  std::string kind_;
  std::string size_;
  TemporaryFolder folder_;
  StoreParent parent_;
  std::unique_ptr<proxycommon::StoreDefinition> definition_;
};

// One that is put and found again.
struct Kept {
  std::string record = "record";
  std::string url = "http://a.example/";
  std::vector<std::string> tags = {};
  proxycommon::WallTime began = proxycommon::wallNow();
  proxycommon::WallTime useUntil = proxycommon::WallTime::max();
};

inline proxycommon::Result<bool> putInto(proxycommon::Store& store, std::string_view key, std::string_view content,
                                         const Kept& kept = {}, bool inFile = false) {
  proxycommon::IncomingBody body(store.workFolder(), kept.record);
  if (inFile)
    if (auto moved = body.moveToFile(); !moved) return std::move(moved.error());
  if (auto appended = body.append({content.data(), content.size()}); !appended) return std::move(appended.error());
  if (auto finished = body.finish(); !finished) return std::move(finished.error());
  return store.put(proxycommon::digestOf(key), {kept.record, kept.url, kept.tags, kept.began, kept.useUntil}, body);
}

inline std::string bodyOf(const proxycommon::FoundEntry& entry) {
  if (!entry.file) return std::string{entry.memory()};
  std::string bytes(static_cast<std::size_t>(entry.bodyLength), '\0');
  const ssize_t got = ::pread(entry.file.get(), bytes.data(), bytes.size(), static_cast<off_t>(entry.bodyOffset));
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return bytes;
}

// Its body; "(none)": there is no such entry; "(failed)".
inline std::string found(proxycommon::Store& store, std::string_view key) {
  auto entry = store.find(proxycommon::digestOf(key));
  if (!entry) return "(failed)";
  return *entry ? bodyOf(**entry) : "(none)";
}

}  // namespace proxytest
