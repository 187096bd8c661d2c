// A set of TCP ports as people write one: "80,443,8000-8999".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/export.h"

namespace proxycommon {

class PROXYCOMMON_API PortSet {
 public:
  // Numbers from 1 to 65535 and rising ranges, separated by commas; nullopt for anything else.
  static std::optional<PortSet> parse(std::string_view text);
  static PortSet all();

  bool contains(std::uint16_t port) const;
  std::string toString() const;

 private:
  struct Range {
    std::uint16_t first;
    std::uint16_t last;
  };
  std::vector<Range> ranges_;
};

}  // namespace proxycommon
