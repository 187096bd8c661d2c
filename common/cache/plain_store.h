// PlainStore: what a machine of another kind offers as a store: values under keys, and no more. GenerationStore makes a
// store of the cache of it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace proxycommon {

// Any thread of one child; a call may wait for another machine. Keys are 8 to 17 bytes, and may hold any
// byte, as values may. It may lose what it has at any time, but what it gives after a set() is not older than that.
// Errors are kInternal: it has failed, and what is wrong.
class PlainStore {
 public:
  virtual ~PlainStore() = default;

  // nullopt: it is not there.
  virtual Result<std::optional<std::string>> get(std::string_view key) = 0;
  // In place of what is there. It may go at `expiry`. False: there is no place for a value of that size; what was there
  // before may have gone.
  virtual Result<bool> set(std::string_view key, std::string_view value, WallTime expiry) = 0;
  // What is not there is removed already.
  virtual Outcome remove(std::string_view key) = 0;

  // In bytes; larger ones are not brought.
  virtual std::size_t mostValue() const = 0;
  // Whether a call may take longer than the worker of a request should be held.
  virtual bool mayBlock() const = 0;
};

}  // namespace proxycommon
