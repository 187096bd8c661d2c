// Folders that a server has for itself.
#include "common/cache/held_folders.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

namespace proxycommon {
namespace {

constexpr milliseconds kMoment{20};

// Whether that is still the file of that name.
bool isThere(const FileDescriptor& file, const std::string& path) {
  struct stat held {};
  struct stat named {};
  return ::fstat(file.get(), &held) == 0 && ::lstat(path.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
         held.st_dev == named.st_dev;
}

Error systemFailure(const std::string& path) {
  return failure(ErrorKind::kInternal, path + ": it cannot be locked: " + std::system_category().message(errno));
}

}  // namespace

HeldFolders::HeldFolders() : parent_(::getpid()) {}

HeldFolders::~HeldFolders() {
  if (::getpid() != parent_) return;
  for (const auto& [folder, work] : endings_) work();
}

Result<HeldFolders::Hold> HeldFolders::hold(const std::string& folder, milliseconds patience) {
  const std::string path = folder + "/owner";
  if (const auto before = held_.find(folder); before != held_.end() && isThere(before->second, path))
    return Hold::kOurs;
  FileDescriptor file{::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600)};
  if (!file && errno == ENOENT) return Hold::kGone;
  if (!file) return systemFailure(path);
  const Deadline deadline = Deadline::after(patience);
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return systemFailure(path);
    if (deadline.expired()) return Hold::kOthers;
    std::this_thread::sleep_for(kMoment);
  }
  if (!isThere(file, path)) return Hold::kGone;
  held_[folder] = std::move(file);
  return Hold::kOurs;
}

}  // namespace proxycommon
