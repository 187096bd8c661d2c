// A plain store in memory, which several stores may have a part in, as children and machines have. Tests look into it,
// and have something happen between two of its calls.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "common/cache/generation_store.h"

namespace proxytest {

struct PlainValues {
  std::mutex mutex;
  std::map<std::string, std::string, std::less<>> values;
  std::map<std::string, proxycommon::WallTime, std::less<>> expiries;  // of all that was ever set
  std::size_t mostValue = 1024 * 1024;
  bool fails = false;
};

class MemoryPlainStore final : public proxycommon::PlainStore {
 public:
  // `before` is called before each call, and may make some itself.
  explicit MemoryPlainStore(std::shared_ptr<PlainValues> kept, std::function<void()> before = {})
      : kept_(std::move(kept)), before_(std::move(before)) {}

  proxycommon::Result<std::optional<std::string>> get(std::string_view key) override {
    if (before_) before_();
    const std::lock_guard lock(kept_->mutex);
    if (kept_->fails) return failed();
    const auto found = kept_->values.find(key);
    return found == kept_->values.end() ? std::nullopt : std::optional(found->second);
  }
  proxycommon::Result<bool> set(std::string_view key, std::string_view value, proxycommon::WallTime expiry) override {
    if (before_) before_();
    const std::lock_guard lock(kept_->mutex);
    if (kept_->fails) return failed();
    if (value.size() > kept_->mostValue) return false;
    kept_->values.insert_or_assign(std::string(key), std::string(value));
    kept_->expiries.insert_or_assign(std::string(key), expiry);
    return true;
  }
  proxycommon::Outcome remove(std::string_view key) override {
    if (before_) before_();
    const std::lock_guard lock(kept_->mutex);
    if (kept_->fails) return failed();
    kept_->values.erase(std::string(key));
    return {};
  }
  std::size_t mostValue() const override { return kept_->mostValue; }
  bool mayBlock() const override { return false; }

 private:
  static proxycommon::Error failed() {
    return proxycommon::failure(proxycommon::ErrorKind::kInternal, "the test wants it to fail");
  }

  const std::shared_ptr<PlainValues> kept_;
  const std::function<void()> before_;
};

inline std::unique_ptr<proxycommon::GenerationStore> generationStoreOver(
    std::shared_ptr<PlainValues> kept, std::function<void()> before = {},
    proxycommon::GenerationSettings settings = {"/tmp", 1024 * 1024, proxycommon::milliseconds{0}}) {
  return std::make_unique<proxycommon::GenerationStore>(
      std::make_unique<MemoryPlainStore>(std::move(kept), std::move(before)), std::move(settings));
}

}  // namespace proxytest
