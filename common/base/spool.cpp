// Bytes that wait for whoever is slow.
#include "common/base/spool.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace proxycommon {
namespace {

Error systemFailure(const char* what) {
  return failure(ErrorKind::kInternal,
                 std::string{what} + " in the directory for temporary files: " + std::system_category().message(errno));
}

FileDescriptor makeNamelessFile() {
  const char* configured = std::getenv("TMPDIR");
  const std::string directory = configured && *configured ? configured : "/tmp";
  FileDescriptor file{::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  if (file) return file;
  // Not every file system has files without a name.
  std::string name = directory + "/proxy-spool-XXXXXX";
  file = FileDescriptor{::mkostemp(name.data(), O_CLOEXEC)};
  if (file) ::unlink(name.c_str());
  return file;
}

}  // namespace

Outcome Spool::append(std::span<const char> bytes) {
  // What has come later must not overtake what is in the file.
  const bool fileInUse = fileSize_ > fileRead_;
  if (fileInUse || memory_.size() - memoryRead_ + bytes.size() > kInMemory) return appendToFile(bytes);
  memory_.erase(0, std::exchange(memoryRead_, 0));
  memory_.append(bytes.data(), bytes.size());
  return {};
}

Outcome Spool::appendToFile(std::span<const char> bytes) {
  if (!file_) file_ = makeNamelessFile();
  if (!file_) return systemFailure("no file can be made");
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(fileSize_));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return systemFailure("a file cannot be written");
    fileSize_ += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

// A reader that stays a little behind never comes to the end of the file: what it has read must not stay on the disk.
void Spool::giveBackRead() {
  constexpr std::uint64_t kWorthIt = 1024 * 1024;
  if (fileRead_ - givenBack_ < kWorthIt) return;
  // Where the file system cannot do it, the file only takes more room than it need.
  ::fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(givenBack_),
              static_cast<off_t>(fileRead_ - givenBack_));
  givenBack_ = fileRead_;
}

Result<std::size_t> Spool::read(std::span<char> into) {
  const std::size_t ofMemory = std::min(into.size(), memory_.size() - memoryRead_);
  if (ofMemory > 0) {
    std::memcpy(into.data(), memory_.data() + memoryRead_, ofMemory);
    memoryRead_ += ofMemory;
    return ofMemory;
  }
  if (fileRead_ == fileSize_) return std::size_t{0};
  ssize_t got;
  do
    got = ::pread(file_.get(), into.data(), std::min<std::uint64_t>(into.size(), fileSize_ - fileRead_),
                  static_cast<off_t>(fileRead_));
  while (got < 0 && errno == EINTR);
  if (got <= 0) return systemFailure("a file cannot be read");
  fileRead_ += static_cast<std::uint64_t>(got);
  giveBackRead();
  if (fileRead_ == fileSize_) {
    fileRead_ = fileSize_ = givenBack_ = 0;
    if (::ftruncate(file_.get(), 0) != 0) file_ = FileDescriptor{};
  }
  return static_cast<std::size_t>(got);
}

}  // namespace proxycommon
