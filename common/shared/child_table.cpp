// What each child process counts, in shared memory.
#include "common/shared/child_table.h"

#include <fcntl.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <string>

#include "common/base/file_descriptor.h"
#include "common/base/text.h"

namespace proxycommon {
namespace {

// The part of an identity that tells when the process began; zero: unknown.
constexpr std::uint64_t kBegin = 0xffff'ffff;
// The owner of counters whose child is dead, while what it has left is struck out: no process.
constexpr std::uint64_t kWithdrawn = 1;

// Field 22 of proc(5)'s stat, in ticks since the machine began; zero: it cannot be read. The second field is the
// program's name, which may hold anything.
std::uint64_t beginOf(pid_t process) {
  constexpr int kFieldsBehindName = 20;
  const FileDescriptor file{::open(("/proc/" + std::to_string(process) + "/stat").c_str(), O_RDONLY | O_CLOEXEC)};
  std::array<char, 1024> buffer;
  const ssize_t count = file ? ::read(file.get(), buffer.data(), buffer.size()) : 0;
  std::string_view rest(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  std::size_t place = rest.rfind(')');
  for (int field = 0; field < kFieldsBehindName && place != std::string_view::npos; ++field)
    place = rest.find(' ', place + 1);
  if (place == std::string_view::npos) return 0;
  rest.remove_prefix(place + 1);
  return parseNumber(rest.substr(0, rest.find(' ')), std::numeric_limits<std::uint64_t>::max()).value_or(0);
}

bool lives(std::uint64_t owner) {
  const auto process = static_cast<pid_t>(owner >> 32);
  if (process == 0 || (::kill(process, 0) != 0 && errno != EPERM)) return false;
  const std::uint64_t begin = identityOf(process) & kBegin;
  return begin == (owner & kBegin) || begin == 0 || (owner & kBegin) == 0;
}

}  // namespace

std::uint64_t identityOf(pid_t process) {
  return static_cast<std::uint64_t>(process) << 32 | (beginOf(process) & kBegin);
}

ChildCounters* ChildTable::claim(pid_t process) {
  const std::uint64_t owner = identityOf(process);
  for (const bool alsoOfTheDead : {false, true}) {
    for (ChildCounters& counters : all()) {
      std::uint64_t before = counters.owner.load();
      if (before == kWithdrawn || (before != 0 && !(alsoOfTheDead && !lives(before)))) continue;
      if (!counters.owner.compare_exchange_strong(before, owner)) continue;
      counters.tunnels = 0;
      counters.parked = 0;
      counters.idle = 0;
      return &counters;
    }
  }
  return nullptr;
}

ChildCounters* ChildTable::withdraw(pid_t process) {
  for (ChildCounters& counters : all()) {
    std::uint64_t before = counters.owner.load();
    if (static_cast<pid_t>(before >> 32) != process) continue;
    // Else a new child has just taken them over.
    if (counters.owner.compare_exchange_strong(before, kWithdrawn)) return &counters;
  }
  return nullptr;
}

bool ChildTable::isAlive(const ChildCounters& counters) {
  return lives(counters.owner);
}

}  // namespace proxycommon
