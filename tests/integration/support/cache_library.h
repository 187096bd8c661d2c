// An origin of objects that may be cached, each of which has one body for ever, so that a wrong one is seen wherever it
// comes from: another object's, an old half, a damaged one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

class CacheLibrary {
 public:
  enum class Bodies {
    kSmall,     // up to 3 kB
    kAllSizes,  // up to kLargest
  };
  static constexpr std::size_t kLargest = 300'000;

  CacheLibrary(Bodies bodies, int size);

  std::string url() const { return origin_.url("/"); }
  int size() const { return static_cast<int>(bodies_.size()); }
  static std::string target(int object) { return "/" + std::to_string(object); }
  const std::string& body(int object) const { return bodies_.at(static_cast<std::size_t>(object)); }
  // Any thread. Throws where there is no such object.
  const std::string& bodyFor(std::string_view target) const { return body(std::stoi(std::string(target.substr(1)))); }

 private:
  std::vector<std::string> bodies_;
  ScriptedOrigin origin_;
};

}  // namespace proxytest
