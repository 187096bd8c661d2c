// A plain store that processes share: a file for each key in a folder. With it the kind "generations", which the
// contract of stores is tried out on as well.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "common/cache/generation_store.h"
#include "common/cache/store_definition.h"
#include "common/cache/store_folder.h"

namespace proxytest {

class FolderPlainStore final : public proxycommon::PlainStore {
 public:
  explicit FolderPlainStore(std::string folder) : folder_(std::move(folder)) {}

  proxycommon::Result<std::optional<std::string>> get(std::string_view key) override {
    std::ifstream file(fileOf(key), std::ios::binary);
    if (!file) return std::optional<std::string>();
    return std::optional(std::string(std::istreambuf_iterator<char>(file), {}));
  }
  proxycommon::Result<bool> set(std::string_view key, std::string_view value, proxycommon::WallTime) override {
    static std::atomic<int> written{0};
    const std::string fresh = folder_ + "/new-" + std::to_string(::getpid()) + "-" + std::to_string(++written);
    std::ofstream(fresh, std::ios::binary) << value;
    if (::rename(fresh.c_str(), fileOf(key).c_str()) == 0) return true;
    return proxycommon::failure(proxycommon::ErrorKind::kInternal, "the file cannot be renamed");
  }
  proxycommon::Outcome remove(std::string_view key) override {
    std::error_code ignored;
    std::filesystem::remove(fileOf(key), ignored);
    return {};
  }
  std::size_t mostValue() const override { return 2 * 1024 * 1024; }
  bool mayBlock() const override { return false; }

 private:
  std::string fileOf(std::string_view key) const {
    std::string name = folder_ + "/";
    for (const char byte : key) {
      char digits[3];
      std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(byte));
      name += digits;
    }
    return name;
  }

  const std::string folder_;
};

class FolderDefinition final : public proxycommon::StoreDefinition {
 public:
  proxycommon::Result<std::vector<std::string>> prepare(const proxycommon::StorePlace& place) override {
    auto folder = proxycommon::prepareWorkFolder(place);
    if (!folder) return std::move(folder.error());
    settings_.workFolder = std::move(*folder);
    values_ = place.runtimeFolder + "/values";
    std::filesystem::create_directory(values_);
    return std::vector<std::string>{};
  }
  proxycommon::Result<std::unique_ptr<proxycommon::Store>> open() const override {
    return std::unique_ptr<proxycommon::Store>(
        std::make_unique<proxycommon::GenerationStore>(std::make_unique<FolderPlainStore>(values_), settings_));
  }

 private:
  std::string values_;
  proxycommon::GenerationSettings settings_;
};

inline proxycommon::Result<std::unique_ptr<proxycommon::StoreDefinition>> readFolderStore(
    const proxycommon::StoreOptions&) {
  return std::unique_ptr<proxycommon::StoreDefinition>(std::make_unique<FolderDefinition>());
}

}  // namespace proxytest
