// MappedBodies: bodies of files that are asked for again and again, mapped into the process: to send one takes no
// descriptor then, and the processes that have it mapped share its memory with the file system (tmpfs, page cache).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/clock.h"

namespace proxycommon {

// A whole file, for reading. It must not become shorter meanwhile.
class MappedFile {
 public:
  // nullptr: it cannot be mapped.
  static std::shared_ptr<const MappedFile> map(int descriptor, std::size_t bytes);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;

  std::string_view bytes() const { return {start_, size_}; }

 private:
  MappedFile(const char* start, std::size_t size) : start_(start), size_(size) {}

  const char* const start_;
  const std::size_t size_;
};

// By the numbers of BodyFiles, which are used once: what is kept here is never out of date; but somebody may write to
// the file. So it is opened again now and then, and offered with the stamp that it has by then. Any thread.
class MappedBodies {
 public:
  // Larger ones are cheaper to send as files.
  static constexpr std::size_t kMostEach = 256 * 1024;
  static constexpr std::size_t kMostInAll = 16 * 1024 * 1024;
  // One that was not offered for so long goes: its file may be deleted, and takes its room nevertheless.
  static constexpr milliseconds kIdle{10'000};
  // For so long it is used without being offered again.
  static constexpr milliseconds kTrusted{1000};

  // So many bytes at most are mapped in all.
  explicit MappedBodies(std::size_t most = kMostInAll) : most_(most) {}

  // nullptr: there is none, or it is to be offered again.
  std::shared_ptr<const MappedFile> find(std::uint64_t number, Clock::time_point now = Clock::now());
  // The file has been opened for a request, and is sound: it is mapped when that is not the first time lately.
  std::shared_ptr<const MappedFile> offer(std::uint64_t number, int descriptor, std::size_t bytes,
                                          std::uint64_t stamp = 0, Clock::time_point now = Clock::now());

 private:
  struct Kept {
    std::uint64_t number;
    std::uint64_t stamp;  // as stampOf() has it
    std::shared_ptr<const MappedFile> file;
    Clock::time_point offered;
  };
  using Gone = std::vector<std::shared_ptr<const MappedFile>>;  // unmapped without the lock
  std::shared_ptr<const MappedFile> again(std::uint64_t number, std::uint64_t stamp, Clock::time_point now, Gone& gone);
  void drop(std::list<Kept>::iterator at, Gone& gone);
  bool isAgain(std::uint64_t number);

  const std::size_t most_;
  std::mutex mutex_;
  std::list<Kept> kept_;  // used last in front
  std::unordered_map<std::uint64_t, std::list<Kept>::iterator> byNumber_;
  std::size_t bytes_ = 0;
  std::vector<std::uint64_t> seen_ = std::vector<std::uint64_t>(1024);  // numbers, each where its hash says
};

}  // namespace proxycommon
