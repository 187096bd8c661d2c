// See connection_owner.h.
#include "tests/integration/support/connection_owner.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

namespace proxytest {
namespace {

enum class End { kLocal, kRemote };

// The inodes of established connections with that port at one of their ends, from proc(5)'s /proc/net/tcp.
std::set<std::string> socketsWith(int port, End end) {
  std::set<std::string> inodes;
  std::ifstream table("/proc/net/tcp");
  std::string line;
  std::getline(table, line);  // the names of the columns
  while (std::getline(table, line)) {
    std::istringstream columns(line);
    std::string number, local, remote, state, queues, timer, retransmits, user, timeout, inode;
    columns >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >> inode;
    const std::string& address = end == End::kLocal ? local : remote;
    if (state == "01" && std::stoi(address.substr(address.find(':') + 1), nullptr, 16) == port) inodes.insert(inode);
  }
  return inodes;
}

std::size_t countOf(const std::set<std::string>& inodes, pid_t process) {
  constexpr std::string_view kSocket = "socket:[";
  std::size_t count = 0;
  std::error_code gone;
  std::filesystem::directory_iterator entry("/proc/" + std::to_string(process) + "/fd", gone);
  for (; !gone && entry != std::filesystem::directory_iterator(); entry.increment(gone)) {
    // One that was closed meanwhile has no target any more.
    std::error_code closed;
    const std::string target = std::filesystem::read_symlink(entry->path(), closed).string();
    if (target.starts_with(kSocket))
      count += inodes.count(target.substr(kSocket.size(), target.size() - kSocket.size() - 1));
  }
  return count;
}

}  // namespace

std::size_t connectionsTo(int port, pid_t process) {
  return countOf(socketsWith(port, End::kRemote), process);
}

std::size_t connectionsAt(int port, pid_t process) {
  return countOf(socketsWith(port, End::kLocal), process);
}

pid_t connectedTo(int port, const std::vector<pid_t>& processes) {
  const std::set<std::string> inodes = socketsWith(port, End::kRemote);
  for (const pid_t process : processes)
    if (countOf(inodes, process) > 0) return process;
  return 0;
}

}  // namespace proxytest
