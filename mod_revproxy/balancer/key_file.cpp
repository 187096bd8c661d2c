// The file with the key that signs session cookies.
#include "mod_revproxy/balancer/key_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "common/base/file_descriptor.h"

namespace revproxy {
namespace {

using proxycommon::Error;
using proxycommon::ErrorKind;
using proxycommon::failure;
using proxycommon::FileDescriptor;

constexpr std::size_t kMostKeySize = 64 * 1024;

std::string causeOf(int error) {
  return std::generic_category().message(error);
}

Error mistake(const std::string& path, std::string_view what) {
  return failure(ErrorKind::kInternal, "the key file " + path + " " + std::string{what});
}

// Of what is open, so that nobody can exchange it meanwhile.
proxycommon::Outcome checkAttributes(const std::string& path, const struct stat& attributes) {
  if (!S_ISREG(attributes.st_mode)) return mistake(path, "is no regular file: name one with at least 32 random bytes");
  if (attributes.st_uid != 0 && attributes.st_uid != ::geteuid())
    return mistake(path, "belongs to the user " + std::to_string(attributes.st_uid) +
                             ", who could exchange it: chown it to root, or to the user that starts httpd");
  if ((attributes.st_mode & (S_IRWXO | S_IWGRP)) != 0)
    return mistake(path, "is open to others, who could make cookies with it: chmod 600 it");
  if (attributes.st_size < static_cast<off_t>(kLeastKeySize))
    return mistake(path, "has fewer than 32 bytes: fill it by \"openssl rand 32\"");
  if (attributes.st_size > static_cast<off_t>(kMostKeySize)) return mistake(path, "has more than 64 kB: 32 bytes do");
  return {};
}

Result<std::string> readAll(const std::string& path, int file, std::size_t size) {
  std::string key(size, '\0');
  for (std::size_t have = 0; have < size;) {
    const ssize_t count = ::read(file, key.data() + have, size - have);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return mistake(path, "cannot be read: " + causeOf(errno));
    if (count == 0) return mistake(path, "has become shorter while it was read: try again");
    have += static_cast<std::size_t>(count);
  }
  return key;
}

Result<std::string> readOpenFile(const std::string& path, const FileDescriptor& file) {
  struct stat attributes {};
  if (::fstat(file.get(), &attributes) != 0) return mistake(path, "cannot be looked at: " + causeOf(errno));
  if (auto fits = checkAttributes(path, attributes); !fits) return std::move(fits.error());
  return readAll(path, file.get(), static_cast<std::size_t>(attributes.st_size));
}

// A name that is a pipe must not make httpd wait.
FileDescriptor openToRead(const std::string& path, KeyFileLink link) {
  const int noFollow = link == KeyFileLink::kRefused ? O_NOFOLLOW : 0;
  return FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | noFollow));
}

Error cannotOpen(const std::string& path, int error, KeyFileLink link) {
  const bool isLink = error == ELOOP && link == KeyFileLink::kRefused;
  return mistake(path, isLink ? "is a symbolic link, and httpd makes none there: remove it"
                              : "cannot be opened: " + causeOf(error));
}

// A file that is removed unless it gets its place.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& beside) : name_(beside + ".XXXXXX") {
    file_ = FileDescriptor(::mkostemp(name_.data(), O_CLOEXEC));
    if (!file_) error_ = errno;
  }
  ~TemporaryFile() {
    if (file_) ::unlink(name_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  // Each: 0, or what went wrong. mkostemp() gives it the mode 0600.
  int write(const std::string& bytes) {
    if (error_ != 0) return error_;
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t count = ::write(file_.get(), bytes.data() + done, bytes.size() - done);
      if (count < 0 && errno != EINTR) return errno;
      if (count > 0) done += static_cast<std::size_t>(count);
    }
    return ::fsync(file_.get()) == 0 ? 0 : errno;
  }
  // A rename would take the place of a key that another process has put there, and uses already.
  int appearAs(const std::string& path) const { return ::link(name_.c_str(), path.c_str()) == 0 ? 0 : errno; }

 private:
  std::string name_;
  FileDescriptor file_;
  int error_ = 0;
};

// 0: the file is there, by us or by another.
int makeFile(const std::string& path, const std::string& key) {
  TemporaryFile file(path);
  if (const int error = file.write(key)) return error;
  const int error = file.appearAs(path);
  return error == EEXIST ? 0 : error;
}

}  // namespace

Result<std::string> readKeyFile(const std::string& path, KeyFileLink link) {
  const FileDescriptor file = openToRead(path, link);
  if (!file) return cannotOpen(path, errno, link);
  return readOpenFile(path, file);
}

std::string makeKey() {
  std::string key(kLeastKeySize, '\0');
  // Up to 256 bytes come whole, once the kernel has them (getrandom(2)).
  while (::getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size()))
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "getrandom");
  return key;
}

KeptKeyFile keepKeyFile(const std::string& path, const std::string& key) {
  FileDescriptor file = openToRead(path, KeyFileLink::kRefused);
  if (!file && errno == ENOENT) {
    if (const int error = makeFile(path, key))
      return {KeyFileState::kCannotBeMade, {}, "the key file " + path + " cannot be written: " + causeOf(error)};
    file = openToRead(path, KeyFileLink::kRefused);
  }
  if (!file) return {KeyFileState::kBad, {}, cannotOpen(path, errno, KeyFileLink::kRefused).detail};
  auto kept = readOpenFile(path, file);
  if (!kept) return {KeyFileState::kBad, {}, std::move(kept.error().detail)};
  return {KeyFileState::kKept, std::move(*kept), {}};
}

}  // namespace revproxy
