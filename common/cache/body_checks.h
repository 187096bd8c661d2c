// BodyChecks: whether the body in a file is still what was written. Its checksum is in the index, and to read a body
// for each hit would cost more than to send it: so it is read once, when the first one wants it after the server has
// begun, and again whenever the file was written to since; that is known by a stamp (inode, size, time of change).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>

#include "common/base/file_descriptor.h"

namespace proxycommon {

// An open body file, and the stamp that it had then.
struct BodyFile {
  FileDescriptor file;
  std::uint64_t stamp = 0;
};

// What a body is known by. It is that of the file's bytes from `offset`.
struct BodySum {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint64_t checksum = 0;
};

std::uint64_t checksumOfBody(std::string_view bytes);
// The same of a part of a file. nullopt: it cannot be read, or is too short.
std::optional<std::uint64_t> checksumOfBody(int file, std::uint64_t offset, std::uint64_t length);
// nullopt: it is no plain file.
std::optional<std::uint64_t> stampOf(int file, std::uint64_t& size);

// Stamps of files whose bodies were right, shared by all children: where there are more files than places, some are
// read once more. All zero at first.
struct BodyMarks {
  static constexpr std::size_t kPlaces = std::size_t{1} << 17;
  std::array<std::atomic<std::uint64_t>, kPlaces> stamps;
};

// Of one process. Any thread.
class BodyChecks {
 public:
  explicit BodyChecks(BodyMarks& marks) : marks_(marks) {}

  // Reads the body where that is not known yet: as long as that takes. Who wants the same one waits for it.
  bool isSound(const BodyFile& body, const BodySum& sum);
  // It was just written.
  void note(std::uint64_t stamp);

 private:
  bool isKnown(std::uint64_t stamp) const;

  BodyMarks& marks_;
  std::array<std::mutex, 16> reading_;
};

}  // namespace proxycommon
