// HeldFolders: the folders that a running server has for itself, and what it does with them at its end. Two servers
// that know nothing of each other must not use one folder: what one of them removes the other would go on serving.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/base/file_descriptor.h"
#include "common/base/result.h"

namespace proxycommon {

// Made in the parent, which keeps it from its start to its end. One thread. Children inherit the locks (flock(2)), and
// hold them for as long as any of them lives; a server that is killed as a whole leaves none.
class PROXYCOMMON_API HeldFolders {
 public:
  // How long hold() waits for a server that is about to end.
  static constexpr milliseconds kPatience{2000};

  HeldFolders();
  // In the process that has made it: does what is to be done at the end.
  ~HeldFolders();
  HeldFolders(const HeldFolders&) = delete;

  enum class Hold {
    kOurs,    // from now on, or already
    kOthers,  // another server has it
    kGone,    // its last owner has removed it meanwhile: it is to be made again
  };
  // Error kInternal: the lock cannot be made.
  Result<Hold> hold(const std::string& folder, milliseconds patience = kPatience);
  // In place of what was said of that folder before. Must not throw.
  void atEnd(const std::string& folder, std::function<void()> work) { endings_[folder] = std::move(work); }

 private:
  const pid_t parent_;
  std::map<std::string, FileDescriptor> held_;
  std::map<std::string, std::function<void()>> endings_;
};

}  // namespace proxycommon
