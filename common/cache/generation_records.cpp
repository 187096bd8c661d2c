// The bytes of GenerationStore's records: kind, checksum, then the fields; numbers in 8 bytes, the lowest first, so
// that machines of any kind share a store; texts behind their length.
#include "common/cache/generation_records.h"

#include <sys/random.h>

#include <cstring>

namespace proxycommon {
namespace {

// A change of the layout changes these, and what is kept in the old one is not there any more.
constexpr std::string_view kGeneration = "pxG1";
constexpr std::string_view kTombstone = "pxT1";
constexpr std::string_view kPrefixList = "pxP1";
constexpr std::string_view kEntry = "pxE1";
constexpr std::size_t kKindLength = 4;
constexpr std::size_t kHeadLength = kKindLength + sizeof(Digest::bytes);

class Writer {
 public:
  explicit Writer(std::string_view kind, std::size_t expected = 0) {
    bytes_.reserve(kHeadLength + expected);
    bytes_.append(kind).append(sizeof(Digest::bytes), '\0');
  }

  void number(std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) bytes_.push_back(static_cast<char>(value >> shift & 0xff));
  }
  void time(WallTime value) { number(static_cast<std::uint64_t>(value.time_since_epoch().count())); }
  void bits(const std::array<unsigned char, 16>& value) {
    bytes_.append(reinterpret_cast<const char*>(value.data()), value.size());
  }
  void text(std::string_view value) {
    number(value.size());
    bytes_.append(value);
  }

  std::string finish() {
    const Digest sum = digestOf(std::string_view(bytes_).substr(kHeadLength));
    std::memcpy(bytes_.data() + kKindLength, sum.bytes.data(), sum.bytes.size());
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
};

// Once something is missing everything is, and isWhole() tells.
class Reader {
 public:
  Reader(std::string_view bytes, std::string_view kind) {
    if (bytes.size() < kHeadLength || bytes.substr(0, kKindLength) != kind) return;
    rest_ = bytes.substr(kHeadLength);
    isGood_ = digestOf(rest_).view() == bytes.substr(kKindLength, sizeof(Digest::bytes));
  }

  bool isGood() const { return isGood_; }
  bool isWhole() const { return isGood_ && rest_.empty(); }

  std::uint64_t number() {
    const std::string_view bytes = take(8);
    std::uint64_t value = 0;
    for (std::size_t at = bytes.size(); at > 0; --at) value = value << 8 | static_cast<unsigned char>(bytes[at - 1]);
    return value;
  }
  WallTime time() { return WallTime{milliseconds{static_cast<milliseconds::rep>(number())}}; }
  // One that can be reckoned with.
  WallTime event() {
    constexpr WallTime kFar{milliseconds{1'000'000'000'000'000}};
    const WallTime value = time();
    isGood_ = isGood_ && value >= WallTime{} && value < kFar;
    return isGood_ ? value : WallTime{};
  }
  std::array<unsigned char, 16> bits() {
    std::array<unsigned char, 16> value{};
    const std::string_view bytes = take(value.size());
    if (isGood_) std::memcpy(value.data(), bytes.data(), value.size());
    return value;
  }
  std::string_view text() { return take(number()); }

 private:
  std::string_view take(std::uint64_t length) {
    isGood_ = isGood_ && length <= rest_.size();
    if (!isGood_) return {};
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return taken;
  }

  std::string_view rest_;
  bool isGood_ = false;
};

}  // namespace

Result<Nonce> makeNonce() {
  Nonce nonce;
  if (::getrandom(nonce.data(), nonce.size(), 0) == static_cast<ssize_t>(nonce.size())) return nonce;
  return failure(ErrorKind::kInternal, std::string("getrandom: ") + std::strerror(errno));
}

std::string encode(const Generation& value) {
  Writer writer(kGeneration);
  writer.bits(value.id);
  writer.time(value.removed);
  return writer.finish();
}

std::string encode(const Tombstone& value) {
  Writer writer(kTombstone);
  writer.time(value.removed);
  writer.bits(value.by);
  return writer.finish();
}

std::string encode(const PrefixList& value) {
  Writer writer(kPrefixList);
  writer.bits(value.epoch);
  writer.time(value.since);
  for (const PrefixList::Removed& removed : value.removed) {
    writer.text(removed.prefix);
    writer.time(removed.when);
  }
  return writer.finish();
}

std::string encode(const EntryRecord& value) {
  Writer writer(kEntry, 128 + value.tags.size() * 32 + value.url.size() + value.record.size() + value.body.size());
  writer.bits(value.key.bytes);
  writer.time(value.began);
  writer.time(value.useUntil);
  writer.bits(value.epoch);
  writer.number(value.tags.size());
  for (const EntryRecord::Tag& tag : value.tags) {
    writer.bits(tag.tag.bytes);
    writer.bits(tag.generation);
  }
  writer.text(value.url);
  writer.text(value.record);
  writer.text(value.body);
  return writer.finish();
}

std::optional<Generation> decodeGeneration(std::string_view bytes) {
  Reader reader(bytes, kGeneration);
  Generation value;
  value.id = reader.bits();
  value.removed = reader.event();
  return reader.isWhole() ? std::optional(value) : std::nullopt;
}

std::optional<Tombstone> decodeTombstone(std::string_view bytes) {
  Reader reader(bytes, kTombstone);
  Tombstone value;
  value.removed = reader.event();
  value.by = reader.bits();
  return reader.isWhole() ? std::optional(value) : std::nullopt;
}

std::optional<PrefixList> decodePrefixList(std::string_view bytes) {
  Reader reader(bytes, kPrefixList);
  PrefixList value;
  value.epoch = reader.bits();
  value.since = reader.event();
  while (reader.isGood() && !reader.isWhole()) {
    PrefixList::Removed removed;
    removed.prefix = reader.text();
    removed.when = reader.event();
    value.removed.push_back(std::move(removed));
  }
  return reader.isWhole() ? std::optional(std::move(value)) : std::nullopt;
}

std::optional<EntryRecord> decodeEntry(std::string_view bytes) {
  Reader reader(bytes, kEntry);
  EntryRecord value;
  value.key.bytes = reader.bits();
  value.began = reader.event();
  value.useUntil = reader.time();
  value.epoch = reader.bits();
  const std::uint64_t tags = reader.number();
  for (std::uint64_t tag = 0; tag < tags && reader.isGood(); ++tag) {
    EntryRecord::Tag read;
    read.tag.bytes = reader.bits();
    read.generation = reader.bits();
    value.tags.push_back(read);
  }
  value.url = reader.text();
  value.record = reader.text();
  value.body = reader.text();
  return reader.isWhole() ? std::optional(std::move(value)) : std::nullopt;
}

}  // namespace proxycommon
