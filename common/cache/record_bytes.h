// Numbers and texts in records, little-endian: written to a string, and read from bytes that nobody vouches for. For
// this room alone.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace proxycommon {

template <std::unsigned_integral Number>
void appendNumber(std::string& out, Number number) {
  static_assert(std::endian::native == std::endian::little);
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

// Its length in four bytes, then it. Precondition: below 2^32 bytes.
inline void appendText(std::string& out, std::string_view text) {
  appendNumber(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}

// Once something was not there, everything is zero or empty, and isGood() is false.
class RecordReader {
 public:
  explicit RecordReader(std::string_view bytes) : rest_(bytes) {}

  bool isGood() const { return isGood_; }
  bool isAtEnd() const { return rest_.empty(); }
  std::size_t left() const { return rest_.size(); }

  template <std::unsigned_integral Number>
  Number number() {
    const std::string_view bytes = take(sizeof(Number));
    if (!isGood_) return 0;
    Number number;
    std::memcpy(&number, bytes.data(), sizeof number);
    return number;
  }
  std::string_view text() { return take(number<std::uint32_t>()); }
  std::string_view take(std::size_t length) {
    if (!isGood_ || length > rest_.size()) {
      isGood_ = false;
      return {};
    }
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return taken;
  }

 private:
  std::string_view rest_;
  bool isGood_ = true;
};

}  // namespace proxycommon
