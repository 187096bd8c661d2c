// Bodies of files, mapped.
#include "common/cache/mapped_bodies.h"

#include <sys/mman.h>

#include <iterator>
#include <utility>

namespace proxycommon {

std::shared_ptr<const MappedFile> MappedFile::map(int descriptor, std::size_t bytes) {
  void* start = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, descriptor, 0);
  if (start == MAP_FAILED) return nullptr;
  return std::shared_ptr<const MappedFile>(new MappedFile(static_cast<const char*>(start), bytes));
}

MappedFile::~MappedFile() {
  ::munmap(const_cast<char*>(start_), size_);
}

std::shared_ptr<const MappedFile> MappedBodies::find(std::uint64_t number, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  const auto at = byNumber_.find(number);
  if (at == byNumber_.end() || now - at->second->offered > kTrusted) return nullptr;
  kept_.splice(kept_.begin(), kept_, at->second);
  return at->second->file;
}

// Precondition of these three: the lock is held. The numbers are random.
bool MappedBodies::isAgain(std::uint64_t number) {
  return std::exchange(seen_[number % seen_.size()], number) == number;
}

void MappedBodies::drop(std::list<Kept>::iterator at, Gone& gone) {
  bytes_ -= at->file->bytes().size();
  byNumber_.erase(at->number);
  gone.push_back(std::move(at->file));
  kept_.erase(at);
}

// The one that is mapped already, unless the file was written to since.
std::shared_ptr<const MappedFile> MappedBodies::again(std::uint64_t number, std::uint64_t stamp, Clock::time_point now,
                                                      Gone& gone) {
  const auto at = byNumber_.find(number);
  if (at == byNumber_.end()) return nullptr;
  if (at->second->stamp != stamp) {
    drop(at->second, gone);
    return nullptr;
  }
  at->second->offered = now;
  kept_.splice(kept_.begin(), kept_, at->second);
  return at->second->file;
}

std::shared_ptr<const MappedFile> MappedBodies::offer(std::uint64_t number, int descriptor, std::size_t bytes,
                                                      std::uint64_t stamp, Clock::time_point now) {
  if (bytes == 0 || bytes > kMostEach) return nullptr;
  Gone gone;
  const std::lock_guard lock(mutex_);
  while (!kept_.empty() && now - kept_.back().offered > kIdle) drop(std::prev(kept_.end()), gone);
  if (auto kept = again(number, stamp, now, gone)) return kept;
  if (!isAgain(number)) return nullptr;
  auto file = MappedFile::map(descriptor, bytes);
  if (!file) return nullptr;
  kept_.push_front({number, stamp, file, now});
  byNumber_.emplace(number, kept_.begin());
  bytes_ += bytes;
  while (bytes_ > most_) drop(std::prev(kept_.end()), gone);
  return file;
}

}  // namespace proxycommon
