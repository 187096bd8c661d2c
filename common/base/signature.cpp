// Signatures by OpenSSL.
#include "common/base/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdint>
#include <stdexcept>

namespace proxycommon {

std::string base64Url(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) text.push_back(kAlphabet[bits >> (count - 6) & 63]);
  }
  if (count > 0) text.push_back(kAlphabet[bits << (6 - count) & 63]);
  return text;
}

std::string sign(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  // To OpenSSL a null key is "the one from before".
  const char* const start = key.empty() ? "" : key.data();
  if (!HMAC(EVP_sha256(), start, static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
            text.size(), digest.data(), &size))
    throw std::runtime_error("OpenSSL makes no HMAC with SHA-256");
  return base64Url({reinterpret_cast<const char*>(digest.data()), size});
}

std::array<unsigned char, 32> sha256(std::string_view text) {
  // What EVP_sha256() stands for would be searched for by each call. Never freed: OpenSSL may have ended before.
  static const EVP_MD* const kind = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  std::array<unsigned char, 32> digest;
  if (!kind || EVP_Digest(text.data(), text.size(), digest.data(), nullptr, kind, nullptr) != 1)
    throw std::runtime_error("OpenSSL makes no SHA-256");
  return digest;
}

bool isSameSecret(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace proxycommon
