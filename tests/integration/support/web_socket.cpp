// See web_socket.h.
#include "tests/integration/support/web_socket.h"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace proxytest {

std::string webSocketAccept(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1)
    throw std::runtime_error("no SHA-1");
  std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> encoded{};
  const int length = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(size));
  return std::string(encoded.begin(), encoded.begin() + length);
}

}  // namespace proxytest
