// SRV records out of a DNS message.
#include "common/net/service_records.h"

#include <algorithm>
#include <limits>

#include "common/base/text.h"

namespace proxycommon {
namespace {

constexpr unsigned kTypeAlias = 5;
constexpr unsigned kTypeService = 33;
constexpr unsigned kClassInternet = 1;
constexpr std::size_t kMostName = 255;
constexpr std::uint32_t kMostLifetime = 0x7fff'ffff;  // RFC 2181 8

// Reads on and on; what lies outside the message makes it broken, and then everything is zero.
class Reader {
 public:
  explicit Reader(std::span<const unsigned char> message) : message_(message) {}

  bool isBroken() const { return broken_; }
  std::size_t place() const { return place_; }
  void moveTo(std::size_t place) { place_ = place; }

  unsigned number8() {
    if (place_ >= message_.size()) broken_ = true;
    return broken_ ? 0 : message_[place_++];
  }
  unsigned number16() {
    const unsigned high = number8();
    return high << 8 | number8();
  }
  std::uint32_t number32() {
    const std::uint32_t high = number16();
    return high << 16 | number16();
  }

  // Compressed or not (RFC 1035 4.1.4). Pointers lead backwards alone, so that no name is endless.
  std::string name() {
    std::string text;
    std::size_t end = 0;  // behind the first pointer
    std::size_t before = place_;
    while (!broken_) {
      const unsigned length = number8();
      if (length == 0) break;
      if (length < kPointer) {
        appendLabel(text, length);
        continue;
      }
      const std::size_t target = (length & ~kPointer) << 8 | number8();
      if (end == 0) end = place_;
      broken_ = broken_ || (length & kPointer) != kPointer || target >= before;
      before = place_ = target;
    }
    if (end != 0) place_ = end;
    return broken_ ? std::string{} : text;
  }

 private:
  static constexpr unsigned kPointer = 0xc0;

  void appendLabel(std::string& text, unsigned length) {
    broken_ = broken_ || length > 63 || message_.size() - place_ < length || text.size() + length + 1 > kMostName;
    if (broken_) return;
    if (!text.empty()) text.push_back('.');
    for (; length > 0; --length) text.push_back(lower(static_cast<char>(message_[place_++])));
  }

  std::span<const unsigned char> message_;
  std::size_t place_ = 0;
  bool broken_ = false;
};

// What else a label may hold would be something else to those who read the name on.
bool isHostName(std::string_view name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-._") == std::string_view::npos;
}

// The root as the target says that the service is not offered (RFC 2782).
void readService(Reader& reader, ServiceRecords& found) {
  ServiceRecord record;
  record.priority = static_cast<std::uint16_t>(reader.number16());
  record.weight = static_cast<std::uint16_t>(reader.number16());
  record.port = static_cast<std::uint16_t>(reader.number16());
  record.host = reader.name();
  if (!reader.isBroken() && isHostName(record.host) && record.port != 0 && found.records.size() < kMostServiceRecords)
    found.records.push_back(std::move(record));
}

}  // namespace

std::optional<ServiceRecords> readServiceRecords(std::span<const unsigned char> message) {
  Reader reader(message);
  reader.number32();  // identity and flags
  const unsigned questions = reader.number16();
  const unsigned answers = reader.number16();
  reader.number32();  // how much else there is
  for (unsigned count = 0; count < questions && !reader.isBroken(); ++count) {
    reader.name();
    reader.number32();  // type and class
  }
  ServiceRecords found;
  std::uint32_t lifetime = kMostLifetime;
  for (unsigned count = 0; count < answers && !reader.isBroken(); ++count) {
    reader.name();
    const unsigned type = reader.number16();
    const unsigned kind = reader.number16();
    const std::uint32_t timeToLive = reader.number32();
    const std::size_t length = reader.number16();
    const std::size_t end = reader.place() + length;
    if (end > message.size()) return std::nullopt;
    const bool leads = kind == kClassInternet && (type == kTypeAlias || type == kTypeService);
    if (leads) lifetime = std::min(lifetime, timeToLive > kMostLifetime ? 0 : timeToLive);
    if (leads && type == kTypeService) readService(reader, found);
    if (reader.isBroken() || reader.place() > end) return std::nullopt;
    reader.moveTo(end);
  }
  if (reader.isBroken()) return std::nullopt;
  found.lifetime = std::chrono::seconds{found.records.empty() ? 0 : lifetime};
  return found;
}

}  // namespace proxycommon
