// The folder of an LMDB store.
#include "common/cache/lmdb_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

namespace proxycommon {
namespace {

constexpr std::string_view kOpen = " open\n";
constexpr std::string_view kClosed = " closed\n";

Error systemFailure(const std::string& path, const char* what) {
  return failure(ErrorKind::kInternal, path + ": " + what + ": " + std::system_category().message(errno));
}

std::string contentOf(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Another one each time the machine has begun.
std::string bootOfMachine() {
  std::string boot = contentOf("/proc/sys/kernel/random/boot_id");
  while (!boot.empty() && boot.back() == '\n') boot.pop_back();
  return boot;
}

Outcome writeState(const std::string& path, std::string_view state) {
  const std::string text = bootOfMachine().append(state);
  const FileDescriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return systemFailure(path, "it cannot be written");
  return {};
}

bool removeIfThere(const std::string& path) {
  return ::unlink(path.c_str()) == 0 || errno == ENOENT;
}

// One that root has made, and nobody has put anything into, may be given away.
bool isEmpty(const std::string& path) {
  std::error_code fault;
  const bool empty = std::filesystem::is_empty(path, fault);
  return empty && !fault;
}

}  // namespace

Outcome LmdbFolder::make(uid_t user, gid_t group) const {
  // Children of a server that somebody else has started are that one's, whatever User says.
  if (::geteuid() != 0) user = ::geteuid();
  const bool isNew = ::mkdir(path_.c_str(), 0700) == 0;
  if (!isNew && errno != EEXIST) return systemFailure(path_, "the folder of the store cannot be made");
  const FileDescriptor folder{::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!folder) return systemFailure(path_, "the folder of the store cannot be opened, or is a link");
  struct stat what {};
  if (::fstat(folder.get(), &what) != 0) return systemFailure(path_, "the folder of the store cannot be looked at");
  if (what.st_uid != user) {
    if (what.st_uid != ::geteuid() || !isEmpty(path_))
      return failure(ErrorKind::kInternal, path_ + ": the folder of the store belongs to user " +
                                               std::to_string(what.st_uid) + ", and should to " + std::to_string(user));
    if (::fchown(folder.get(), user, group) != 0)
      return systemFailure(path_, "the folder of the store cannot be given to the user of children");
  }
  if ((what.st_mode & 07777) != 0700 && ::fchmod(folder.get(), 0700) != 0)
    return systemFailure(path_, "the folder of the store cannot be closed to others");
  return {};
}

std::uint64_t LmdbFolder::available() const {
  struct statvfs space {};
  if (::statvfs(path_.c_str(), &space) != 0) return 0;
  std::uint64_t bytes = std::uint64_t{space.f_bavail} * space.f_frsize;
  std::error_code fault;
  using Walk = std::filesystem::recursive_directory_iterator;
  for (Walk at(path_, fault); !fault && at != Walk{}; at.increment(fault)) {
    struct stat what {};
    if (::lstat(at->path().c_str(), &what) == 0) bytes += static_cast<std::uint64_t>(what.st_blocks) * 512;
  }
  return bytes;
}

std::uint64_t LmdbFolder::indexBytes() const {
  struct stat what {};
  return ::stat(dataFile().c_str(), &what) == 0 ? static_cast<std::uint64_t>(what.st_size) : 0;
}

bool LmdbFolder::isBelievable() const {
  const std::string state = contentOf(stateFile());
  return state.ends_with(kClosed) || state == bootOfMachine().append(kOpen);
}

Outcome LmdbFolder::noteOpen() const {
  return writeState(stateFile(), kOpen);
}

Outcome LmdbFolder::noteClosed() const {
  for (const auto& path : {dataFile(), path_}) {
    const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    if (!file || ::fsync(file.get()) != 0) return systemFailure(path, "it cannot be brought to the disk");
  }
  return writeState(stateFile(), kClosed);
}

Outcome LmdbFolder::remove() const {
  std::error_code fault;
  std::filesystem::remove_all(path_, fault);
  if (fault) return failure(ErrorKind::kInternal, path_ + ": it cannot be removed: " + fault.message());
  return {};
}

FileDescriptor LmdbFolder::held() const {
  FileDescriptor folder{::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  while (folder && ::flock(folder.get(), LOCK_EX) != 0 && errno == EINTR) {
  }
  return folder;
}

Outcome LmdbFolder::setAside() const {
  const std::string damaged = dataFile() + ".damaged";
  if (::rename(dataFile().c_str(), damaged.c_str()) != 0 && errno != ENOENT)
    return systemFailure(path_, "the damaged file cannot be set aside");
  return clear();
}

Outcome LmdbFolder::clear() const {
  if (!removeIfThere(dataFile()) || !removeIfThere(lockFile()))
    return systemFailure(path_, "what is there cannot be removed");
  bodies_.sweep([](std::uint64_t) { return false; }, true);
  return {};
}

}  // namespace proxycommon
