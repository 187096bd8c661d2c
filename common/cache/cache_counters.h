// CacheCounters: what is counted of a cache, in memory that all children share. Zero at first; it only grows.
#pragma once

#include <atomic>
#include <cstdint>

namespace proxycommon {

// Any process, any thread. A request counts in one of the first six, when it is known how it is answered; a request in
// the background, which has no client, counts in none of them. What it brings counts as stored all the same.
struct CacheCounters {
  std::atomic<std::uint64_t> hits;         // answered from the store, fresh
  std::atomic<std::uint64_t> misses;       // from the backend
  std::atomic<std::uint64_t> stale;        // from the store, no longer fresh
  std::atomic<std::uint64_t> revalidated;  // from the store, after the backend has said that it still holds
  std::atomic<std::uint64_t> collapsed;    // with what another request has brought
  std::atomic<std::uint64_t> passes;       // from the backend, the store not being asked: the request does not allow it
  std::atomic<std::uint64_t> stored;       // responses put into the store
  std::atomic<std::uint64_t> storedBytes;  // of their bodies

  std::atomic<std::uint32_t> isUsed;  // not 0: the cache is on, and has been asked

  void noteUsed() {
    if (isUsed.load(std::memory_order_relaxed) == 0) isUsed.store(1, std::memory_order_relaxed);
  }
  void noteStored(std::uint64_t bytes) {
    stored.fetch_add(1, std::memory_order_relaxed);
    storedBytes.fetch_add(bytes, std::memory_order_relaxed);
  }
};

}  // namespace proxycommon
