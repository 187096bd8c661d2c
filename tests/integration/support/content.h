// Bodies for the tests: pseudo-random bytes that a number decides, made as they are needed and never held as a whole,
// and the hash that tells whether they came over unharmed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace proxytest {

// The bytes 0 … size-1 of the content with this seed, one piece after the other.
class ContentStream {
 public:
  ContentStream(std::uint64_t seed, std::uint64_t size) : seed_(seed), size_(size) {}

  // Fills as much of the buffer as there is content left for, and returns how much that was.
  std::size_t read(char* buffer, std::size_t capacity);
  std::uint64_t remaining() const { return size_ - position_; }

 private:
  std::uint64_t seed_;
  std::uint64_t size_;
  std::uint64_t position_ = 0;
};

std::string makeContent(std::uint64_t seed, std::uint64_t size);

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view bytes);
  std::string finish();  // in hexadecimal; nothing may be added afterwards

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string hashOf(std::string_view bytes);
std::string hashOfContent(std::uint64_t seed, std::uint64_t size);

}  // namespace proxytest
