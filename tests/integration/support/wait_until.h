// Waiting for something that another process or thread brings about. The limit only bounds a failing test: no test may
// read meaning into how long a wait took.
#pragma once

#include <chrono>
#include <thread>

namespace proxytest {

inline constexpr std::chrono::seconds kPatience{20};

template <typename Predicate>
bool waitUntil(Predicate&& predicate, std::chrono::milliseconds limit = kPatience) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!predicate()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace proxytest
