// Digest: of SHA-256, cut (NIST SP 800-107 5.1).
#include "common/cache/digest.h"

#include <algorithm>

#include "common/base/signature.h"

namespace proxycommon {

std::string Digest::hex() const {
  static constexpr std::string_view kDigits = "0123456789abcdef";
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
