// Bodies on their way into a store, and those who read them meanwhile.
#include "common/cache/incoming_body.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "common/shared/child_table.h"

namespace proxycommon {
namespace {

constexpr std::array<char, 8> kMagic{'p', 'r', 'o', 'x', 'y', 'b', 'd', 'y'};
constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kGrowing = 1;
constexpr std::uint32_t kWhole = 2;
constexpr std::uint64_t kMostRecord = 4 * 1024 * 1024;
constexpr std::size_t kDigits = 16;

struct Head {
  std::array<char, 8> magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint32_t state = kGrowing;
  std::uint64_t recordLength = 0;
  std::uint64_t bodyLength = 0;
};
static_assert(sizeof(Head) == 32);

template <class T>
std::string_view bytesOf(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string systemText() {
  return std::system_category().message(errno);
}

std::string digits(std::uint64_t number) {
  std::string text(kDigits, '0');
  for (std::size_t place = kDigits; number != 0; number >>= 4) text[--place] = "0123456789abcdef"[number & 15];
  return text;
}

// The identity that stands in a name; nullopt: no IncomingBody has given it.
std::optional<std::uint64_t> writerOf(std::string_view name) {
  if (name.size() != 2 * kDigits + 1 || name[kDigits] != '.') return std::nullopt;
  std::array<std::uint64_t, 2> numbers{};
  for (std::size_t part = 0; part < numbers.size(); ++part) {
    const char* begin = name.data() + part * (kDigits + 1);
    const auto [end, fault] = std::from_chars(begin, begin + kDigits, numbers[part], 16);
    if (fault != std::errc{} || end != begin + kDigits) return std::nullopt;
  }
  return numbers[0];
}

// As much as there is, up to all of `into`; -1: errno says why not.
ssize_t readAt(int file, std::span<char> into, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t got = ::pread(file, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(done);
}

template <class T>
bool readValue(int file, T& value, std::uint64_t offset) {
  const std::span<char> into(reinterpret_cast<char*>(&value), sizeof value);
  return readAt(file, into, offset) == static_cast<ssize_t>(sizeof value);
}

}  // namespace

IncomingBody::IncomingBody(std::string folder, std::string record)
    : folder_(std::move(folder)), record_(std::move(record)) {}

IncomingBody::~IncomingBody() {
  if (file_) ::unlink(path_.c_str());
}

Error IncomingBody::giveUp(std::string what) {
  if (file_) ::unlink(path_.c_str());
  file_ = FileDescriptor{};
  path_.clear();
  memory_ = {};
  size_ = 0;
  bodyOffset_ = 0;
  hasFailed_ = true;
  return failure(ErrorKind::kInternal, std::move(what));
}

Outcome IncomingBody::write(std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return giveUp("a body on its way cannot be written in " + folder_ + ": " + systemText());
    offset += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// In a folder that others may write into too: nothing that is there already is opened.
Outcome IncomingBody::makeFile() {
  constexpr int kTries = 8;
  const std::string begin = folder_ + '/' + digits(identityOf(::getpid())) + '.';
  for (int tries = 0; tries < kTries; ++tries) {
    std::uint64_t number = 0;
    if (::getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number)) continue;
    path_ = begin + digits(number);
    file_ = FileDescriptor{::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (file_) return {};
    if (errno != EEXIST && errno != EINTR) break;
  }
  return giveUp("no file for a body on its way in " + folder_ + ": " + systemText());
}

Outcome IncomingBody::moveToFile() {
  if (hasFailed_) return failure(ErrorKind::kInternal, "a body that was given up goes on");
  if (file_) return {};
  if (record_.size() > kMostRecord) return giveUp("a record of " + std::to_string(record_.size()) + " bytes");
  if (auto made = makeFile(); !made) return made;
  Head head;
  head.recordLength = record_.size();
  std::string begin{bytesOf(head)};
  begin += record_;
  bodyOffset_ = begin.size();
  begin += memory_;
  memory_ = {};
  return write(begin, 0);
}

Outcome IncomingBody::append(std::span<const char> bytes) {
  if (hasFailed_) return failure(ErrorKind::kInternal, "a body that was given up goes on");
  if (!file_ && memory_.size() + bytes.size() > kInMemory)
    if (auto moved = moveToFile(); !moved) return moved;
  if (!file_)
    memory_.append(bytes.data(), bytes.size());
  else if (auto written = write({bytes.data(), bytes.size()}, bodyOffset_ + size_); !written)
    return written;
  size_ += bytes.size();
  return {};
}

Outcome IncomingBody::finish() {
  if (hasFailed_) return failure(ErrorKind::kInternal, "a body that was given up goes on");
  if (!file_) return {};
  // In that order: whoever sees the state sees the length too.
  if (auto written = write(bytesOf(size_), offsetof(Head, bodyLength)); !written) return written;
  return write(bytesOf(kWhole), offsetof(Head, state));
}

FileDescriptor IncomingBody::takeFile() {
  return std::move(file_);
}

Result<std::string> wholeBody(const IncomingBody& body) {
  if (!body.isInFile()) return std::string{body.memory()};
  std::string bytes(static_cast<std::size_t>(body.size()), '\0');
  const ssize_t got = readAt(body.descriptor(), bytes, body.bodyOffset());
  if (got == static_cast<ssize_t>(bytes.size())) return bytes;
  return failure(ErrorKind::kInternal, "a body on its way cannot be read in " + body.path() + ": " +
                                           (got < 0 ? systemText() : "it is too short"));
}

void sweepWorkFolder(const std::string& folder) {
  std::error_code fault;
  for (std::filesystem::directory_iterator file{folder, fault}; !fault && file != std::filesystem::directory_iterator{};
       file.increment(fault)) {
    const auto writer = writerOf(file->path().filename().native());
    if (writer && !processLives(*writer)) ::unlink(file->path().c_str());
  }
}

Result<std::optional<FollowedBody>> FollowedBody::open(const std::string& path) {
  FileDescriptor file{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)};
  if (!file && errno == ENOENT) return std::optional<FollowedBody>{};
  if (!file) return failure(ErrorKind::kInternal, "a body to follow cannot be opened at " + path + ": " + systemText());
  const auto refuse = [&] { return failure(ErrorKind::kInternal, "no body to follow: " + path); };
  struct stat what {};
  if (::fstat(file.get(), &what) != 0 || !S_ISREG(what.st_mode)) return refuse();
  Head head;
  if (!readValue(file.get(), head, 0) || head.magic != kMagic || head.version != kVersion) return refuse();
  if (head.recordLength > kMostRecord) return refuse();
  std::string record(static_cast<std::size_t>(head.recordLength), '\0');
  if (readAt(file.get(), record, sizeof head) != static_cast<ssize_t>(record.size())) return refuse();
  return std::optional(FollowedBody(std::move(file), std::move(record), sizeof head + head.recordLength));
}

Result<std::size_t> FollowedBody::read(std::span<char> into) {
  const ssize_t got = readAt(file_.get(), into, bodyOffset_ + read_);
  if (got < 0) return failure(ErrorKind::kInternal, "a body that is followed cannot be read: " + systemText());
  read_ += static_cast<std::uint64_t>(got);
  return static_cast<std::size_t>(got);
}

Result<bool> FollowedBody::isComplete() const {
  std::uint32_t state = 0;
  if (!readValue(file_.get(), state, offsetof(Head, state)) || (state != kGrowing && state != kWhole))
    return failure(ErrorKind::kInternal, "the head of a body that is followed is gone");
  if (state != kWhole) return false;
  std::uint64_t length = 0;
  if (!readValue(file_.get(), length, offsetof(Head, bodyLength)) || length < read_)
    return failure(ErrorKind::kInternal, "a body that is followed is longer than it says");
  return read_ == length;
}

}  // namespace proxycommon
