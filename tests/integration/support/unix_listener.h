// A Unix socket that a test listens on and nobody accepts at: to see whether anybody calls.
#pragma once

#include <filesystem>

#include "tests/integration/support/descriptor.h"

namespace proxytest {

class UnixListener {
 public:
  explicit UnixListener(const std::filesystem::path& path);
  bool hasCaller() const;

 private:
  Descriptor socket_;
};

}  // namespace proxytest
