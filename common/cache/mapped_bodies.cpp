// Bodies of files, mapped.
#include "common/cache/mapped_bodies.h"

#include <sys/mman.h>

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

std::shared_ptr<const MappedFile> MappedBodies::find(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto at = byNumber_.find(number);
  if (at == byNumber_.end()) return nullptr;
  kept_.splice(kept_.begin(), kept_, at->second);
  return at->second->file;
}

// Precondition: the lock is held. The numbers are random.
bool MappedBodies::isAgain(std::uint64_t number) {
  return std::exchange(seen_[number % seen_.size()], number) == number;
}

std::shared_ptr<const MappedFile> MappedBodies::offer(std::uint64_t number, int descriptor, std::size_t bytes) {
  if (bytes == 0 || bytes > kMostEach) return nullptr;
  std::vector<std::shared_ptr<const MappedFile>> gone;  // unmapped without the lock
  const std::lock_guard lock(mutex_);
  if (!isAgain(number) || byNumber_.contains(number)) return nullptr;
  auto file = MappedFile::map(descriptor, bytes);
  if (!file) return nullptr;
  kept_.push_front({number, file});
  byNumber_.emplace(number, kept_.begin());
  bytes_ += bytes;
  while (bytes_ > kMostInAll) {
    bytes_ -= kept_.back().file->bytes().size();
    byNumber_.erase(kept_.back().number);
    gone.push_back(std::move(kept_.back().file));
    kept_.pop_back();
  }
  return file;
}

}  // namespace proxycommon
