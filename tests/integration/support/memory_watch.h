// Watches what the children of a process take for themselves, from the moment it is made on, and remembers the most
// that any of them grew by.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <map>
#include <thread>

namespace proxytest {

class MemoryWatch {
 public:
  explicit MemoryWatch(pid_t parent);
  ~MemoryWatch();

  // Ends the watch, after a last look. In bytes.
  std::size_t stop();

 private:
  void sample();

  pid_t parent_;
  std::map<pid_t, std::size_t> first_;
  std::size_t growth_ = 0;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace proxytest
