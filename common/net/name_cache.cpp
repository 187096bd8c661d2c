// What name servers have said, for as long as it holds.
#include "common/net/name_cache.h"

#include <algorithm>

#include "common/base/text.h"

namespace proxycommon {

std::string NameCache::keyOf(std::string_view nameServers, std::string_view host) {
  return std::string{nameServers} + " " + lowered(host);
}

std::optional<Result<Addresses>> NameCache::find(const std::string& key, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  const Entry* entry = touch(key);
  if (!entry || entry->holdsUntil <= now) return std::nullopt;
  return entry->answer;
}

void NameCache::keep(const std::string& key, const NameAnswer& answer, Clock::time_point now) {
  if (answer.source == NameAnswer::Source::kNobody) return;
  const std::lock_guard lock(mutex_);
  Entry& entry = touchOrAdd(key);
  const bool failed = answer.source == NameAnswer::Source::kFailedServers;
  if (failed && entry.servesOn(now)) {
    entry.answer = entry.lastGood;
    entry.holdsUntil = now + kRecheck;
    return;
  }
  entry.answer = answer.addresses;
  entry.lastGood = answer.addresses ? *answer.addresses : Addresses{};
  entry.holdsUntil =
      now + (answer.addresses ? std::clamp<std::chrono::seconds>(answer.lifetime, kFloor, kCeiling) : kFailure);
  entry.lastGoodUntil = entry.holdsUntil;
}

std::optional<Addresses> NameCache::serveOn(const std::string& key, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  Entry* entry = touch(key);
  if (!entry || !entry->servesOn(now)) return std::nullopt;
  entry->answer = entry->lastGood;
  entry->holdsUntil = std::max(entry->holdsUntil, now + kRecheck);
  return entry->lastGood;
}

bool NameCache::servesOn(const std::string& key, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  const Entry* entry = touch(key);
  return entry && entry->servesOn(now);
}

std::size_t NameCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

NameCache::Entry* NameCache::touch(const std::string& key) {
  const auto found = places_.find(key);
  if (found == places_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return &entries_.front();
}

NameCache::Entry& NameCache::touchOrAdd(const std::string& key) {
  if (Entry* known = touch(key)) return *known;
  if (entries_.size() >= kMostNames) {
    places_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front({key, Addresses{}, {}, {}, {}});
  places_.emplace(entries_.front().key, entries_.begin());
  return entries_.front();
}

}  // namespace proxycommon
