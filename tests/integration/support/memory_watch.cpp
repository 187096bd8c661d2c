// See memory_watch.h.
#include "tests/integration/support/memory_watch.h"

#include <algorithm>
#include <chrono>

#include "tests/integration/support/process_memory.h"

namespace proxytest {
namespace {

constexpr std::chrono::milliseconds kInterval{50};

}  // namespace

MemoryWatch::MemoryWatch(pid_t parent) : parent_(parent) {
  sample();
  thread_ = std::thread([this] {
    while (!ending_) {
      std::this_thread::sleep_for(kInterval);
      sample();
    }
  });
}

MemoryWatch::~MemoryWatch() {
  stop();
}

std::size_t MemoryWatch::stop() {
  ending_ = true;
  if (thread_.joinable()) thread_.join();
  return growth_;
}

void MemoryWatch::sample() {
  for (const pid_t child : childrenOf(parent_)) {
    const std::size_t now = privateMemory(child);
    const std::size_t before = first_.try_emplace(child, now).first->second;
    if (now > before) growth_ = std::max(growth_, now - before);
  }
}

}  // namespace proxytest
