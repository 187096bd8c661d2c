// LmdbShared: what the children that use one LMDB store have in common beside its file: marks of use, counts, and who
// is inside, so that a child that died there is noticed.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "common/cache/body_checks.h"
#include "common/cache/digest.h"

namespace proxycommon {

// A child that has the store open.
struct LmdbRow {
  std::atomic<std::uint64_t> owner;   // as identityOf() has it; 0: nobody
  std::atomic<std::uint32_t> inside;  // its threads that are in a call of the store
};

// All zero at first. Any process.
struct LmdbShared {
  static constexpr std::size_t kMarks = std::size_t{1} << 21;  // one size for stores of all sizes
  static constexpr std::size_t kRows = 1024;
  static constexpr std::uint8_t kMostUse = 15;

  std::atomic<std::uint32_t> preparedIn;  // the generation, plus one; 0: never
  std::atomic<std::uint64_t> epoch;       // raised when the files were set aside: what is open is not theirs any more
  std::atomic<std::uint64_t> removals;    // records of removals; 0: nobody need look
  std::atomic<std::int64_t> newestBegan;  // of all that was stored: what is removed now is no older
  std::atomic<std::uint64_t> evictions;
  std::atomic<std::uint64_t> failures;
  std::atomic<bool> isSuspect;               // somebody has read what cannot be: whoever opens it next looks first
  std::atomic<std::uint64_t> ceiling;        // bytes that there was room for when the disk was full; 0: not known
  std::atomic<std::int64_t> ceilingUntil;    // milliseconds of the steady clock
  std::atomic<std::int64_t> readersChecked;  // the same: when readers that died were last looked for
  std::array<LmdbRow, kRows> rows;
  std::array<std::atomic<std::uint8_t>, kMarks> marks;
  BodyMarks bodies;

  std::atomic<std::uint8_t>& markOf(const Digest& key) { return marks[key.word() % kMarks]; }
  void noteUse(const Digest& key);

  // A row for this process, the rows of dead ones are taken over; nullptr: all are in use.
  LmdbRow* claimRow(pid_t process);
  // Whether a process that is dead was inside; it is told once.
  bool someoneDiedInside();
  // The same, and whether somebody has read what cannot be; it is told once.
  bool mustBeChecked() { return someoneDiedInside() | isSuspect.exchange(false); }
};
static_assert(std::atomic<std::uint8_t>::is_always_lock_free && std::atomic<std::int64_t>::is_always_lock_free);

// In a call of the store, for as long as it lives.
class LmdbInside {
 public:
  explicit LmdbInside(LmdbRow* row) : row_(row) {
    if (row_) row_->inside.fetch_add(1, std::memory_order_relaxed);
  }
  ~LmdbInside() {
    if (row_) row_->inside.fetch_sub(1, std::memory_order_relaxed);
  }
  LmdbInside(const LmdbInside&) = delete;

 private:
  LmdbRow* row_;
};

}  // namespace proxycommon
