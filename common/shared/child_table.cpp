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

// What proc(5)'s stat says.
struct Looked {
  std::uint64_t begin = 0;  // field 22, in ticks since the machine began; zero: it cannot be read
  bool isZombie = false;    // it is dead, and its parent has not looked yet
};

// The second field is the program's name, which may hold anything.
Looked lookAt(pid_t process) {
  constexpr int kFieldsBehindName = 20;
  const FileDescriptor file{::open(("/proc/" + std::to_string(process) + "/stat").c_str(), O_RDONLY | O_CLOEXEC)};
  std::array<char, 1024> buffer;
  const ssize_t count = file ? ::read(file.get(), buffer.data(), buffer.size()) : 0;
  std::string_view rest(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  std::size_t place = rest.rfind(')');
  if (place == std::string_view::npos) return {};
  const std::string_view state = rest.substr(std::min(place + 2, rest.size()), 1);
  for (int field = 0; field < kFieldsBehindName && place != std::string_view::npos; ++field)
    place = rest.find(' ', place + 1);
  const bool isZombie = state == "Z" || state == "X";
  if (place == std::string_view::npos) return {0, isZombie};
  rest.remove_prefix(place + 1);
  const auto begin = parseNumber(rest.substr(0, rest.find(' ')), std::numeric_limits<std::uint64_t>::max());
  return {begin.value_or(0), isZombie};
}

std::uint64_t identity(pid_t process, const Looked& looked) {
  return static_cast<std::uint64_t>(process) << 32 | (looked.begin & kBegin);
}

}  // namespace

std::uint64_t identityOf(pid_t process) {
  return identity(process, lookAt(process));
}

bool processLives(std::uint64_t identity) {
  const auto process = static_cast<pid_t>(identity >> 32);
  if (process == 0 || (::kill(process, 0) != 0 && errno != EPERM)) return false;
  const Looked looked = lookAt(process);
  if (looked.isZombie) return false;
  const std::uint64_t begin = looked.begin & kBegin;
  return begin == (identity & kBegin) || begin == 0 || (identity & kBegin) == 0;
}

ChildCounters* ChildTable::claim(pid_t process) {
  const std::uint64_t owner = identityOf(process);
  for (const bool alsoOfTheDead : {false, true}) {
    for (ChildCounters& counters : all()) {
      std::uint64_t before = counters.owner.load();
      if (before == kWithdrawn || (before != 0 && !(alsoOfTheDead && !processLives(before)))) continue;
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
  return processLives(counters.owner);
}

}  // namespace proxycommon
