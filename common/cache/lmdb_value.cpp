// What stands under a key of the LMDB store.
#include "common/cache/lmdb_value.h"

#include <cstddef>
#include <cstring>

#include "common/base/checksum.h"
#include "common/cache/body_files.h"

namespace proxycommon {
namespace {

constexpr std::uint32_t kVersion = 2;

struct Head {
  std::uint64_t checksum = 0;  // of all behind it
  std::int64_t began = 0;
  std::int64_t useUntil = 0;
  std::uint64_t file = 0;
  std::uint64_t bodyOffset = 0;
  std::uint64_t bodyLength = 0;
  std::uint64_t bodyChecksum = 0;
  std::uint32_t recordLength = 0;
  std::uint32_t urlLength = 0;
  std::uint32_t tagCount = 0;
  std::uint32_t version = kVersion;
};
static_assert(sizeof(Head) == 72);

std::uint64_t checksumOfValue(const Digest& key, std::string_view bytes) {
  return checksumOf(bytes.substr(sizeof(Head::checksum)), checksumOf(key.view()));
}

template <class T>
T field(std::string_view bytes, std::size_t offset) {
  T value{};
  if (bytes.size() >= sizeof(Head)) std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

// Takes so many bytes off the front. Precondition: there are as many.
std::string_view taken(std::string_view& bytes, std::size_t count) {
  const std::string_view front = bytes.substr(0, count);
  bytes.remove_prefix(count);
  return front;
}

}  // namespace

std::uint64_t tagHash(std::string_view tag) {
  return checksumOf(tag);
}

std::string writtenValue(const Digest& key, const LmdbValue& value) {
  Head head;
  head.began = value.began;
  head.useUntil = value.useUntil;
  head.file = value.file;
  head.bodyOffset = value.bodyOffset;
  head.bodyLength = value.bodyLength;
  head.bodyChecksum = value.bodyChecksum;
  head.recordLength = static_cast<std::uint32_t>(value.record.size());
  head.urlLength = static_cast<std::uint32_t>(value.url.size());
  head.tagCount = static_cast<std::uint32_t>(value.tags.size());
  const std::size_t tagBytes = value.tags.size() * sizeof(std::uint64_t);
  std::string bytes;
  bytes.reserve(sizeof head + tagBytes + value.url.size() + value.record.size() + value.body.size());
  bytes.append(reinterpret_cast<const char*>(&head), sizeof head);
  bytes.append(reinterpret_cast<const char*>(value.tags.data()), tagBytes);
  bytes.append(value.url).append(value.record).append(value.body);
  const std::uint64_t checksum = checksumOfValue(key, bytes);
  std::memcpy(bytes.data(), &checksum, sizeof checksum);
  return bytes;
}

std::optional<LmdbValue> readValue(const Digest& key, std::string_view bytes) {
  Head head;
  if (bytes.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, bytes.data(), sizeof head);
  if (head.version != kVersion) return std::nullopt;
  if (head.checksum != checksumOfValue(key, bytes)) return std::nullopt;
  bytes.remove_prefix(sizeof head);
  // A checksum can meet by chance: lengths are looked at all the same.
  const std::uint64_t tagBytes = head.tagCount * std::uint64_t{sizeof(std::uint64_t)};
  const std::uint64_t inside = head.file == 0 ? head.bodyLength : 0;
  if (inside > bytes.size() || tagBytes + head.urlLength + head.recordLength != bytes.size() - inside)
    return std::nullopt;
  LmdbValue value;
  value.began = head.began;
  value.useUntil = head.useUntil;
  value.file = head.file;
  value.bodyOffset = head.bodyOffset;
  value.bodyLength = head.bodyLength;
  value.bodyChecksum = head.bodyChecksum;
  value.tags.resize(head.tagCount);
  if (tagBytes > 0) std::memcpy(value.tags.data(), bytes.data(), tagBytes);
  bytes.remove_prefix(tagBytes);
  value.url = taken(bytes, head.urlLength);
  value.record = taken(bytes, head.recordLength);
  value.body = bytes;
  return value;
}

LmdbGone LmdbGone::of(std::string_view value) {
  const auto file = field<std::uint64_t>(value, offsetof(Head, file));
  if (file == 0) return {};
  return {file, roomOfFile(field<std::uint64_t>(value, offsetof(Head, bodyOffset)) +
                           field<std::uint64_t>(value, offsetof(Head, bodyLength)))};
}

std::int64_t useOfValue(std::string_view bytes) {
  return field<std::int64_t>(bytes, offsetof(Head, useUntil));
}

}  // namespace proxycommon
