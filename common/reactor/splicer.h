// Splicer: moves bytes from one socket to another inside the kernel, splice(2), through a pipe that is empty again when
// a call returns. For streams that flow; a copy through memory costs twice the CPU time there, and less for small
// pieces.
#pragma once

#include <cstddef>
#include <string>

#include "common/base/file_descriptor.h"

namespace proxycommon {

// One thread's.
class Splicer {
 public:
  // One without a pipe, where no descriptor is left, moves nothing.
  Splicer();

  struct Moved {
    std::size_t bytes = 0;  // taken from the one; zero: read it in the ordinary way, which tells why
    std::string rest;       // of these, what the other did not take
  };
  // Both do not block.
  Moved move(int from, int to);

 private:
  std::string drain(std::size_t count);

  FileDescriptor readEnd_;
  FileDescriptor writeEnd_;
};

}  // namespace proxycommon
