// Digest: of SHA-256, cut (NIST SP 800-107 5.1).
#include "common/cache/digest.h"

#include <algorithm>

#include "common/base/signature.h"

namespace proxycommon {

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

}  // namespace

std::array<char, 16> Digest::brief() const {
  std::array<char, 16> text;
  for (std::size_t place = 0; place < text.size(); ++place)
    text[place] = kDigits[place % 2 == 0 ? bytes[place / 2] >> 4 : bytes[place / 2] & 15];
  return text;
}

std::string Digest::hex() const {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) text.append({kDigits[byte >> 4], kDigits[byte & 15]});
  return text;
}

Digest digestOf(std::string_view text) {
  const auto whole = sha256(text);
  Digest digest;
  std::copy_n(whole.begin(), digest.bytes.size(), digest.bytes.begin());
  return digest;
}

}  // namespace proxycommon
