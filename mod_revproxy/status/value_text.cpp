// Values as text that machines read.
#include "mod_revproxy/status/value_text.h"

#include <algorithm>

namespace revproxy {
namespace {

// What may follow a leading byte (the Unicode Standard, table 3-7): how many bytes in all, and the bounds of the
// second one, by which overlong forms and surrogates are told. Size 0: nothing begins so.
struct Lead {
  std::size_t size;
  unsigned char lowest = 0x80;
  unsigned char highest = 0xbf;
};

Lead leadOf(unsigned char byte) {
  if (byte < 0x80) return {1};
  if (byte < 0xc2) return {0};
  if (byte < 0xe0) return {2};
  if (byte == 0xe0) return {3, 0xa0, 0xbf};
  if (byte == 0xed) return {3, 0x80, 0x9f};
  if (byte < 0xf0) return {3};
  if (byte == 0xf0) return {4, 0x90, 0xbf};
  if (byte < 0xf4) return {4};
  if (byte == 0xf4) return {4, 0x80, 0x8f};
  return {0};
}

// How many of the bytes belong together, and whether they are a character.
struct Part {
  std::size_t size;
  bool isCharacter;
};

Part nextPart(std::string_view bytes) {
  const Lead lead = leadOf(static_cast<unsigned char>(bytes[0]));
  if (lead.size == 0) return {1, false};
  for (std::size_t place = 1; place < lead.size; ++place) {
    const bool isSecond = place == 1;
    const unsigned char lowest = isSecond ? lead.lowest : 0x80;
    const unsigned char highest = isSecond ? lead.highest : 0xbf;
    if (place == bytes.size()) return {place, false};
    const auto byte = static_cast<unsigned char>(bytes[place]);
    if (byte < lowest || byte > highest) return {place, false};
  }
  return {lead.size, true};
}

}  // namespace

std::string decimal(std::uint64_t value, unsigned places) {
  std::string digits = std::to_string(value);
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  std::string fraction = digits.substr(digits.size() - places);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  digits.resize(digits.size() - places);
  return fraction.empty() ? digits : digits + "." + fraction;
}

std::string secondsOf(WallTime time) {
  constexpr unsigned kPlaces = 3;
  return decimal(static_cast<std::uint64_t>(std::max<std::int64_t>(time.time_since_epoch().count(), 0)), kPlaces);
}

std::string validUtf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const Part part = nextPart(bytes);
    text.append(part.isCharacter ? bytes.substr(0, part.size) : kReplacement);
    bytes.remove_prefix(part.size);
  }
  return text;
}

}  // namespace revproxy
