// Larger bodies, each a file of its own.
#include "common/cache/body_files.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <system_error>

namespace proxycommon {
namespace {

constexpr std::size_t kDigits = 16;
constexpr std::uint64_t kBlock = 4096;
constexpr std::time_t kLongAgo = 60;  // seconds

std::string digits(std::uint64_t number, std::size_t count) {
  std::string text(count, '0');
  for (std::size_t place = count; place > 0; number >>= 4) text[--place] = "0123456789abcdef"[number & 15];
  return text;
}

std::optional<std::uint64_t> numberOf(std::string_view name) {
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(name.data(), name.data() + name.size(), number, 16);
  if (fault != std::errc{} || end != name.data() + name.size() || name.size() != kDigits) return std::nullopt;
  return number;
}

Error systemFailure(const std::string& path, const char* what) {
  return failure(ErrorKind::kInternal, path + ": " + what + ": " + std::system_category().message(errno));
}

Outcome makeFolder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return systemFailure(path, "the folder cannot be made");
}

Result<FileDescriptor> writeFile(const std::string& path, std::string_view bytes) {
  FileDescriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!file) return systemFailure(path, "a body cannot be written");
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      auto failed = systemFailure(path, "a body cannot be written");
      ::unlink(path.c_str());
      return failed;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return file;
}

// For a file that was moved: when it came under that name.
bool isOld(const std::string& path) {
  struct stat what {};
  return ::lstat(path.c_str(), &what) == 0 && what.st_ctime + kLongAgo < std::time(nullptr);
}

}  // namespace

BodyFiles::BodyFiles(std::string folder) : bodies_(folder + "/bodies"), work_(std::move(folder) + "/work") {}

std::string BodyFiles::pathOf(std::uint64_t number) const {
  return bodies_ + '/' + digits(number & 0xff, 2) + '/' + digits(number, kDigits);
}

Outcome BodyFiles::makeFolders() const {
  if (auto made = makeFolder(bodies_); !made) return made;
  for (std::uint64_t part = 0; part < 256; ++part)
    if (auto made = makeFolder(bodies_ + '/' + digits(part, 2)); !made) return made;
  return makeFolder(work_);
}

Result<KeptBody> BodyFiles::keep(IncomingBody& body) const {
  KeptBody kept;
  while (kept.number == 0)
    if (::getrandom(&kept.number, sizeof kept.number, 0) != static_cast<ssize_t>(sizeof kept.number)) kept.number = 0;
  const std::string path = pathOf(kept.number);
  std::uint64_t size = 0;
  if (!body.isInFile()) {
    kept.checksum = checksumOfBody(body.memory());
    auto written = writeFile(path, body.memory());
    if (!written) return std::move(written.error());
    kept.stamp = stampOf(written->get(), size).value_or(0);
    return kept;
  }
  const auto checksum = checksumOfBody(body.descriptor(), body.bodyOffset(), body.size());
  if (!checksum) return systemFailure(body.path(), "a body cannot be read");
  kept.checksum = *checksum;
  if (::rename(body.path().c_str(), path.c_str()) != 0) return systemFailure(path, "a body cannot be moved there");
  const FileDescriptor file = body.takeFile();
  kept.stamp = stampOf(file.get(), size).value_or(0);
  return kept;
}

std::optional<BodyFile> BodyFiles::open(std::uint64_t number, std::uint64_t bytes) const {
  FileDescriptor file{::open(pathOf(number).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  if (!file) return std::nullopt;
  std::uint64_t size = 0;
  const auto stamp = stampOf(file.get(), size);
  if (!stamp || size != bytes) return std::nullopt;
  return BodyFile{std::move(file), *stamp};
}

void BodyFiles::remove(std::uint64_t number) const {
  if (number != 0) ::unlink(pathOf(number).c_str());
}

void BodyFiles::sweep(const std::function<bool(std::uint64_t)>& isKnown, bool evenNew) const {
  std::error_code fault;
  using Walk = std::filesystem::recursive_directory_iterator;
  for (Walk at(bodies_, fault); !fault && at != Walk{}; at.increment(fault)) {
    std::error_code ignored;
    if (at->is_directory(ignored)) continue;
    const auto number = numberOf(at->path().filename().native());
    if (number && isKnown(*number)) continue;
    if (evenNew || isOld(at->path().native())) ::unlink(at->path().c_str());
  }
  if (!evenNew) return;
  for (std::filesystem::directory_iterator at(work_, fault); !fault && at != std::filesystem::directory_iterator{};
       at.increment(fault))
    ::unlink(at->path().c_str());
}

std::uint64_t roomOfFile(std::uint64_t bytes) {
  return (bytes + kBlock - 1) / kBlock * kBlock + kBlock;
}

}  // namespace proxycommon
