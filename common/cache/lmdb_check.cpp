// Looks at the files of an LMDB store, in a process of its own.
#include "common/cache/lmdb_check.h"

#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "common/cache/lmdb_entries.h"
#include "common/cache/lmdb_value.h"

namespace proxycommon {
namespace {

// A walk ends by itself before that: what does not is in what is damaged.
constexpr milliseconds kMostTime{60'000};
constexpr milliseconds kMostTimeToWalk{40'000};
constexpr milliseconds kMostTimeToClear{20'000};

// Dies quietly, and with whoever has made it.
void becomeApart(pid_t parent) {
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGTERM, SIGHUP, SIGUSR1})
    ::signal(signal, SIG_DFL);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(2);
}

bool becomeUser(uid_t user, gid_t group) {
  if (::geteuid() != 0) return true;
  return ::setgroups(0, nullptr) == 0 && ::setgid(group) == 0 && ::setuid(user) == 0;
}

// Kills it when the time is over.
bool endsWell(pid_t child, milliseconds limit) {
  const Deadline deadline = Deadline::after(limit);
  const FileDescriptor handle{static_cast<int>(::syscall(SYS_pidfd_open, child, 0))};
  pollfd end{handle.get(), POLLIN, 0};
  while (handle && !deadline.expired() && ::poll(&end, 1, deadline.pollTimeout()) < 0 && errno == EINTR) {
  }
  if (handle && deadline.expired()) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return false;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Result<std::unique_ptr<LmdbEnvironment>> openHeld(const LmdbFolder& folder, const LmdbSize& size) {
  const FileDescriptor held = folder.held();
  return LmdbEnvironment::open(folder.path(), size);
}

// What a walk has come by.
struct Walked {
  std::uint64_t entries = 0;
  std::vector<std::uint64_t> files;
  std::int64_t newestBegan = 0;
  Deadline deadline;
  bool isCut = false;  // not all was seen in time
};

// Of each entry: its checksum, and that the index knows it.
Outcome walk(LmdbTransaction& transaction, LmdbQueue queue, Walked& walked) {
  const auto damaged = [] { return failure(ErrorKind::kInternal, "the store is damaged"); };
  LmdbEntries entries(transaction);
  auto cursor = LmdbCursor::open(transaction, tableOf(queue));
  if (!cursor) return std::move(cursor.error());
  std::uint64_t before = 0;
  auto row = cursor->seek({});
  for (; row && *row; row = cursor->next(), ++walked.entries) {
    walked.isCut = walked.deadline.expired();
    if (walked.isCut) return {};
    const auto entry = entryOf(**row);
    const auto value = entry ? readValue(entry->key, entry->value) : std::nullopt;
    if (!value || entry->place <= before) return damaged();
    before = entry->place;
    auto isIndexed = entries.isIndexed(*entry);
    if (!isIndexed) return std::move(isIndexed.error());
    if (!*isIndexed) return damaged();
    if (value->file != 0) walked.files.push_back(value->file);
    walked.newestBegan = std::max(walked.newestBegan, value->began);
  }
  if (!row) return std::move(row.error());
  return {};
}

Outcome walkAll(LmdbTransaction& transaction, Walked& walked) {
  for (const LmdbQueue queue : {LmdbQueue::kFresh, LmdbQueue::kProven})
    if (auto done = walk(transaction, queue, walked); !done || walked.isCut) return done;
  if (walked.entries != LmdbEntries(transaction).count())
    return failure(ErrorKind::kInternal, "the store has lost entries");
  return {};
}

}  // namespace

bool doneApart(uid_t user, gid_t group, milliseconds limit, const std::function<bool()>& work) {
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return false;
  if (child > 0) return endsWell(child, limit);
  becomeApart(parent);
  // Nothing of the parent is unwound here: its objects are not this process's.
  try {
    ::_exit(becomeUser(user, group) && work() ? 0 : 1);
  } catch (...) {
    ::_exit(1);
  }
}

Outcome checkFiles(const LmdbFolder& folder, const LmdbSize& size, LmdbShared& shared, bool alone, milliseconds limit) {
  Walked walked{.files = {}, .deadline = Deadline::after(limit)};
  {
    auto environment = openHeld(folder, size);
    if (!environment) return std::move(environment.error());
    if (auto checked = (*environment)->checkFreePages(); !checked) return checked;
    auto transaction = (*environment)->read();
    if (!transaction) return std::move(transaction.error());
    if (auto done = walkAll(*transaction, walked); !done) return done;
    if (alone) shared.removals = transaction->entries(LmdbTable::kRemovals);
  }
  std::int64_t newest = shared.newestBegan.load();
  while (newest < walked.newestBegan && !shared.newestBegan.compare_exchange_weak(newest, walked.newestBegan)) {
  }
  if (walked.isCut) return {};
  auto& known = walked.files;
  std::sort(known.begin(), known.end());
  folder.bodies().sweep(
      [&known](std::uint64_t number) { return std::binary_search(known.begin(), known.end(), number); }, alone);
  return {};
}

Result<bool> checkOrSetAside(const LmdbCheck& check, bool alone) {
  const std::uint64_t epoch = check.shared.epoch;
  if (doneApart(check.user, check.group, kMostTime, [&] {
        return static_cast<bool>(checkFiles(check.folder, check.size, check.shared, alone, kMostTimeToWalk));
      }))
    return true;
  const FileDescriptor held = check.folder.held();
  // Somebody else has seen the same.
  if (check.shared.epoch != epoch) return false;
  if (!doneApart(check.user, check.group, kMostTimeToClear,
                 [&check] { return static_cast<bool>(check.folder.setAside()); }))
    return failure(ErrorKind::kInternal, "the damaged store in " + check.folder.path() + " cannot be set aside");
  check.shared.epoch.fetch_add(1);
  check.shared.removals = 0;
  return false;
}

}  // namespace proxycommon
