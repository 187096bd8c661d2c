// IncomingBody: the body of a response on its way into a store: in memory, or, when it is large or somebody else wants
// to see it already, in a file that grows. The file begins with a head of its own, so that who follows in another
// process knows what it reads: the record, and at the end whether it is whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/export.h"
#include "common/base/file_descriptor.h"
#include "common/base/result.h"

namespace proxycommon {

// The file: "proxybdy" | version u32 | state u32 | length of the record u64 | length of the body u64, 0 until it is
// whole | record | body. Numbers as the machine has them. Its name tells which process writes it: IDENTITY.RANDOM, 16
// hexadecimal digits each.

// One thread at a time. A file that nobody has taken over is unlinked when it dies. After an error all further calls
// fail.
class PROXYCOMMON_API IncomingBody {
 public:
  // Bytes kept in memory before a file is used of its own accord.
  static constexpr std::size_t kInMemory = 64 * 1024;

  // `folder` must outlive nothing: it is copied. `record` is what followers are shown in front of the body.
  IncomingBody(std::string folder, std::string record);
  ~IncomingBody();
  IncomingBody(const IncomingBody&) = delete;

  // Error kInternal: the file cannot be made or written; it holds nothing afterwards.
  Outcome append(std::span<const char> bytes);
  // From now on in a file. Error kInternal.
  Outcome moveToFile();
  // No more comes: tells followers that it is whole. Error kInternal.
  Outcome finish();

  std::uint64_t size() const { return size_; }
  bool isInFile() const { return static_cast<bool>(file_); }
  // Where it is in memory.
  std::string_view memory() const { return memory_; }
  // Where it is in a file: its path, where in it the body begins, and the descriptor.
  const std::string& path() const { return path_; }
  std::uint64_t bodyOffset() const { return bodyOffset_; }
  int descriptor() const { return file_.get(); }
  // The file is another's from now on, under that name or without any; it is not unlinked any more.
  // Nothing may be appended afterwards.
  FileDescriptor takeFile();

 private:
  Outcome makeFile();
  Outcome write(std::string_view bytes, std::uint64_t offset);
  Error giveUp(std::string what);

  std::string folder_;
  std::string record_;
  std::string memory_;
  std::string path_;
  FileDescriptor file_;
  std::uint64_t bodyOffset_ = 0;
  std::uint64_t size_ = 0;
  bool hasFailed_ = false;
};

// All of it, wherever it is. Error kInternal: its file cannot be read.
PROXYCOMMON_API Result<std::string> wholeBody(const IncomingBody& body);

// Unlinks what writers that are dead have left there. Whoever takes a file over and keeps it in that folder has to give
// it another name.
PROXYCOMMON_API void sweepWorkFolder(const std::string& folder);

// One thread at a time. Follower's side: reads what an IncomingBody of any process has in its file.
class PROXYCOMMON_API FollowedBody {
 public:
  // nullopt: there is no such file; it may be over already. Error kInternal: it cannot be opened, or is none.
  static Result<std::optional<FollowedBody>> open(const std::string& path);

  const std::string& record() const { return record_; }
  // What has come since the last call, as much as fits; empty: nothing just now. Error kInternal.
  Result<std::size_t> read(std::span<char> into);
  // Whether the writer has told that it is whole, and everything has been read.
  Result<bool> isComplete() const;

 private:
  FollowedBody(FileDescriptor file, std::string record, std::uint64_t bodyOffset)
      : file_(std::move(file)), record_(std::move(record)), bodyOffset_(bodyOffset) {}

  FileDescriptor file_;
  std::string record_;
  std::uint64_t bodyOffset_ = 0;
  std::uint64_t read_ = 0;
};

}  // namespace proxycommon
