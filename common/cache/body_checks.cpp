// Whether bodies in files are what was written.
#include "common/cache/body_checks.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "common/base/checksum.h"

namespace proxycommon {
namespace {

constexpr std::size_t kPart = 64 * 1024;  // bytes; the checksum of a body depends on it
constexpr std::size_t kChoices = 4;       // places that a stamp may have

std::size_t firstPlace(std::uint64_t stamp) {
  return stamp % (BodyMarks::kPlaces / kChoices) * kChoices;
}

// All bytes, unless there are fewer, or they cannot be read.
bool readPart(int file, std::uint64_t offset, char* into, std::size_t bytes) {
  for (std::size_t done = 0; done < bytes;) {
    const ssize_t got = ::pread(file, into + done, bytes - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

std::uint64_t checksumOfBody(std::string_view bytes) {
  std::uint64_t sum = 0;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(kPart, bytes.size())))
    sum = checksumOf(bytes.substr(0, kPart), sum);
  return sum;
}

std::optional<std::uint64_t> checksumOfBody(int file, std::uint64_t offset, std::uint64_t length) {
  const auto part = std::make_unique_for_overwrite<char[]>(kPart);
  std::uint64_t sum = 0;
  while (length > 0) {
    const std::size_t bytes = static_cast<std::size_t>(std::min<std::uint64_t>(length, kPart));
    if (!readPart(file, offset, part.get(), bytes)) return std::nullopt;
    sum = checksumOf({part.get(), bytes}, sum);
    offset += bytes;
    length -= bytes;
  }
  return sum;
}

std::optional<std::uint64_t> stampOf(int file, std::uint64_t& size) {
  struct stat what {};
  if (::fstat(file, &what) != 0 || !S_ISREG(what.st_mode) || what.st_size < 0) return std::nullopt;
  size = static_cast<std::uint64_t>(what.st_size);
  const std::array<std::uint64_t, 4> facts{what.st_ino, size, static_cast<std::uint64_t>(what.st_ctim.tv_sec),
                                           static_cast<std::uint64_t>(what.st_ctim.tv_nsec)};
  return checksumOf({reinterpret_cast<const char*>(facts.data()), sizeof facts}) | 1;  // never that of a free place
}

bool BodyChecks::isKnown(std::uint64_t stamp) const {
  const auto first = marks_.stamps.begin() + static_cast<std::ptrdiff_t>(firstPlace(stamp));
  return std::any_of(first, first + kChoices, [stamp](const auto& place) { return place.load() == stamp; });
}

void BodyChecks::note(std::uint64_t stamp) {
  const std::size_t first = firstPlace(stamp);
  std::size_t chosen = first + (stamp >> 32) % kChoices;
  for (std::size_t place = first; place < first + kChoices; ++place)
    if (marks_.stamps[place].load() == 0) chosen = place;
  marks_.stamps[chosen].store(stamp);
}

bool BodyChecks::isSound(const BodyFile& body, const BodySum& sum) {
  if (isKnown(body.stamp)) return true;
  const std::lock_guard lock(reading_[body.stamp / 2 % reading_.size()]);
  if (isKnown(body.stamp)) return true;
  if (checksumOfBody(body.file.get(), sum.offset, sum.length) != sum.checksum) return false;
  note(body.stamp);
  return true;
}

}  // namespace proxycommon
