// A real Redis that keeps everything in its memory.
#pragma once

#include <cstddef>

#include "tests/integration/support/server_process.h"

namespace proxytest {

class Redis : public ServerProcess {
 public:
  Redis();  // returns when it answers

  std::size_t keys() const;   // that it holds
  std::size_t reads() const;  // GETs so far
};

}  // namespace proxytest
