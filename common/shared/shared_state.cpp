// What parent and children of all generations have in common.
#include "common/shared/shared_state.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace proxycommon {

// At the begin of the mapping; all zero at first.
struct alignas(64) SharedState::Header {
  std::atomic<std::uint64_t> leader;  // its generation in the upper half, its number plus one in the lower; 0: none
  std::atomic<Clock::rep> lookedAt;   // when some child last looked whether the leader lives
  std::atomic<std::uint32_t> used;    // how many children's rows, from the first, were ever used
};

namespace {

// Pages that nobody touches cost nothing.
constexpr std::size_t kBytes = std::size_t{64} << 20;
constexpr std::size_t kStep = 1024;  // places of a block grow by so many

std::size_t inWhole(std::size_t unit, std::size_t count) {
  return (count + unit - 1) / unit * unit;
}

std::uint64_t leaderWord(std::size_t child, std::uint32_t generation) {
  return std::uint64_t{generation} << 32 | (child + 1);
}
std::size_t childOfLeader(std::uint64_t word) {
  return (word & 0xffff'ffff) - 1;
}

// All else that httpd does needs descriptors too.
std::vector<FileDescriptor> makeWakes(std::size_t count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  std::vector<FileDescriptor> wakes(count);
  const std::size_t made = std::min<std::size_t>(count, limit.rlim_cur / 4);
  for (std::size_t child = 0; child < made; ++child)
    wakes[child] = FileDescriptor{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  return wakes;
}

template <class T>
T* at(const SharedBlock& block, std::size_t offset = 0) {
  return reinterpret_cast<T*>(block.memory + offset);
}
ChildRows rowsOf(const SharedBlock& block, const std::atomic<std::uint32_t>& used) {
  return {at<std::atomic<std::uint32_t>>(block), &used};
}
Claims claimsOf(const SharedBlock& block) {
  return {at<std::atomic<std::uint32_t>>(block), block.bytes / sizeof(std::uint32_t)};
}
WaitLine lineOf(const SharedBlock& block) {
  constexpr std::size_t kHead = sizeof(WaitLine::Head);
  return {at<WaitLine::Entry>(block, kHead), (block.bytes - kHead) / sizeof(WaitLine::Entry),
          at<WaitLine::Head>(block)};
}

}  // namespace

Result<SharedState*> SharedState::make(std::size_t children) {
  const std::size_t table = sizeof(Header) + inWhole(alignof(Header), children * sizeof(ChildCounters));
  const std::size_t bytes = table + kBytes;
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    return failure(ErrorKind::kInternal, "no shared memory: " + std::system_category().message(errno));
  // A fresh mapping is all zero, which is what everything in it begins with.
  auto* begin = static_cast<std::byte*>(memory);
  return new SharedState(*reinterpret_cast<Header*>(begin),
                         {reinterpret_cast<ChildCounters*>(begin + sizeof(Header)), children}, {begin + table, kBytes});
}

SharedState::SharedState(Header& header, std::span<ChildCounters> counters, std::span<std::byte> rest)
    : header_(header), table_(counters), blocks_(rest), wakes_(makeWakes(counters.size() + 1)) {}

std::size_t SharedState::claim(pid_t process) {
  const ChildCounters* counters = table_.claim(process);
  const auto child = counters ? static_cast<std::size_t>(counters - table_.all().data()) : table_.all().size();
  if (counters) strikeOutNumber(child);
  noteUsed(child);
  return child;
}

void SharedState::noteUsed(std::size_t child) {
  std::uint32_t used = header_.used.load();
  while (used <= child && !header_.used.compare_exchange_weak(used, static_cast<std::uint32_t>(child + 1))) {
  }
}

void SharedState::endGeneration() {
  blocks_.recycle(generation_, [this](const SharedBlock& block) {
    return std::any_of(living_.begin(), living_.end(), [&](const LivingChild& child) {
      return block.first <= child.generation && child.generation <= block.last;
    });
  });
}

Result<void*> SharedState::block(std::string_view name, std::size_t bytes) {
  auto found = blocks_.find(name, BlockKind::kPlain, bytes, generation_);
  if (!found) return std::move(found.error());
  return static_cast<void*>(found->memory);
}

Result<ChildRows> SharedState::rows(std::string_view name) {
  auto found = blocks_.find(name, BlockKind::kRows, numbers() * sizeof(std::uint32_t), generation_);
  if (!found) return std::move(found.error());
  return rowsOf(*found, header_.used);
}

Result<SharedBlock> SharedState::sized(std::string_view name, BlockKind kind, std::size_t limit, std::size_t head,
                                       std::size_t each) {
  const std::size_t places = inWhole(kStep, std::clamp<std::size_t>(limit, 1, kMostPlaces));
  return blocks_.find(name, kind, head + places * each, generation_);
}

Result<Claims> SharedState::claims(std::string_view name, std::size_t limit) {
  auto found = sized(name, BlockKind::kClaims, limit, 0, sizeof(std::uint32_t));
  if (!found) return std::move(found.error());
  return claimsOf(*found);
}

Result<WaitLine> SharedState::line(std::string_view name, std::size_t limit) {
  auto found = sized(name, BlockKind::kLine, limit, sizeof(WaitLine::Head), sizeof(WaitLine::Entry));
  if (!found) return std::move(found.error());
  return lineOf(*found);
}

void SharedState::strikeOut(pid_t process) {
  std::erase_if(living_, [process](const LivingChild& child) { return child.process == process; });
  ChildCounters* counters = table_.withdraw(process);
  if (!counters) return;
  strikeOutNumber(static_cast<std::size_t>(counters - table_.all().data()));
  table_.release(*counters);
  // What was freed is of many kinds: each child looks who of its own is next.
  if (!anyoneWaits()) return;
  const std::uint32_t used = header_.used;
  for (std::uint32_t child = 0; child < used; ++child) wake(child);
}

void SharedState::strikeOutNumber(std::size_t child) {
  blocks_.forEach(BlockKind::kRows, [&](const SharedBlock& block) { rowsOf(block, header_.used).strikeOut(child); });
  blocks_.forEach(BlockKind::kClaims, [&](const SharedBlock& block) { claimsOf(block).strikeOut(child); });
  blocks_.forEach(BlockKind::kLine, [&](const SharedBlock& block) { lineOf(block).strikeOut(child); });
  resign(child);
}

bool SharedState::anyoneWaits() const {
  bool anyone = false;
  blocks_.forEach(BlockKind::kLine, [&](const SharedBlock& block) { anyone |= lineOf(block).isAwaited(kAnyPlace); });
  return anyone;
}

void SharedState::wake(std::size_t child) const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wakeDescriptor(child), &one, sizeof one);
}

void SharedState::clearWake(std::size_t child) const {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(wakeDescriptor(child), &count, sizeof count);
}

void SharedState::wakeNext(const WaitLine& line, std::uint32_t freed) const {
  if (const auto child = line.nextChild(freed)) wake(*child);
}

bool SharedState::lead(std::size_t child, std::uint32_t generation) {
  // Of one without counters nobody could tell that it has died.
  if (child >= table_.all().size()) return false;
  const std::uint64_t mine = leaderWord(child, generation);
  std::uint64_t leader = header_.leader.load();
  if (leader == mine) return true;
  const bool isVacant = leader == 0 || leader >> 32 < generation || isDead(childOfLeader(leader));
  return isVacant && header_.leader.compare_exchange_strong(leader, mine);
}

// The parent strikes a dead leader out, but httpd's looks for the dead once in a second only. That a process is dead
// which nobody has waited for, or has the number of another now, is told by /proc alone: one child of all looks there,
// once in a while.
bool SharedState::isDead(std::size_t leader) {
  constexpr Clock::duration kInterval = milliseconds{200};
  const ChildCounters& counters = table_.all()[leader];
  const pid_t process = counters.process();
  if (process == 0 || (::kill(process, 0) != 0 && errno == ESRCH)) return true;
  const Clock::rep now = Clock::now().time_since_epoch().count();
  Clock::rep before = header_.lookedAt.load();
  if (now - before < kInterval.count() || !header_.lookedAt.compare_exchange_strong(before, now)) return false;
  return !ChildTable::isAlive(counters);
}

pid_t SharedState::leader() const {
  const std::uint64_t leader = header_.leader.load();
  return leader == 0 ? 0 : const_cast<ChildTable&>(table_).all()[childOfLeader(leader)].process();
}

void SharedState::resign(std::size_t child) {
  std::uint64_t leader = header_.leader.load();
  if (leader != 0 && childOfLeader(leader) == child) header_.leader.compare_exchange_strong(leader, 0);
}

}  // namespace proxycommon
