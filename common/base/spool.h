// Spool: bytes that wait for whoever is slow, first in, first out: in memory, and past that in a file that has no name.
// What it holds is bounded by whoever fills it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "common/base/export.h"
#include "common/base/file_descriptor.h"
#include "common/base/result.h"

namespace proxycommon {

// One thread at a time.
class PROXYCOMMON_API Spool {
 public:
  // Bytes kept in memory before a file is used.
  static constexpr std::size_t kInMemory = 64 * 1024;

  // Error kInternal: the file cannot be made or written.
  Outcome append(std::span<const char> bytes);
  // As much as fits `into`; nothing when it is empty. Error kInternal.
  Result<std::size_t> read(std::span<char> into);

  bool isEmpty() const { return size() == 0; }
  std::uint64_t size() const { return memory_.size() - memoryRead_ + fileSize_ - fileRead_; }

 private:
  Outcome appendToFile(std::span<const char> bytes);
  void giveBackRead();

  std::string memory_;
  std::size_t memoryRead_ = 0;
  FileDescriptor file_;
  std::uint64_t fileSize_ = 0;
  std::uint64_t fileRead_ = 0;
  std::uint64_t givenBack_ = 0;  // of what was read
};

}  // namespace proxycommon
