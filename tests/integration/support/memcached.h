// A real memcached.
#pragma once

#include <cstddef>

#include "tests/integration/support/server_process.h"

namespace proxytest {

class Memcached : public ServerProcess {
 public:
  Memcached();  // returns when it answers

  std::size_t keys() const;  // that it holds
};

}  // namespace proxytest
