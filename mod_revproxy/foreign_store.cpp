// Stores of other modules. Nothing they do may do harm: what they let out is an error, and what they give is looked at
// by whoever reads it.
#include "mod_revproxy/foreign_store.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/mistake.h"
#include "common/base/text.h"
#include "common/cache/generation_store.h"
#include "common/cache/store_folder.h"

namespace revproxy {
namespace {

using proxycommon::ErrorKind;
using proxycommon::failure;
using proxycommon::mistake;
using proxycommon::Outcome;
using proxycommon::Result;
using proxycommon::StoreDefinition;
using proxycommon::StoreOptions;
using proxycommon::StorePlace;

constexpr std::size_t kLeastSize = offsetof(revproxy_cache_kind, destroy);
constexpr std::size_t kLeastValue = 4096;

// One call of a function of theirs: its status, and why it failed.
class ForeignCall {
 public:
  template <class Function>
  explicit ForeignCall(Function&& function) {
    try {
      status_ = function(why_);
    } catch (...) {
      status_ = REVPROXY_CACHE_FAILED;
      std::string_view("it let an exception out").copy(why_, sizeof why_ - 1);
    }
    why_[sizeof why_ - 1] = '\0';
  }

  bool isGood() const { return status_ == REVPROXY_CACHE_OK; }
  bool isNone() const { return status_ == REVPROXY_CACHE_NONE; }
  std::string why() const {
    const std::string said = proxycommon::printable(why_);
    return said.empty() ? "its module does not say why" : said;
  }

 private:
  char why_[REVPROXY_CACHE_WHY] = "";
  int status_;
};

void (*destroyOf(const revproxy_cache_kind& kind))(void*) {
  return kind.size >= sizeof kind ? kind.destroy : nullptr;
}

// What they have made in the parent. Children, which end without taking it down, hold it as well.
class Instance {
 public:
  Instance(const revproxy_cache_kind& kind, void* made) : kind_(kind), made_(made), parent_(::getpid()) {}
  ~Instance() {
    if (auto* destroy = destroyOf(kind_); destroy && ::getpid() == parent_) {
      try {
        destroy(made_);
      } catch (...) {
        // Nobody is left to be told.
      }
    }
  }
  Instance(const Instance&) = delete;

  const revproxy_cache_kind& kind() const { return kind_; }
  void* made() const { return made_; }

 private:
  const revproxy_cache_kind& kind_;
  void* const made_;
  const pid_t parent_;
};

struct Taken {
  std::string value;
  std::size_t most;
  int times = 0;
  bool isTooLarge = false;
};

// Called by C: an exception would pass through its frames.
void take(void* taker, const void* value, std::size_t length) noexcept {
  auto& taken = *static_cast<Taken*>(taker);
  ++taken.times;
  taken.isTooLarge = length > taken.most || (!value && length > 0);
  if (taken.isTooLarge) return;
  try {
    taken.value.assign(static_cast<const char*>(value), length);
  } catch (...) {
    taken.isTooLarge = true;
  }
}

class ForeignStore final : public proxycommon::PlainStore {
 public:
  explicit ForeignStore(std::shared_ptr<const Instance> instance)
      : instance_(std::move(instance)), kind_(instance_->kind()) {}

  Result<std::optional<std::string>> get(std::string_view key) override {
    Taken taken{{}, mostValue()};
    const ForeignCall call(
        [&](char* why) { return kind_.get(instance_->made(), key.data(), key.size(), &take, &taken, why); });
    if (call.isNone()) return std::optional<std::string>();
    if (!call.isGood()) return failed(call);
    if (taken.times != 1)
      return failure(ErrorKind::kInternal,
                     "get() has called take() " + std::to_string(taken.times) + " times; its module is at fault");
    if (taken.isTooLarge)
      return failure(ErrorKind::kInternal, "get() has given more than most_value; its module is at fault");
    return std::optional(std::move(taken.value));
  }

  Result<bool> set(std::string_view key, std::string_view value, proxycommon::WallTime expiry) override {
    const ForeignCall call([&](char* why) {
      return kind_.set(instance_->made(), key.data(), key.size(), value.data(), value.size(),
                       expiry.time_since_epoch().count(), why);
    });
    if (!call.isGood() && !call.isNone()) return failed(call);
    return call.isGood();
  }

  Outcome remove(std::string_view key) override {
    const ForeignCall call([&](char* why) { return kind_.remove(instance_->made(), key.data(), key.size(), why); });
    if (!call.isGood() && !call.isNone()) return failed(call);
    return {};
  }

  std::size_t mostValue() const override { return kind_.most_value; }
  bool mayBlock() const override { return (kind_.flags & REVPROXY_CACHE_MAY_BLOCK) != 0; }

 private:
  static proxycommon::Error failed(const ForeignCall& call) { return failure(ErrorKind::kInternal, call.why()); }

  const std::shared_ptr<const Instance> instance_;
  const revproxy_cache_kind& kind_;
};

std::vector<revproxy_cache_option> viewOf(const StoreOptions& options) {
  std::vector<revproxy_cache_option> views;
  for (const auto& [key, value] : options) views.push_back({key.c_str(), value.c_str()});
  return views;
}

class ForeignDefinition final : public StoreDefinition {
 public:
  ForeignDefinition(std::string kindName, const revproxy_cache_kind& kind, StoreOptions options)
      : kindName_(std::move(kindName)), kind_(kind), options_(std::move(options)) {}

  Outcome check() const {
    if (!kind_.check) return {};
    const auto options = viewOf(options_);
    const revproxy_cache_place place{sizeof place, "", "", "", 0, 0, options.data(), options.size()};
    const ForeignCall call([&](char* why) { return kind_.check(kind_.context, &place, why); });
    if (!call.isGood()) return mistake("cache store of the kind \"" + kindName_ + "\": " + call.why());
    return {};
  }

  Result<std::vector<std::string>> prepare(const StorePlace& place) override {
    auto folder = proxycommon::prepareWorkFolder(place);
    if (!folder) return std::move(folder.error());
    folder_ = std::move(*folder);
    const auto options = viewOf(options_);
    const revproxy_cache_place view{
        sizeof view, place.name.c_str(), place.instance.c_str(), place.runtimeFolder.c_str(),
        place.user,  place.group,        options.data(),         options.size()};
    void* made = nullptr;
    const ForeignCall call([&](char* why) { return kind_.create(kind_.context, &view, &made, why); });
    if (!call.isGood()) return mistake("cache store \"" + place.name + "\" cannot be made: " + call.why());
    instance_ = std::make_shared<const Instance>(kind_, made);
    return std::vector<std::string>{};
  }

  Result<std::unique_ptr<proxycommon::Store>> open() const override {
    if (kind_.child_init) {
      const ForeignCall call([&](char* why) { return kind_.child_init(instance_->made(), why); });
      if (!call.isGood()) return failure(ErrorKind::kInternal, "it cannot be opened in a child: " + call.why());
    }
    proxycommon::GenerationSettings settings;
    settings.workFolder = folder_;
    return std::unique_ptr<proxycommon::Store>(
        std::make_unique<proxycommon::GenerationStore>(std::make_unique<ForeignStore>(instance_), std::move(settings)));
  }

 private:
  const std::string kindName_;
  const revproxy_cache_kind& kind_;
  const StoreOptions options_;
  std::string folder_;
  std::shared_ptr<const Instance> instance_;
};

}  // namespace

Result<std::unique_ptr<StoreDefinition>> makeForeignStore(const std::string& kindName, const revproxy_cache_kind& kind,
                                                          const StoreOptions& options) {
  const std::string what = "cache store kind \"" + kindName + "\" is of no use: its module has registered ";
  if (kind.size < kLeastSize)
    return mistake(what + "a structure of " + std::to_string(kind.size) + " bytes, and " + std::to_string(sizeof kind) +
                   " is what revproxy_cache.h has: is `size` set?");
  for (const auto& [name, isThere] : {std::pair{"create", kind.create != nullptr},
                                      {"get", kind.get != nullptr},
                                      {"set", kind.set != nullptr},
                                      {"remove", kind.remove != nullptr}})
    if (!isThere) return mistake(what + "no function " + name + "()");
  if (kind.most_value < kLeastValue)
    return mistake(what + "a most_value of " + std::to_string(kind.most_value) + ", and at least " +
                   std::to_string(kLeastValue) + " is needed");
  auto definition = std::make_unique<ForeignDefinition>(kindName, kind, options);
  if (auto checked = definition->check(); !checked) return std::move(checked.error());
  return std::unique_ptr<StoreDefinition>(std::move(definition));
}

}  // namespace revproxy
