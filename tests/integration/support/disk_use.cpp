// See disk_use.h.
#include "tests/integration/support/disk_use.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <system_error>
#include <utility>

namespace proxytest {

std::size_t diskUse(const std::filesystem::path& folder) {
  constexpr std::size_t kBlock = 512;  // stat(2)
  std::size_t bytes = 0;
  std::error_code gone;
  std::filesystem::recursive_directory_iterator entry(folder, gone);
  for (; !gone && entry != std::filesystem::recursive_directory_iterator(); entry.increment(gone)) {
    // One that was removed meanwhile takes nothing.
    struct stat status {};
    if (::lstat(entry->path().c_str(), &status) == 0 && S_ISREG(status.st_mode))
      bytes += static_cast<std::size_t>(status.st_blocks) * kBlock;
  }
  return bytes;
}

SmallDisk::SmallDisk(std::filesystem::path folder, std::size_t bytes)
    : folder_(std::move(folder)),
      isMounted_(::mount("tmpfs", folder_.c_str(), "tmpfs", 0, ("mode=0777,size=" + std::to_string(bytes)).c_str()) ==
                 0) {}

SmallDisk::~SmallDisk() {
  // Whoever still has a file open there loses it later.
  if (isMounted_) ::umount2(folder_.c_str(), MNT_DETACH);
}

void SmallDisk::fill() const {
  std::ofstream file(filler(), std::ios::binary | std::ios::app);
  const std::string page(4096, 'x');
  while (file.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) {
  }
}

void SmallDisk::drain() const {
  std::filesystem::remove(filler());
}

}  // namespace proxytest
