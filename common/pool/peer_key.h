// PeerKey: all that makes two connections interchangeable, as one text that is compared whole. A part that is left out
// would let one policy's, or one identity's, connection serve another.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

namespace proxycommon {

class PeerKey {
 public:
  // Each part goes in with its length, so that no two lists of parts give the same text.
  explicit PeerKey(std::initializer_list<std::string_view> parts) {
    for (const std::string_view part : parts) text_.append(std::to_string(part.size())).append(":").append(part);
  }

  const std::string& text() const { return text_; }
  bool operator==(const PeerKey&) const = default;

 private:
  std::string text_;
};

struct PeerKeyHash {
  std::size_t operator()(const PeerKey& key) const { return std::hash<std::string>{}(key.text()); }
};

}  // namespace proxycommon
