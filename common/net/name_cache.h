// NameCache: what name servers have said of names, for as long as they said it holds. One for all loops and workers of
// a child, so that a thousand dials ask once. It asks nobody itself, and it judges nothing: what it gives is judged by
// the guard at each dial, as if it had come just now.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/base/result.h"
#include "common/net/resolver.h"

namespace proxycommon {

// Any thread.
class PROXYCOMMON_API NameCache {
 public:
  static constexpr std::size_t kMostNames = 4096;
  // Bounds of what a time to live counts for. The floor also holds for /etc/hosts, which has none.
  static constexpr std::chrono::seconds kFloor{1};
  static constexpr std::chrono::hours kCeiling{1};
  // How long it counts that a name has no address, or that nobody could say.
  static constexpr std::chrono::seconds kFailure{1};
  // How long after its end the last good answer serves on while the name servers fail (RFC 8767), and after how long
  // they are asked again meanwhile.
  static constexpr std::chrono::minutes kServesOn{5};
  static constexpr std::chrono::seconds kRecheck{5};

  // All that decides on an answer. Precondition: neither part has a space.
  static std::string keyOf(std::string_view nameServers, std::string_view host);

  // What holds still; nullopt: ask.
  std::optional<Result<Addresses>> find(const std::string& key, Clock::time_point now);
  // What was answered. The last good answer goes when the name is said to be gone, not when the servers have failed.
  void keep(const std::string& key, const NameAnswer& answer, Clock::time_point now);
  // The name servers have failed, or let us wait: the last good answer, if there is one that may serve on; it then
  // holds until they are asked again.
  std::optional<Addresses> serveOn(const std::string& key, Clock::time_point now);
  // Whether serveOn() would give one.
  bool servesOn(const std::string& key, Clock::time_point now);

  std::size_t size() const;

 private:
  struct Entry {
    std::string key;
    Result<Addresses> answer;
    Clock::time_point holdsUntil;
    Addresses lastGood;  // empty: none
    Clock::time_point lastGoodUntil;

    bool servesOn(Clock::time_point now) const { return !lastGood.empty() && now < lastGoodUntil + kServesOn; }
  };
  using Entries = std::list<Entry>;  // the one asked for last comes first

  // Under the lock. nullptr: none.
  Entry* touch(const std::string& key);
  Entry& touchOrAdd(const std::string& key);

  mutable std::mutex mutex_;
  Entries entries_;
  // The texts are those of the entries.
  std::unordered_map<std::string_view, Entries::iterator> places_;
};

}  // namespace proxycommon
