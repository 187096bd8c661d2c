// HeldBody: the bytes of a response that its client has not taken yet: in a file that has them anyway, since the
// response is on its way into a store, or in a Spool.
#pragma once

#include <cstdint>
#include <span>

#include "common/base/export.h"
#include "common/base/file_descriptor.h"
#include "common/base/result.h"
#include "common/base/spool.h"

namespace proxycommon {

// One thread at a time. Positions count from the first byte of the body.
class PROXYCOMMON_API HeldBody {
 public:
  // Those at `position` come behind what is held. Error kInternal.
  Outcome append(std::span<const char> bytes, std::uint64_t position);
  // As much as fits `into`; nothing when it is empty. Error kInternal.
  Result<std::size_t> read(std::span<char> into);

  // A file that has the whole body, where that begins at `offset`: what is held, which ends before `position`, and what
  // is appended from now on. The descriptor is duplicated; where that fails all is as before.
  void useFile(int descriptor, std::uint64_t offset, std::uint64_t position);
  // What is appended is not in the file any more; what is held stays there.
  void leaveFile() { isInFile_ = false; }
  bool isInFile() const { return isInFile_; }

  bool isEmpty() const { return size() == 0; }
  std::uint64_t size() const { return fileEnd_ - filePlace_ + spool_.size(); }

 private:
  FileDescriptor file_;
  std::uint64_t bodyOffset_ = 0;
  std::uint64_t filePlace_ = 0;  // positions of what is held there
  std::uint64_t fileEnd_ = 0;
  bool isInFile_ = false;
  Spool spool_;  // behind it
};

}  // namespace proxycommon
