// See content.h.
#include "tests/integration/support/content.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace proxytest {
namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);
constexpr std::size_t kPiece = 256 * 1024;

// The word at any place can be made without those before it: SplitMix64, a counter through a mixing function.
std::uint64_t wordAt(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t word = (seed + 1) * 0xd1342543de82ef95U + index * 0x9e3779b97f4a7c15U;
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9U;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebU;
  return word ^ (word >> 31);
}

}  // namespace

std::size_t ContentStream::read(char* buffer, std::size_t capacity) {
  const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(capacity, remaining()));
  for (std::size_t done = 0; done < count;) {
    const std::uint64_t word = wordAt(seed_, position_ / kWord);
    const std::size_t skip = position_ % kWord;
    const std::size_t part = std::min(kWord - skip, count - done);
    std::memcpy(buffer + done, reinterpret_cast<const char*>(&word) + skip, part);
    done += part;
    position_ += part;
  }
  return count;
}

std::string makeContent(std::uint64_t seed, std::uint64_t size) {
  std::string content(size, '\0');
  ContentStream(seed, size).read(content.data(), content.size());
  return content;
}

struct Sha256::Context {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  if (EVP_DigestInit_ex(context_->digest.get(), EVP_sha256(), nullptr) != 1) throw std::runtime_error("no SHA-256");
}

Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
  EVP_DigestUpdate(context_->digest.get(), bytes.data(), bytes.size());
}

std::string Sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(context_->digest.get(), digest.data(), &size);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned int index = 0; index < size; ++index) {
    text += kDigits[digest[index] >> 4];
    text += kDigits[digest[index] & 15U];
  }
  return text;
}

std::string hashOf(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

std::string hashOfContent(std::uint64_t seed, std::uint64_t size) {
  ContentStream stream(seed, size);
  std::vector<char> piece(kPiece);
  Sha256 hash;
  while (const std::size_t count = stream.read(piece.data(), piece.size())) hash.update({piece.data(), count});
  return hash.finish();
}

}  // namespace proxytest
