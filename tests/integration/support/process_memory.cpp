// See process_memory.h.
#include "tests/integration/support/process_memory.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

namespace proxytest {
namespace {

constexpr std::size_t kKilobyte = 1024;

// -1 for one that is gone.
pid_t parentOf(pid_t process) {
  std::string stat;
  // Reading the file of one that ends meanwhile fails, and only getline takes that for an end.
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::getline(file, stat);
  // The program's name is in parentheses and may itself hold spaces and parentheses.
  const std::size_t nameEnd = stat.rfind(')');
  if (nameEnd == std::string::npos) return -1;
  std::istringstream fields(stat.substr(nameEnd + 1));
  char state = 0;
  pid_t parent = -1;
  fields >> state >> parent;
  return state == 'Z' ? -1 : parent;
}

std::size_t sumOf(pid_t process, std::initializer_list<std::string_view> fields) {
  std::ifstream rollup("/proc/" + std::to_string(process) + "/smaps_rollup");
  std::size_t sum = 0;
  for (std::string line; std::getline(rollup, line);) {
    for (const std::string_view field : fields) {
      std::size_t kilobytes = 0;
      if (line.starts_with(field)) std::istringstream(line.substr(field.size())) >> kilobytes;
      sum += kilobytes * kKilobyte;
    }
  }
  return sum;
}

std::size_t entriesOf(pid_t process, const char* folder) {
  std::error_code ignored;
  std::size_t count = 0;
  std::filesystem::directory_iterator entry("/proc/" + std::to_string(process) + "/" + folder, ignored);
  for (; !ignored && entry != std::filesystem::directory_iterator(); entry.increment(ignored)) ++count;
  return count;
}

}  // namespace

std::vector<pid_t> childrenOf(pid_t parent) {
  std::vector<pid_t> children;
  std::error_code ignored;
  std::filesystem::directory_iterator entry("/proc", ignored);
  for (; !ignored && entry != std::filesystem::directory_iterator(); entry.increment(ignored)) {
    const std::string name = entry->path().filename();
    pid_t process = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), process);
    if (parsed.ec != std::errc() || parsed.ptr != name.data() + name.size()) continue;
    if (parentOf(process) == parent) children.push_back(process);
  }
  return children;
}

std::size_t privateMemory(pid_t process) {
  return sumOf(process, {"Private_Clean:", "Private_Dirty:"});
}

std::size_t privateDirtyMemory(pid_t process) {
  return sumOf(process, {"Private_Dirty:"});
}

std::size_t openDescriptors(pid_t process) {
  return entriesOf(process, "fd");
}

std::size_t threadsOf(pid_t process) {
  return entriesOf(process, "task");
}

}  // namespace proxytest
